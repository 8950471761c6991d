import { mkdtempSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { markdownTable, shortNumber } from '../markdown-table.ts';
import { median } from '../median.ts';
import { startOwnServer } from './contenders.ts';
import { type Depth, type LoadResult, runLoad } from './load-run.ts';
import { depthText } from './paired-runs.ts';
import { isRedisInstalled, measureRedisSets, startDurableRedis } from './redis.ts';
import type { ServerProcess } from './server-process.ts';

export interface DurablePlan {
  readonly program: string;
  readonly shards?: number;
  readonly depths: readonly Depth[];
  readonly runs: number;
  readonly seconds: number;
  /** Where the files go: on the disk that is to be measured. */
  readonly folder: string;
}

interface Round {
  readonly memory: LoadResult;
  readonly always: LoadResult;
  readonly interval: LoadResult;
  /** Redis commands per second. */
  readonly redis: number;
}

/** The same calls with a state file and without, and Redis with its log beside them: on one disk, in turns. */
export async function compareDurable(plan: DurablePlan): Promise<string> {
  const folder = mkdtempSync(join(resolve(plan.folder), 'ldlm-bench-'));
  const servers: ServerProcess[] = [];
  try {
    const own = async (stateSync?: string): Promise<ServerProcess> => {
      const state =
        stateSync === undefined ? {} : { stateFile: join(folder, `state-${stateSync}`), stateSync };
      const shards = plan.shards === undefined ? {} : { shards: plan.shards };
      const server = await startOwnServer({ program: plan.program, ...shards, ...state });
      servers.push(server);
      return server;
    };
    const [memory, always, interval] = [await own(), await own('always'), await own('interval')];
    const redis = (await isRedisInstalled()) ? await startDurableRedis(folder) : null;
    if (redis !== null) servers.push(redis);
    const rows: string[][] = [];
    for (const depth of plan.depths) {
      const rounds: Round[] = [];
      for (let i = 0; i < plan.runs; i++) {
        const options = { ...depth, seconds: plan.seconds };
        rounds.push({
          memory: await runLoad(memory, options),
          always: await runLoad(always, options),
          interval: await runLoad(interval, options),
          redis: redis === null ? Number.NaN : await measureRedisSets(redis, depth),
        });
      }
      rows.push(durableRow(depth, rounds));
    }
    return `## With a state file\n\n${markdownTable(HEAD, rows)}`;
  } finally {
    for (const server of servers) await server.stop();
    rmSync(folder, { recursive: true });
  }
}

const HEAD = [
  'connections x in flight',
  'always: calls/s',
  'p50 ms',
  'p99 ms',
  'always : in memory',
  'interval : in memory',
  'Redis SETs/s, appendfsync always',
  'always : Redis',
];

function durableRow(depth: Depth, rounds: readonly Round[]): string[] {
  const over = (read: (round: Round) => number): string => shortNumber(median(rounds.map(read)));
  return [
    depthText(depth),
    over(({ always }) => always.rate),
    over(({ always }) => always.p50Ms),
    over(({ always }) => always.p99Ms),
    over(({ always, memory }) => always.rate / memory.rate),
    over(({ interval, memory }) => interval.rate / memory.rate),
    over(({ redis }) => redis),
    over(({ always, redis }) => always.rate / redis),
  ];
}
