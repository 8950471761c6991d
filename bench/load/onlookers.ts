/**
 * `npm run bench:onlookers`: what it costs clients that somebody looks on. A server holds 1,000,000 locks; meanwhile
 * somebody lists them all, again and again; watches them; has stopped reading a watch; scrapes the metrics. Each is
 * measured at 8 x 16 between two measurements without any of it, and compared with their mean. Prints Markdown: of
 * each ratio the median, and in parentheses the lowest and the highest.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { markdownTable, shortNumber } from '../markdown-table.ts';
import { median } from '../median.ts';
import { BUILT_PROGRAM, startOwnServer } from './contenders.ts';
import { HeldLoad, type LoadResult, runLoad } from './load-run.ts';
import { readLoadAverage } from './process-usage.ts';
import { freePort, type ServerProcess } from './server-process.ts';

const LOCK_PROGRAM = fileURLToPath(new URL('../../src/cli/ldlm-lock.js', import.meta.url));
const DEPTH = { connections: 8, inFlight: 16 };
/** How long an onlooker is there before it is measured: a stopped one has filled all buffers by then. */
const SETTLE_MS = 1_500;
const SCRAPES = 20;

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '2' },
    count: { type: 'string', default: '1000000' },
  },
});
const seconds = Number(values.seconds);

/** Somebody who looks on, in a process of its own. */
interface Onlooker {
  readonly name: string;
  begin(): Promise<{ end(): Promise<void> }>;
}

const children = new Set<ChildProcess>();
const folder = mkdtempSync(join(tmpdir(), 'ldlm-onlookers-'));
const socket = join(folder, 'ipc.sock');
const adminAddress = `127.0.0.1:${await freePort()}`;
const server = await startOwnServer({ program: BUILT_PROGRAM, ipcSocketFile: socket, adminAddress });
try {
  const held = await HeldLoad.start([
    ...['--address', server.address, '--mode', 'hold', '--count', values.count],
    ...['--connections', '8', '--in-flight', '64'],
  ]);
  process.stdout.write(`${await report()}\n`);
  await held.end();
} finally {
  await server.stop();
  rmSync(folder, { recursive: true });
}

async function report(): Promise<string> {
  const onlookers: readonly Onlooker[] = [
    { name: 'lists all locks, again and again', begin: listing },
    { name: 'watches all locks', begin: async () => program(['watch', '--json'], false) },
    { name: 'has stopped reading its watch', begin: async () => program(['watch', '--json'], true) },
  ];
  const rows: string[][] = [];
  for (const onlooker of onlookers) rows.push(await measure(server, onlooker));
  const load = `load average ${readLoadAverage()} after`;
  return [
    `# Onlookers\n\n${values.count} locks held, 8 x 16, medians of ${values.runs} runs of ${seconds} s, ${load}.`,
    markdownTable(['somebody', 'p99 ms', 'p99 : without', 'p50 : without', 'rate : without'], rows),
    await scrapes(),
  ].join('\n\n');
}

async function measure(target: ServerProcess, { name, begin }: Onlooker): Promise<string[]> {
  const rounds: { readonly quiet: readonly LoadResult[]; readonly busy: LoadResult }[] = [];
  const load = (): Promise<LoadResult> => runLoad(target, { ...DEPTH, seconds });
  for (let i = 0; i < Number(values.runs); i++) {
    const before = await load();
    const onlooker = await begin();
    await sleep(SETTLE_MS);
    const busy = await load();
    await onlooker.end();
    rounds.push({ quiet: [before, await load()], busy });
  }
  const ratio = (read: (result: LoadResult) => number): string => {
    const ratios = rounds.map(({ quiet, busy }) => (2 * read(busy)) / (read(quiet[0]!) + read(quiet[1]!)));
    const [middle, low, high] = [median(ratios), Math.min(...ratios), Math.max(...ratios)].map(shortNumber);
    return `${middle} (${low} to ${high})`;
  };
  const p99Ms = shortNumber(median(rounds.map(({ busy }) => busy.p99Ms)));
  return [name, p99Ms, ratio(({ p99Ms }) => p99Ms), ratio(({ p50Ms }) => p50Ms), ratio(({ rate }) => rate)];
}

/** Lists everything until it is told to end. */
async function listing(): Promise<{ end(): Promise<void> }> {
  let ended = false;
  const run = (async () => {
    while (!ended) await once(start(['list']), 'exit');
  })();
  return {
    async end() {
      ended = true;
      for (const child of children) child.kill('SIGKILL');
      await run;
    },
  };
}

function program(words: readonly string[], stopped: boolean): { end(): Promise<void> } {
  const child = start(words);
  // It is stopped in the middle of the snapshot, or behind it.
  if (stopped) setTimeout(() => child.kill('SIGSTOP'), SETTLE_MS / 2);
  return {
    async end() {
      const exit = once(child, 'exit');
      child.kill('SIGKILL');
      await exit;
    },
  };
}

function start(words: readonly string[]): ChildProcess {
  const child = spawn(process.execPath, [LOCK_PROGRAM, '--socket', socket, ...words], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  children.add(child);
  child.once('exit', () => children.delete(child));
  return child;
}

/** How long a scrape takes while so many locks are held. */
async function scrapes(): Promise<string> {
  const times: number[] = [];
  let bytes = 0;
  for (let i = 0; i < SCRAPES; i++) {
    const fromMs = performance.now();
    const response = await fetch(`http://${adminAddress}/metrics`);
    bytes = (await response.text()).length;
    times.push(performance.now() - fromMs);
  }
  const most = shortNumber(Math.max(...times.slice(1)));
  return `A scrape of /metrics: ${shortNumber(median(times))} ms, ${most} at most of ${SCRAPES - 1}, ${bytes} bytes.`;
}
