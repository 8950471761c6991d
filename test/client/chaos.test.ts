import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import {
  type HeldLock,
  LdlmClient,
  LockLostError,
  LockWaitTimeoutError,
  ServerUnavailableError,
} from '../../src/client/index.ts';
import { afterwards } from '../server/running-server.ts';
import { runDoor } from './client-doors.ts';
import { TcpProxy } from './tcp-proxy.ts';

/** What becomes of a call when the network fails at the wrong moment. */
const EXPECTED = [LockWaitTimeoutError, LockLostError, ServerUnavailableError];
const CLIENTS = 6;
const RUN_MS = 5_000;
const LOCK_TIMEOUT_MS = 1_000;
const CALM_MS_MAX = 600;
const FAULT_MS_MAX = 900;
const HOLD_MS_MAX = 150;
/** The ends of a connection hear of its end one after the other, and a server that forgets does so when it hears of it. */
const NOTICE_MS = 50;

/** Numbers from 0 to 1 that are the same for the same seed. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const faults: readonly ((proxy: TcpProxy, random: () => number) => () => void)[] = [
  (proxy) => {
    proxy.cut();
    return () => {};
  },
  (proxy) => {
    proxy.cut(true);
    return () => {
      proxy.isDown = false;
    };
  },
  (proxy) => {
    proxy.swallowsReplies = true;
    return () => {
      // What was swallowed is missing from the connection, which is of no use any more.
      proxy.swallowsReplies = false;
      proxy.cut();
    };
  },
  (proxy, random) => {
    proxy.delayMs = Math.ceil(random() * 200);
    return () => {
      proxy.cut();
      proxy.delayMs = 0;
    };
  },
];

async function trouble(proxy: TcpProxy, random: () => number, untilMs: number): Promise<void> {
  while (performance.now() < untilMs) {
    await sleep(random() * CALM_MS_MAX);
    const end = faults[Math.floor(random() * faults.length)]!(proxy, random);
    await sleep(random() * FAULT_MS_MAX);
    end();
  }
}

it.each([
  ['that forgets locks with their connections', 'grpc', false],
  ['that keeps them', 'grpc', true],
  ['that keeps them for the sessions of REST', 'rest', true],
] as const)(
  'never do two clients hold one lock, whatever the network does, with a server %s',
  async (_, transport, keeps) => {
    const seed = Math.floor(Math.random() * 2 ** 32);
    const server = await runDoor(transport, { noClearOnDisconnect: keeps && transport === 'grpc' });
    const untilMs = performance.now() + RUN_MS;
    const holding = new Set<HeldLock>();
    let grants = 0;
    let lost = 0;
    let token = 0n;
    const violations: string[] = [];

    const expectOne = async (lock: HeldLock, other: HeldLock): Promise<void> => {
      if (!keeps) await sleep(NOTICE_MS);
      if (lock.locked && other.locked) violations.push(`${lock.key} beside ${other.key}`);
    };
    const work = async (client: LdlmClient, random: () => number): Promise<void> => {
      while (performance.now() < untilMs) {
        try {
          const lock = await client.lock('a', { lockTimeoutMs: LOCK_TIMEOUT_MS, waitTimeoutMs: 3_000 });
          if (!lock.locked) continue;
          for (const other of holding) void expectOne(lock, other);
          if (lock.fencingToken <= token) violations.push(`token ${lock.fencingToken} after ${token}`);
          token = lock.fencingToken;
          grants++;
          holding.add(lock);
          await sleep(random() * HOLD_MS_MAX);
          if (!lock.locked) lost++;
          holding.delete(lock);
          await lock.unlock();
        } catch (error) {
          if (!EXPECTED.some((type) => error instanceof type)) throw error;
        }
      }
    };
    const all: Promise<void>[] = [];
    for (let i = 0; i < CLIENTS; i++) {
      const proxy = await TcpProxy.open(server.address);
      afterwards(() => proxy.close());
      const client = new LdlmClient({ transport, address: proxy.address, retryDelayMs: 50 });
      afterwards(() => client.close());
      all.push(work(client, randomFrom(seed + i)), trouble(proxy, randomFrom(seed + 1000 + i), untilMs));
    }
    await Promise.all(all);
    expect(violations, `seed ${seed}`).toEqual([]);
    expect(grants, `seed ${seed}, ${lost} lost`).toBeGreaterThan(2);
    // What was given up on the way is free again, at the latest at its timeout.
    await expect.poll(() => server.stats().holders, { timeout: 5_000 }).toBe(0);
  },
  60_000,
);
