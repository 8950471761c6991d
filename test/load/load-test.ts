/**
 * `npm run test:load`: the packed server under load. Checks that locks are locks while clients fight, wait, give up and
 * drop dead; that the server is as fast beside @grpc/grpc-js as it was recorded to be; and what memory it takes.
 * Writes bench/report/load.md. Exits with 1 when anything failed.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { startGrpcJsServer, startOwnServer } from '../../bench/load/contenders.ts';
import type { Depth } from '../../bench/load/load-run.ts';
import {
  type IdleMeasurement,
  measureHeldLock,
  measureIdleBareTls,
  measureIdlePlain,
  measureIdleTls,
} from '../../bench/load/memory.ts';
import type { Target } from '../../bench/load/open-sockets.ts';
import { depthText, type PairSummary, runPairs, summarise } from '../../bench/load/paired-runs.ts';
import { readLoadAverage } from '../../bench/load/process-usage.ts';
import type { ServerProcess } from '../../bench/load/server-process.ts';
import { markdownTable, shortNumber } from '../../bench/markdown-table.ts';
import { makeContendedNames } from './contended-names.ts';
import { FreeCheck } from './free-check.ts';
import { HolderCheck } from './holder-check.ts';
import { formatLoadReport } from './load-report.ts';
import { PackedServer } from './packed-server.ts';
import { Targets } from './targets.ts';
import { Verdict } from './verdict.ts';

const ROOT = new URL('../../../', import.meta.url);
const REPORT_DIRECTORY = fileURLToPath(new URL('bench/report/', ROOT));
const BUSY: Depth = { connections: 8, inFlight: 16 };
const ALONE: Depth = { connections: 1, inFlight: 1 };
const PAIRS = 5;
const CHECK_SECONDS = 8;
const SETTLE_MS_MAX = 5_000;

/** What bench/recorded.json holds: the ratios at 8 x 16, and how they were taken. */
interface Recorded {
  readonly rateRatio: number;
  readonly cpuRatio: number;
}

const verdict = new Verdict();
const sections: string[] = [];
const packed = await PackedServer.create();
try {
  await checkCorrectness(packed.program);
  await checkSpeed(packed.program);
  await checkMemory(packed.program);
} finally {
  await packed.remove();
}
await report();
process.stdout.write(`${verdict.summary()}\n`);
process.exit(verdict.failed === 0 ? 0 : 1);

async function checkCorrectness(program: string): Promise<void> {
  const server = await startOwnServer({ program });
  try {
    const target = targetOf(server);
    const names = makeContendedNames(24, 12);
    const clients = new HolderCheck(target, names);
    await clients.run(8, CHECK_SECONDS, 300);
    const left = await clients.settle(SETTLE_MS_MAX);
    const { violations, calls, cancels, drops } = clients;
    const found = violations.length === 0 ? `${calls} calls` : violations.slice(0, 5).join('; ');
    verdict.check(violations.length === 0, 'no name has more holders than its size, tokens grow', found);
    const events = `${cancels} calls given up, ${drops} clients dropped dead`;
    verdict.check(cancels > 0 && drops > 0, 'clients gave up and dropped dead meanwhile', events);
    const unused = names.filter(({ grants, holdersMax, size }) => grants === 0 || holdersMax < size);
    verdict.check(unused.length === 0, 'every name was full at some time', `${unused.length} were not`);
    verdict.check(left === 0, 'every call ends', `${left} did not`);
    const held = await new FreeCheck(names).findHeld(target, SETTLE_MS_MAX);
    verdict.check(held.length === 0, 'in the end nobody holds anything', `${held.length} permits are held`);
  } finally {
    await server.stop();
  }
}

