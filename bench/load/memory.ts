import { CA_FILE, startBareTlsServer, startOwnServer } from './contenders.ts';
import { HeldLoad } from './load-run.ts';
import { readOpenFilesMax } from './process-usage.ts';
import type { ServerProcess } from './server-process.ts';

const SHARDS = 2;
const THREADS = SHARDS + 1;
const LOCKS = 1_000_000;
const LOCKS_WARM = 100_000;
const CONNECTIONS = 10_000;
const CONNECTIONS_WARM = 200;
/** Files that a process needs beside its connections. */
const FILES_SPARE = 200;
const HOLD_DEPTH = ['--connections', '8', '--in-flight', '64'];

/**
 * Bytes of server memory for each held lock: names of 16 bytes, a lock timeout set. Measured as the growth of the
 * process after collection in all threads, over what it was when the first 100,000 names had been taken and given back:
 * these are known already, so the growth is for the rest.
 */
export async function measureHeldLock(program: string): Promise<number> {
  const server = await startOwnServer({ program, shards: SHARDS, collectable: true });
  try {
    const at = ['--address', server.address, '--mode', 'hold', ...HOLD_DEPTH];
    const warm = await HeldLoad.start([...at, '--count', String(LOCKS_WARM), '--release']);
    await warm.end();
    const before = await server.settledBytes(THREADS);
    const load = await HeldLoad.start([...at, '--count', String(LOCKS)]);
    const after = await server.settledBytes(THREADS);
    await load.end();
    return (after - before) / (LOCKS - LOCKS_WARM);
  } finally {
    await server.stop();
  }
}

export interface IdleMeasurement {
  readonly connections: number;
  readonly bytesEach: number;
}

/** Bytes of server memory for each connection in cleartext that has taken and given back one lock and now idles. */
export async function measureIdlePlain(program: string): Promise<IdleMeasurement> {
  const server = await startOwnServer({ program, shards: SHARDS, collectable: true });
  return measureIdle(server, THREADS, []);
}

/** The same over TLS. */
export async function measureIdleTls(program: string): Promise<IdleMeasurement> {
  const server = await startOwnServer({ program, shards: SHARDS, collectable: true, tls: true });
  return measureIdle(server, THREADS, ['--ca-file', CA_FILE]);
}

/** The same for a bare `tls` server, to which nothing is said. */
export async function measureIdleBareTls(): Promise<IdleMeasurement> {
  return measureIdle(await startBareTlsServer(), 1, ['--ca-file', CA_FILE, '--bare']);
}

async function measureIdle(
  server: ServerProcess,
  threads: number,
  args: readonly string[],
): Promise<IdleMeasurement> {
  const connections = Math.min(CONNECTIONS, readOpenFilesMax() - FILES_SPARE);
  const open = (count: number): Promise<HeldLoad> =>
    HeldLoad.start([
      ...['--address', server.address, '--mode', 'idle', '--connections', String(count)],
      ...args,
    ]);
  try {
    const warm = await open(CONNECTIONS_WARM);
    await warm.end();
    const before = await server.settledBytes(threads);
    const load = await open(connections);
    const after = await server.settledBytes(threads);
    await load.end();
    return { connections, bytesEach: (after - before) / connections };
  } finally {
    await server.stop();
  }
}
