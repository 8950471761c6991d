/**
 * `npm run bench`: the layers alone, in one table. `--filter TEXT` runs only the layers and tasks whose name has it.
 */
import { parseArgs } from 'node:util';
import type { Bench, Task } from 'tinybench';
import { connectionBench } from './connection.bench.ts';
import { coreBench } from './core.bench.ts';
import { hpackBench } from './hpack.bench.ts';
import { markdownTable, shortNumber } from './markdown-table.ts';
import { protobufBench } from './protobuf.bench.ts';
import { ringBench } from './ring.bench.ts';
import { shardBench } from './shard.bench.ts';

const builders: Readonly<Record<string, () => Bench>> = {
  hpack: hpackBench,
  protobuf: protobufBench,
  connection: connectionBench,
  core: coreBench,
  ring: ringBench,
  shard: shardBench,
};

/** Tasks say at the end of their name how many operations one call does. */
const BATCH = / x (\d+)$/;

const { values } = parseArgs({
  options: { filter: { type: 'string', default: '' } },
});

const rows: string[][] = [];
for (const [layer, build] of Object.entries(builders)) {
  const bench = build();
  for (const { name } of [...bench.tasks]) {
    if (!`${layer} ${name}`.includes(values.filter)) bench.remove(name);
  }
  if (bench.tasks.length === 0) continue;
  await bench.run();
  rows.push(...bench.tasks.map((task) => rowOf(layer, task)));
}
process.stdout.write(
  markdownTable(['layer', 'operation', 'ns each', 'p50 ns', 'p99 ns', '± %', 'samples'], rows),
);

function rowOf(layer: string, task: Task): string[] {
  const { result } = task;
  if (result.state !== 'completed') throw new Error(`${layer}: ${task.name} is ${result.state}`);
  const count = Number(BATCH.exec(task.name)?.[1] ?? 1);
  const { latency } = result;
  const nanos = (ms: number): string => shortNumber((ms * 1e6) / count);
  const times = [nanos(latency.mean), nanos(latency.p50), nanos(latency.p99)];
  const name = task.name.replace(BATCH, '');
  return [layer, name, ...times, shortNumber(latency.rme), shortNumber(latency.samplesCount)];
}
