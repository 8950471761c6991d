import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { LdlmClient, type LdlmClientOptions, type LockOptions } from '../../../src/client/index.ts';
import { LockCommand } from '../../clients/lock-command.ts';
import { afterwards, launchRest } from '../server-process.ts';
import { engineFlags } from './cluster-server.ts';
import { startZooKeeper } from './zookeeper-server.ts';

const SESSION = ['--zookeeper_session_timeout', '3s'];

function open(options: LdlmClientOptions): LdlmClient {
  const client = new LdlmClient(options);
  afterwards(() => client.close());
  return client;
}

async function startTwo() {
  const flags = engineFlags(await startZooKeeper(), ...SESSION);
  return Promise.all([launchRest(...flags), launchRest(...flags)]);
}

/** Has one hold a lock while another waits at another server, and the first one's server stop, which closes no connection. */
async function outcomeOf(
  transport: 'grpc' | 'rest',
  options: LockOptions,
  holdMs: number,
  signal: 'SIGSTOP' | 'SIGTERM' = 'SIGSTOP',
) {
  const [one, two] = await startTwo();
  const addressOf = (started: typeof one) => (transport === 'grpc' ? started.address : started.rest);
  const first = open({ address: addressOf(one), transport });
  const second = open({ address: addressOf(two), transport });
  const lock = await first.lock('a', options);
  const waiting = second.lock('a');
  await sleep(holdMs);
  const wasHeld = lock.locked;
  one.server.signal(signal);
  try {
    const next = await waiting;
    return { wasHeld, isHeldBeside: lock.locked, tokensGrow: next.fencingToken > lock.fencingToken };
  } finally {
    one.server.signal('SIGCONT');
  }
}

describe('a client whose server stands still', () => {
  // Longer than the first word of the server is good for, so that it has been renewed, or asked about.
  it.each<['grpc' | 'rest', string, LockOptions]>([
    ['grpc', 'with all defaults', {}],
    ['grpc', 'with a lock timeout of as long as the session', { lockTimeoutMs: 3_000 }],
    ['grpc', 'who renews by himself', { lockTimeoutMs: 60_000, autoRenew: false }],
    ['grpc', 'without a lock timeout', { lockTimeoutMs: 0 }],
    ['rest', 'with all defaults', {}],
    ['rest', 'without a lock timeout', { lockTimeoutMs: 0 }],
  ])(
    'over %s %s knows of the loss before somebody else is granted the lock',
    async (transport, _, options) => {
      const outcome = await outcomeOf(transport, options, 4_000);
      expect(outcome).toEqual({ wasHeld: true, isHeldBeside: false, tokensGrow: true });
    },
  );
});

// Over gRPC the end of the connection says so, and the locks are free at once.
it.each<[string, LockOptions]>([
  ['with all defaults', {}],
  ['without a lock timeout', { lockTimeoutMs: 0 }],
])(
  'a client over rest %s whose server is told to stop knows of the loss, too, before somebody else is granted the lock',
  async (_, options) => {
    const outcome = await outcomeOf('rest', options, 1_000, 'SIGTERM');
    expect(outcome).toEqual({ wasHeld: true, isHeldBeside: false, tokensGrow: true });
  },
);

it('each answer says for how long it is good, and less than the session has left', async () => {
  const [one] = await startTwo();
  const base = `http://${one.rest}`;
  const begun = await fetch(`${base}/session`, { method: 'POST' });
  const cookie = begun.headers.get('set-cookie')!.split(';')[0]!;
  const ask = async (path: string, body: object) => {
    const response = await fetch(base + path, {
      method: 'POST',
      headers: { cookie },
      body: JSON.stringify(body),
    });
    return {
      sessionMs: Number(response.headers.get('ldlm-session-timeout-ms')),
      reply: (await response.json()) as Record<string, unknown>,
    };
  };
  const locked = await ask('/v1/lock', { name: 'a', lock_timeout_ms: 60_000 });
  const renewed = await ask('/v1/renew', { name: 'a', key: locked.reply['key'], lock_timeout_ms: 60_000 });
  for (const { sessionMs, reply } of [locked, renewed]) {
    expect(reply).toMatchObject({ locked: true, certain_ms: expect.any(Number) });
    for (const ms of [sessionMs, Number(reply['certain_ms'])]) {
      expect(ms).toBeGreaterThan(1_000);
      expect(ms).toBeLessThanOrEqual(3_000);
    }
  }
  const refused = await ask('/v1/renew', { name: 'a', key: 'none', lock_timeout_ms: 60_000 });
  expect(refused.reply).not.toHaveProperty('certain_ms');
});

it.each([
  ['a lock', []],
  ['a lock without a timeout', ['--timeout', '0']],
])(
  'a command under %s goes on as long as its server does, and has ended before somebody else is granted it',
  async (_, flags) => {
    const [one, two] = await startTwo();
    const words = [
      'run',
      '--name',
      'a',
      '--address',
      one.address,
      ...flags,
      '--',
      'sh',
      '-c',
      'echo held; exec sleep 60',
    ];
    const command = new LockCommand(words);
    afterwards(() => command.child.kill('SIGKILL'));
    await expect.poll(() => command.stdout, { timeout: 10_000 }).toBe('held\n');
    const waiting = open({ address: two.address }).lock('a');
    await sleep(6_000);
    expect(command.child.exitCode).toBeNull();
    one.server.signal('SIGSTOP');
    try {
      await waiting;
      expect(command.child.exitCode).not.toBeNull();
    } finally {
      one.server.signal('SIGCONT');
    }
  },
);
