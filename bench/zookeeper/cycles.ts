/**
 * Locks and unlocks this project's Mutex, each loop one of its own: for each line "inFlight milliseconds" on stdin, prints
 * "cycles medianMicroseconds cpuMilliseconds elapsedMilliseconds", as Cycles.java does for Curator.
 */
import { createInterface } from 'node:readline';
import { Mutex, ZooKeeperClient } from '../../src/zookeeper/index.ts';
import { median } from '../median.ts';

const client = await ZooKeeperClient.connect(process.argv[2]!, { sessionTimeoutMs: 20_000 });
process.stdout.write('ready\n');
for await (const line of createInterface(process.stdin)) {
  const [inFlight, milliseconds] = line.split(' ').map(Number);
  process.stdout.write(`${await run(inFlight!, milliseconds!)}\n`);
}
await client.close();

async function run(inFlight: number, milliseconds: number): Promise<string> {
  const times: number[] = [];
  const cpu = process.cpuUsage();
  const beganMs = performance.now();
  const untilMs = beganMs + milliseconds;
  await Promise.all(Array.from({ length: inFlight }, (_, i) => cycle(`/own-${i}`, untilMs, times)));
  const elapsedMs = performance.now() - beganMs;
  const { user, system } = process.cpuUsage(cpu);
  return `${times.length} ${median(times) * 1_000} ${(user + system) / 1_000} ${elapsedMs}`;
}

async function cycle(path: string, untilMs: number, times: number[]): Promise<void> {
  const mutex = new Mutex(client, path, { timeoutMs: null });
  for (let beforeMs = performance.now(); beforeMs < untilMs; ) {
    const lock = await mutex.acquire();
    await lock.release();
    const afterMs = performance.now();
    times.push(afterMs - beforeMs);
    beforeMs = afterMs;
  }
}
