/**
 * `npm run bench:load -- --durable` measures with a state file, beside Redis with its log. `npm run bench:load`: the lock server beside the same service on @grpc/grpc-js and, where it is installed, beside
 * Redis; the floor below all of them; memory. Prints Markdown. See bench/README.md.
 */
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { markdownTable, shortNumber } from '../markdown-table.ts';
import { median } from '../median.ts';
import { BUILT_PROGRAM, startEchoServer, startGrpcJsServer, startOwnServer } from './contenders.ts';
import { compareDurable } from './durable.ts';
import { type Depth, runLoad } from './load-run.ts';
import { measureHeldLock, measureIdleBareTls, measureIdlePlain, measureIdleTls } from './memory.ts';
import { depthText, type Pair, summarise } from './paired-runs.ts';
import { readLoadAverage } from './process-usage.ts';
import { isRedisInstalled, measureRedis, type RedisResult, startRedis } from './redis.ts';
import { measureRing } from './ring-floor.ts';
import type { ServerProcess } from './server-process.ts';

const DEPTHS: readonly Depth[] = [
  { connections: 1, inFlight: 1 },
  { connections: 50, inFlight: 1 },
  { connections: 8, inFlight: 16 },
  { connections: 50, inFlight: 16 },
];
/** Calls of redis-benchmark at a depth: enough for about two seconds. */
const REDIS_CALLS_ALONE = 30_000;
const REDIS_CALLS_DEEP = 600_000;

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '2' },
    shards: { type: 'string' },
    program: { type: 'string', default: BUILT_PROGRAM },
    output: { type: 'string' },
    'skip-memory': { type: 'boolean', default: false },
    durable: { type: 'boolean', default: false },
    folder: { type: 'string', default: '.' },
  },
});
const runs = Number(values.runs);
const seconds = Number(values.seconds);
const shards = values.shards === undefined ? {} : { shards: Number(values.shards) };

interface Round extends Pair {
  readonly redis: RedisResult | null;
}

const sections = [
  '# Load',
  `${availableParallelism()} cores, Node.js ${process.version}, load average ${readLoadAverage()} before; medians of ` +
    `${runs} interleaved runs of ${seconds} s. Calls per second move with the machine; the ratios are what to look at.`,
];
if (values.durable) {
  const { program, folder } = values;
  sections.push(await compareDurable({ program, folder, ...shards, depths: DEPTHS, runs, seconds }));
} else {
  sections.push(await compare(), await floor());
  if (!values['skip-memory']) sections.push(await memory());
}
const report = `${sections.join('\n\n')}\n`;
process.stdout.write(report);
if (values.output !== undefined) writeFileSync(values.output, report);

async function compare(): Promise<string> {
  const own = await startOwnServer({ program: values.program, ...shards });
  const other = await startGrpcJsServer();
  const redis = (await isRedisInstalled()) ? await startRedis() : null;
  const rows: string[][] = [];
  try {
    for (const depth of DEPTHS) {
      const rounds: Round[] = [];
      for (let i = 0; i < runs; i++) rounds.push(await measureRound(own, other, redis, depth));
      rows.push(compareRow(depth, rounds));
    }
  } finally {
    for (const server of [own, other, redis]) await server?.stop();
  }
  const head = ['connections x in flight', 'calls/s', 'CPU µs/call', 'p50 ms', 'p99 ms', 'grpc-js calls/s'];
  head.push(
    'rate : grpc-js',
    'CPU : grpc-js',
    'Redis cmds/s',
    'rate : Redis',
    'CPU : Redis',
    'generator µs/call',
  );
  return `## Lock and Unlock\n\n${markdownTable(head, rows)}`;
}

async function measureRound(
  own: ServerProcess,
  other: ServerProcess,
  redis: ServerProcess | null,
  depth: Depth,
): Promise<Round> {
  const redisCalls = depth.connections * depth.inFlight === 1 ? REDIS_CALLS_ALONE : REDIS_CALLS_DEEP;
  return {
    own: await runLoad(own, { ...depth, seconds }),
    other: await runLoad(other, { ...depth, seconds }),
    redis: redis === null ? null : await measureRedis(redis, depth, redisCalls),
  };
}

function compareRow(depth: Depth, rounds: readonly Round[]): string[] {
  const { ownRate, ownCpuMicros, ownP99Ms, otherRate, rateRatio, cpuRatio } = summarise(rounds);
  const p50Ms = median(rounds.map(({ own }) => own.p50Ms));
  const redisRate = median(rounds.map(({ redis }) => redis?.rate ?? Number.NaN));
  const redisRatio = median(rounds.map(({ own, redis }) => own.rate / (redis?.rate ?? Number.NaN)));
  const redisCpu = median(
    rounds.map(({ own, redis }) => own.serverCpuMicros / (redis?.serverCpuMicros ?? Number.NaN)),
  );
  const generatorMicros = median(rounds.map(({ own }) => own.generatorCpuMicros));
  return [
    depthText(depth),
    ...[ownRate, ownCpuMicros, p50Ms, ownP99Ms, otherRate, rateRatio, cpuRatio].map(shortNumber),
    ...[redisRate, redisRatio, redisCpu, generatorMicros].map(shortNumber),
  ];
}

async function floor(): Promise<string> {
  const server = await startEchoServer();
  const rows: string[][] = [];
  try {
    for (const depth of DEPTHS) {
      const echoes: number[] = [];
      const rings: number[] = [];
      for (let i = 0; i < runs; i++) {
        echoes.push((await runLoad(server, { ...depth, seconds: 1, mode: 'echo' })).rate);
        rings.push(await measureRing(depth.connections * depth.inFlight, 1));
      }
      rows.push([depthText(depth), shortNumber(median(echoes)), shortNumber(median(rings))]);
    }
  } finally {
    await server.stop();
  }
  return `## The floor\n\n${markdownTable(['connections x in flight', 'socket echoes/s', 'ring round trips/s'], rows)}`;
}

async function memory(): Promise<string> {
  const lockBytes = await measureHeldLock(values.program);
  const plain = await measureIdlePlain(values.program);
  const bareTls = await measureIdleBareTls();
  const tls = await measureIdleTls(values.program);
  const rows = [
    ['held lock, of 1,000,000', shortNumber(lockBytes)],
    [`idle connection, of ${plain.connections}`, shortNumber(plain.bytesEach)],
    [`idle TLS connection, of ${tls.connections}`, shortNumber(tls.bytesEach)],
    [`the same of a bare tls server, of ${bareTls.connections}`, shortNumber(bareTls.bytesEach)],
  ];
  return `## Memory\n\n${markdownTable(['', 'bytes each'], rows)}`;
}
