/**
 * `npm run bench:contention`: what shards are good for, by the number of clients and by how much they want the same
 * names: an engine without sockets, then the whole server. `--runs`, `--seconds`; all cells are visited in turn.
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { EngineLoad, type EngineLoadResult } from './engine-load.ts';
import { BUILT_PROGRAM, startOwnServer } from './load/contenders.ts';
import { type LoadResult, runLoad } from './load/load-run.ts';
import { LockName } from './load/lock-name.ts';
import { depthText } from './load/paired-runs.ts';
import { readLoadAverage } from './load/process-usage.ts';
import type { ServerProcess } from './load/server-process.ts';
import { markdownTable, shortNumber } from './markdown-table.ts';
import { median } from './median.ts';

const SHARDS = [1, 2, 4] as const;
const CLIENTS = [1, 8, 64] as const;
/** How many names the clients share; 0: each has its own. */
const NAMES = [
  ['own', 0],
  ['1000 shared', 1000],
  ['one', 1],
] as const;
const DEPTHS = [
  { connections: 1, inFlight: 1 },
  { connections: 8, inFlight: 16 },
] as const;
const WARMUP_SECONDS = 0.2;

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '5' }, seconds: { type: 'string', default: '0.5' } },
});
const runs = Number(values.runs);
const seconds = Number(values.seconds);

const machine = `${availableParallelism()} cores, Node.js ${process.version}, load average ${readLoadAverage()}`;
process.stdout.write(`# Contention\n\n${machine}; medians of ${runs} runs of ${seconds} s.\n\n`);
process.stdout.write(`## Engine without sockets\n\n${await measureEngines()}\n`);
process.stdout.write(`## Through the socket\n\n${await measureServers()}\n`);
process.exit(0);

async function measureEngines(): Promise<string> {
  const engines: EngineLoad[] = [];
  for (const shards of SHARDS) engines.push(await EngineLoad.open(shards));
  const cells = new Map<string, EngineLoadResult[]>();
  for (let run = 0; run < runs; run++) {
    for (const clients of CLIENTS) {
      for (const [title, count] of NAMES) {
        const names = Array.from({ length: count }, (_, i) => new LockName(`shared-${i}`));
        for (const [i, engine] of engines.entries()) {
          const result = await engine.run(clients, names, seconds, WARMUP_SECONDS);
          collect(cells, `${clients}|${title}|${SHARDS[i]}`, result);
        }
      }
    }
  }
  await Promise.all(engines.map((engine) => engine.close()));
  const rows = [...cells].map(([cell, results]) => [
    ...cell.split('|'),
    ...middle(results, ['rate', 'p50Ms', 'p99Ms', 'sleptShare']),
    ratioToOneShard(cells, cell),
  ]);
  const head = ['clients', 'names', 'shards', 'calls/s', 'p50 ms', 'p99 ms', 'asleep', 'rate : 1 shard'];
  return markdownTable(head, rows);
}

async function measureServers(): Promise<string> {
  const servers: ServerProcess[] = [];
  for (const shards of SHARDS) servers.push(await startOwnServer({ program: BUILT_PROGRAM, shards }));
  const cells = new Map<string, LoadResult[]>();
  for (let run = 0; run < runs; run++) {
    for (const depth of DEPTHS) {
      for (const [title, names] of NAMES) {
        for (const [i, server] of servers.entries()) {
          const result = await runLoad(server, { ...depth, names, seconds, warmupSeconds: WARMUP_SECONDS });
          collect(cells, `${depthText(depth)}|${title}|${SHARDS[i]}`, result);
        }
      }
    }
  }
  for (const server of servers) await server.stop();
  const rows = [...cells].map(([cell, results]) => [
    ...cell.split('|'),
    ...middle(results, ['rate', 'p50Ms', 'p99Ms', 'serverCpuMicros']),
    ratioToOneShard(cells, cell),
  ]);
  const head = ['connections x in flight', 'names', 'shards', 'calls/s', 'p50 ms', 'p99 ms', 'CPU µs/call'];
  return markdownTable([...head, 'rate : 1 shard'], rows);
}

function collect<Result>(cells: Map<string, Result[]>, cell: string, result: Result): void {
  const results = cells.get(cell);
  if (results === undefined) cells.set(cell, [result]);
  else results.push(result);
}

function middle<Result>(results: readonly Result[], fields: readonly (keyof Result)[]): string[] {
  return fields.map((field) => shortNumber(median(results.map((result) => Number(result[field])))));
}

/** Run by run, the rate over that of the engine with one shard. */
function ratioToOneShard<Result extends { readonly rate: number }>(
  cells: ReadonlyMap<string, readonly Result[]>,
  cell: string,
): string {
  const ones = cells.get(cell.replace(/\|\d+$/, '|1')) ?? [];
  const results = cells.get(cell) ?? [];
  return shortNumber(median(results.map(({ rate }, run) => rate / (ones[run]?.rate ?? Number.NaN))));
}