async function checkSpeed(program: string): Promise<void> {
  const recorded = JSON.parse(await readFile(new URL('bench/recorded.json', ROOT), 'utf8')) as Recorded;
  const own = await startOwnServer({ program });
  const other = await startGrpcJsServer();
  try {
    const busy = summarise(await runPairs(own, other, { ...BUSY, seconds: 2, pairs: PAIRS }));
    const alone = summarise(await runPairs(own, other, { ...ALONE, seconds: 1.5, pairs: PAIRS }));
    const { rateRatioMin, cpuRatioMax, aloneRateRatioMin, regressionMax } = Targets;
    const rate = `${shortNumber(busy.rateRatio)} times`;
    const cpu = `${shortNumber(busy.cpuRatio)} of it`;
    const at = `at ${depthText(BUSY)}`;
    verdict.check(busy.rateRatio >= rateRatioMin, `at least ${rateRatioMin} times grpc-js ${at}`, rate);
    verdict.check(busy.cpuRatio <= cpuRatioMax, `at most 1/6 of grpc-js's processor time ${at}`, cpu);
    const rateFloor = recorded.rateRatio * (1 - regressionMax);
    verdict.check(
      busy.rateRatio >= rateFloor,
      `rate no worse than recorded: ${recorded.rateRatio} times`,
      rate,
    );
    const cpuCeiling = recorded.cpuRatio * (1 + regressionMax);
    verdict.check(
      busy.cpuRatio <= cpuCeiling,
      `processor time no worse than recorded: ${recorded.cpuRatio}`,
      cpu,
    );
    const aloneRate = `${shortNumber(alone.rateRatio)} times`;
    verdict.check(
      alone.rateRatio >= aloneRateRatioMin,
      `at least grpc-js's rate at ${depthText(ALONE)}`,
      aloneRate,
    );
    sections.push(`## Beside @grpc/grpc-js\n\n${speedTable([speedRow(BUSY, busy), speedRow(ALONE, alone)])}`);
  } finally {
    await own.stop();
    await other.stop();
  }
}

function speedTable(rows: readonly string[][]): string {
  const head = [
    'connections x in flight',
    'calls/s',
    'grpc-js',
    'ratio',
    'spread',
    'CPU µs/call',
    'grpc-js',
    'ratio',
  ];
  return markdownTable([...head, 'p99 ms', 'grpc-js', 'pairs'], rows);
}

function speedRow(depth: Depth, summary: PairSummary): string[] {
  const { ownRate, otherRate, rateRatio, rateRatioSpread, ownCpuMicros, otherCpuMicros, cpuRatio } = summary;
  return [
    depthText(depth),
    ...[ownRate, otherRate, rateRatio, rateRatioSpread, ownCpuMicros, otherCpuMicros].map(shortNumber),
    ...[cpuRatio, summary.ownP99Ms, summary.otherP99Ms, summary.pairs].map(shortNumber),
  ];
}

async function checkMemory(program: string): Promise<void> {
  const { heldLockBytesMax, idleConnectionBytesMax, idleTlsExtraBytesMax } = Targets;
  const lock = await measureHeldLock(program);
  const lockText = `${Math.round(lock)} bytes`;
  verdict.check(lock <= heldLockBytesMax, `at most ${heldLockBytesMax} bytes for a held lock`, lockText);
  const plain = await measureIdlePlain(program);
  verdict.check(
    plain.bytesEach <= idleConnectionBytesMax,
    `at most ${idleConnectionBytesMax} bytes for an idle connection`,
    idleText(plain),
  );
  const bareTls = await measureIdleBareTls();
  const tls = await measureIdleTls(program);
  verdict.check(
    tls.bytesEach - bareTls.bytesEach <= idleTlsExtraBytesMax,
    `at most ${idleTlsExtraBytesMax} bytes more than a bare tls server for an idle TLS connection`,
    `${idleText(tls)}, bare ${idleText(bareTls)}`,
  );
}

function idleText({ bytesEach, connections }: IdleMeasurement): string {
  return `${Math.round(bytesEach)} bytes, of ${connections}`;
}

function targetOf(server: ServerProcess): Target {
  const colon = server.address.lastIndexOf(':');
  return { host: server.address.slice(0, colon), port: Number(server.address.slice(colon + 1)) };
}

async function report(): Promise<void> {
  const machine = `${availableParallelism()} cores, Node.js ${process.version}, load average ${readLoadAverage()}`;
  const text = formatLoadReport(machine, sections, verdict);
  await mkdir(REPORT_DIRECTORY, { recursive: true });
  await writeFile(`${REPORT_DIRECTORY}load.md`, text);
  process.stdout.write(`\n${text}\n`);
}
