/**
 * The load generator, a process of its own. It prints one line of JSON. Modes:
 *
 * - `cycle`, `try`, `held`: closed-loop load, see {@link LoopMode}; then it ends.
 * - `hold`: takes `--count` locks and keeps them until its stdin ends; with `--release` it gives each back at once.
 * - `idle`: opens `--connections`, takes and gives back one lock on each, and keeps them until its stdin ends.
 *   With `--bare` it opens them and says nothing.
 * - `echo`: sends messages to an echo server and counts what comes back.
 */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { CallSlot } from './call-slot.ts';
import { ClosedLoop, type LoopMode } from './closed-loop.ts';
import { measureEcho } from './echo-load.ts';
import { HoldLocks } from './hold-locks.ts';
import { LoadConnection, type Workload } from './load-connection.ts';
import type { LockName } from './lock-name.ts';
import { openSockets, type Target } from './open-sockets.ts';
import { readCpuSeconds } from './process-usage.ts';
import { RequestHeads } from './request-heads.ts';

const { values } = parseArgs({
  options: {
    address: { type: 'string', default: '127.0.0.1:3144' },
    'ca-file': { type: 'string' },
    password: { type: 'string', default: '' },
    mode: { type: 'string', default: 'cycle' },
    connections: { type: 'string', default: '8' },
    'in-flight': { type: 'string', default: '16' },
    names: { type: 'string', default: '0' },
    seconds: { type: 'string', default: '5' },
    'warmup-seconds': { type: 'string', default: '1' },
    count: { type: 'string', default: '100000' },
    release: { type: 'boolean', default: false },
    bare: { type: 'boolean', default: false },
    pid: { type: 'string', default: '0' },
  },
});

const connectionCount = Number(values.connections);
const inFlight = Number(values['in-flight']);
const serverPid = Number(values.pid);
const colon = values.address.lastIndexOf(':');
const target: Target = {
  host: values.address.slice(0, colon),
  port: Number(values.address.slice(colon + 1)),
  ...(values['ca-file'] === undefined ? {} : { caFile: values['ca-file'] }),
};

if (values.mode === 'hold') await hold();
else if (values.mode === 'idle') await idle();
else if (values.mode === 'echo') await echo();
else await loop(values.mode as LoopMode);
process.exit(0);

async function loop(mode: LoopMode): Promise<void> {
  const work = new ClosedLoop({ mode, names: Number(values.names), seed: 0x2545_f491 });
  const connections = await open(work);
  for (const connection of connections) {
    startSlots(
      connection,
      inFlight,
      (slot) => work.nameFor(connection.id, slot),
      (slot) => work.start(connection, slot),
    );
  }
  await sleep(Number(values['warmup-seconds']) * 1000);
  const serverBefore = readCpuSeconds(serverPid);
  const ownBefore = process.cpuUsage();
  const fromMs = performance.now();
  work.measure();
  await sleep(Number(values.seconds) * 1000);
  work.stopMeasuring();
  const seconds = (performance.now() - fromMs) / 1000;
  const serverCpuSeconds = readCpuSeconds(serverPid) - serverBefore;
  const own = process.cpuUsage(ownBefore);
  await work.stop();
  const { latencies } = work;
  const calls = latencies.total;
  print({
    calls,
    rate: calls / seconds,
    p50Ms: latencies.quantile(0.5),
    p99Ms: latencies.quantile(0.99),
    serverCpuMicros: (serverCpuSeconds * 1e6) / calls,
    generatorCpuMicros: (own.user + own.system) / calls,
    generatorCores: (own.user + own.system) / 1e6 / seconds,
    failures: Object.fromEntries(work.failures),
  });
}

async function hold(): Promise<void> {
  const work = new HoldLocks(Number(values.count), values.release);
  for (const connection of await open(work)) {
    startSlots(
      connection,
      inFlight,
      () => work.nextName(),
      (slot) => work.start(connection, slot),
    );
  }
  await work.ended;
  print({ held: values.release ? 0 : Number(values.count) });
  await untilStdinEnds();
}

async function idle(): Promise<void> {
  if (values.bare) {
    await openSockets(target, connectionCount, () => () => {});
  } else {
    const work = new HoldLocks(0, true);
    const connections = await open(work, 1);
    for (const connection of connections) {
      startSlots(
        connection,
        1,
        () => work.nextName(),
        (slot) => work.start(connection, slot),
      );
    }
    await work.ended;
  }
  print({ connections: connectionCount });
  await untilStdinEnds();
}

async function echo(): Promise<void> {
  const before = readCpuSeconds(serverPid);
  const fromMs = performance.now();
  const seconds = Number(values.seconds);
  const rate = await measureEcho(
    target,
    connectionCount,
    inFlight,
    seconds,
    Number(values['warmup-seconds']),
  );
  // The server worked as much per message during the warm-up.
  const calls = (rate * (performance.now() - fromMs)) / 1000;
  const serverCpuMicros = ((readCpuSeconds(serverPid) - before) * 1e6) / calls;
  print({ rate, serverCpuMicros, failures: {} });
}

async function open(work: Workload, inFlightMax = inFlight): Promise<LoadConnection[]> {
  const connections: LoadConnection[] = [];
  await openSockets(target, connectionCount, (socket, id) => {
    socket.on('error', fail);
    socket.on('close', () => fail(new Error(`connection ${id} was closed`)));
    const heads = new RequestHeads(values.address, values.password);
    const connection = new LoadConnection(id, socket, heads, work, inFlightMax);
    connection.nowMs = performance.now();
    connection.flush();
    connections.push(connection);
    return (bytes, length) => connection.receive(bytes, length, performance.now());
  });
  return connections;
}

function startSlots(
  connection: LoadConnection,
  count: number,
  nameFor: (slot: number) => LockName,
  start: (slot: CallSlot) => void,
): void {
  connection.nowMs = performance.now();
  for (let i = 0; i < count; i++) start(new CallSlot(i, nameFor(i)));
  connection.flush();
}

function print(result: object): void {
  process.stdout.write(`${JSON.stringify(result)}\n`);
}

async function untilStdinEnds(): Promise<void> {
  process.stdin.resume();
  await once(process.stdin, 'end');
}

function fail(error: Error): void {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}
