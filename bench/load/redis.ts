import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Depth } from './load-run.ts';
import { readCpuSeconds } from './process-usage.ts';
import { ServerProcess } from './server-process.ts';

const run = promisify(execFile);
const NAMES = 100_000;
const COMPARE_AND_DELETE =
  "if redis.call('get',KEYS[1])==ARGV[1] then return redis.call('del',KEYS[1]) else return 0 end";

/** Whether `redis-server` and `redis-benchmark` are in the PATH. */
export async function isRedisInstalled(): Promise<boolean> {
  try {
    await run('redis-server', ['--version']);
    await run('redis-benchmark', ['--version']);
    return true;
  } catch {
    return false;
  }
}

/** Starts Redis without persistence on a port of 127.0.0.1. */
export function startRedis(): Promise<ServerProcess> {
  return ServerProcess.program('redis-server', (address) => [
    ...['--bind', '127.0.0.1', '--port', address.slice(address.lastIndexOf(':') + 1)],
    ...['--save', '', '--appendonly', 'no', '--daemonize', 'no'],
  ]);
}

/** Starts Redis with a log that is synced before each reply. Its files go into a folder. */
export function startDurableRedis(folder: string): Promise<ServerProcess> {
  return ServerProcess.program('redis-server', (address) => [
    ...['--bind', '127.0.0.1', '--port', address.slice(address.lastIndexOf(':') + 1), '--dir', folder],
    ...['--save', '', '--appendonly', 'yes', '--appendfsync', 'always', '--daemonize', 'no'],
  ]);
}

/** SETs per second, each of which is logged: with NX, those of names that are there would not be. */
export function measureRedisSets(server: ServerProcess, depth: Depth): Promise<number> {
  const alone = depth.connections * depth.inFlight === 1;
  const set = ['SET', 'lock:__rand_int__', 'v', 'PX', '30000'];
  return benchmark(server, depth, alone ? 10_000 : 300_000, set);
}

export interface RedisResult {
  /** The mean of the two commands' rates, per second. */
  readonly rate: number;
  readonly serverCpuMicros: number;
}

/** The two halves of a lock in Redis, at a depth: SET NX PX, and the script that deletes if the value is ours. */
export async function measureRedis(server: ServerProcess, depth: Depth, calls: number): Promise<RedisResult> {
  const set = ['SET', 'lock:__rand_int__', 'v', 'NX', 'PX', '30000'];
  const unset = ['EVAL', COMPARE_AND_DELETE, '1', 'lock:__rand_int__', 'v'];
  const before = readCpuSeconds(server.pid);
  const rates = [await benchmark(server, depth, calls, set), await benchmark(server, depth, calls, unset)];
  const cpuSeconds = readCpuSeconds(server.pid) - before;
  return { rate: (rates[0]! + rates[1]!) / 2, serverCpuMicros: (cpuSeconds * 1e6) / (2 * calls) };
}

async function benchmark(
  server: ServerProcess,
  { connections, inFlight }: Depth,
  calls: number,
  command: readonly string[],
): Promise<number> {
  const port = server.address.slice(server.address.lastIndexOf(':') + 1);
  const { stdout } = await run('redis-benchmark', [
    ...['-h', '127.0.0.1', '-p', port, '-c', String(connections), '-P', String(inFlight)],
    ...['-n', String(calls), '-r', String(NAMES), '--csv', ...command],
  ]);
  const [head = '', row = ''] = stdout.trim().split('\n').slice(-2);
  return Number(cells(row)[cells(head).indexOf('rps')]);
}

/** The script itself holds commas, but no quotation marks that would be doubled. */
function cells(line: string): string[] {
  return [...line.matchAll(/"([^"]*)"/g)].map((match) => match[1]!);
}
