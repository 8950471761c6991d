import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { status } from '@grpc/grpc-js';
import { afterEach, describe, expect, it } from 'vitest';
import { LockClient, statusOf } from '../clients/lock-client.ts';
import { nameOfShard } from './names-of-shards.ts';

const cleanups: (() => unknown)[] = [];

afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

interface ServerProcess {
  readonly process: ChildProcess;
  readonly address: string;
  readonly lines: Record<string, unknown>[];
}

/** Starts the server program with shards that can be poisoned, on a free port. */
async function spawnServer(...flags: string[]): Promise<ServerProcess> {
  const program = new URL('failing-server.mjs', import.meta.url).pathname;
  const argv = [
    program,
    '--listen_address',
    '127.0.0.1:0',
    '--ipc_socket_file',
    '',
    '--shards',
    '2',
    '--log_format',
    'json',
    ...flags,
  ];
  const process = spawn(globalThis.process.execPath, argv, { stdio: ['ignore', 'ignore', 'pipe'] });
  cleanups.push(() => process.kill('SIGKILL'));
  const lines: Record<string, unknown>[] = [];
  const address = await new Promise<string>((resolve, reject) => {
    process.once('exit', (code) => reject(new Error(`exit ${code}: ${JSON.stringify(lines)}`)));
    createInterface(process.stderr!).on('line', (line) => {
      lines.push(line.startsWith('{') ? JSON.parse(line) : { msg: line });
      const listening = /Listening on (\S+)/.exec(String(lines.at(-1)!['msg']));
      if (listening !== null) resolve(listening[1]!);
    });
  });
  return { process, address, lines };
}

describe('a server whose shard is lost', () => {
  it.each(['loop', 'throw', 'exit'])(
    'answers what is in flight, names the shard once and ends (%s)',
    { timeout: 30_000 },
    async (poison) => {
      const server = await spawnServer('--shard_stall_limit', '1s');
      const client = new LockClient(server.address);
      cleanups.push(() => client.close());
      // Unlike at its exit, all that it has written is read then.
      const exit = once(server.process, 'close');
      const other = nameOfShard('other', 0);
      await client.lock({ name: other });
      // One waits in the shard that stays well, one is what the other shard chokes on, one stands behind it.
      const calls = [
        client.lock({ name: other }),
        client.lock({ name: nameOfShard(`poison:${poison}`, 1) }),
        client.lock({ name: nameOfShard('behind', 1) }),
      ];
      for (const call of calls) {
        expect((await statusOf(call)).code).toBe(status.UNAVAILABLE);
      }
      const [code] = await exit;
      expect(code).toBe(1);
      const failures = server.lines.filter(({ code }) => code === 'LDLM_SHARD_FAILED');
      expect(failures).toHaveLength(1);
      expect(failures[0]).toMatchObject({
        level: 'ERROR',
        msg: expect.stringMatching(/^shard 1 (died|has made no progress)/),
      });
    },
  );
});
