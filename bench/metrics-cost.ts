/**
 * `node dist/bench/metrics-cost.js --base PROGRAM`: what metrics cost. PROGRAM is `dist/src/cli/ldlm-server.js` of a build
 * without them; bench/README.md says how one is made. Ours serves metrics, and is scraped once in each run; the other
 * one is not. Without `--base` only the scrape is measured: its time with no lock and with a million.
 */
import { parseArgs } from 'node:util';
import { request } from 'undici';
import { BUILT_PROGRAM, startOwnServer } from './load/contenders.ts';
import { HeldLoad, type LoadResult, runLoad } from './load/load-run.ts';
import type { Pair } from './load/paired-runs.ts';
import { readLoadAverage } from './load/process-usage.ts';
import { freePort, type ServerProcess } from './load/server-process.ts';
import { markdownTable, shortNumber } from './markdown-table.ts';
import { median, medianInterval } from './median.ts';

const DEPTH = { connections: 8, inFlight: 16 };
const LOCKS = 1_000_000;
const SCRAPES = 40;
/** A scrape is to take less than this, however many locks are held. */
const SCRAPE_MS_MAX = 10;
/** Between scrapes, so that they are not one long one. */
const PAUSE_MS = 20;

const { values } = parseArgs({
  options: {
    base: { type: 'string' },
    program: { type: 'string', default: BUILT_PROGRAM },
    pairs: { type: 'string', default: '15' },
    seconds: { type: 'string', default: '1' },
    locks: { type: 'string', default: String(LOCKS) },
  },
});

const adminAddress = `127.0.0.1:${await freePort()}`;
const own = await startOwnServer({ program: values.program, shards: 1, adminAddress });
try {
  if (values.base !== undefined) process.stdout.write(await compare(values.base));
  process.stdout.write(await measureScrapes(Number(values.locks)));
} finally {
  await own.stop();
}

async function compare(base: string): Promise<string> {
  const other = await startOwnServer({ program: base, shards: 1 });
  const pairs: Pair[] = [];
  try {
    for (let i = 0; i < Number(values.pairs); i++) pairs.push(await runPair(other, i % 2 === 0));
  } finally {
    await other.stop();
  }
  const rows = [
    ratioRow('processor time for a call', pairs, ({ serverCpuMicros }) => serverCpuMicros),
    ratioRow('rate', pairs, ({ rate }) => rate),
  ];
  const head = ['with metrics : without', 'median', '95 % from', 'to', 'with', 'without'];
  return `## ${pairs.length} pairs at ${DEPTH.connections} x ${DEPTH.inFlight}\n\n${markdownTable(head, rows)}\n`;
}

async function runPair(other: ServerProcess, ownFirst: boolean): Promise<Pair> {
  const load = { ...DEPTH, seconds: Number(values.seconds), warmupSeconds: 0.3 };
  const runOwn = async (): Promise<LoadResult> => {
    const [result] = await Promise.all([runLoad(own, load), scrapeAmid(load.seconds)]);
    return result;
  };
  if (ownFirst) return { own: await runOwn(), other: await runLoad(other, load) };
  const result = await runLoad(other, load);
  return { own: await runOwn(), other: result };
}

/** Scrapes once while the load is measured: the generator takes a moment to start, then warms up. */
async function scrapeAmid(seconds: number): Promise<void> {
  await sleep(600 + seconds * 500);
  await scrape();
}

function ratioRow(what: string, pairs: readonly Pair[], read: (result: LoadResult) => number): string[] {
  const ratios = pairs.map((pair) => read(pair.own) / read(pair.other));
  const [low, high] = medianInterval(ratios);
  const each = [median(pairs.map(({ own }) => read(own))), median(pairs.map(({ other }) => read(other)))];
  return [what, ...[median(ratios), low, high].map((ratio) => ratio.toFixed(3)), ...each.map(shortNumber)];
}

async function measureScrapes(locks: number): Promise<string> {
  const rows = [await scrapeRow('0')];
  const depth = ['--connections', '8', '--in-flight', '64', '--count', String(locks)];
  const held = await HeldLoad.start(['--address', own.address, '--mode', 'hold', ...depth]);
  try {
    rows.push(await scrapeRow(String(locks)));
  } finally {
    await held.end();
  }
  const head = [
    'locks held',
    'median ms',
    `below ${SCRAPE_MS_MAX}`,
    'worst ms',
    `below ${SCRAPE_MS_MAX}`,
    'bytes',
  ];
  return `## A scrape, ${SCRAPES} times\n\nLoad average ${readLoadAverage()}.\n\n${markdownTable(head, rows)}`;
}

async function scrapeRow(locks: string): Promise<string[]> {
  const times: number[] = [];
  let bytes = 0;
  for (let i = 0; i < SCRAPES; i++) {
    const fromMs = performance.now();
    const text = await scrape();
    times.push(performance.now() - fromMs);
    bytes = text.length;
    if (!text.includes(`\nldlm_holders ${locks}\n`)) throw new Error(`not ${locks} locks are held`);
    await sleep(PAUSE_MS);
  }
  const judged = [median(times), Math.max(...times)].flatMap((ms) => [
    shortNumber(ms),
    ms < SCRAPE_MS_MAX ? 'yes' : 'no',
  ]);
  return [locks, ...judged, String(bytes)];
}

async function scrape(): Promise<string> {
  const { statusCode, body } = await request(`http://${adminAddress}/metrics`);
  const text = await body.text();
  if (statusCode !== 200) throw new Error(`the scrape was answered with ${statusCode}`);
  return text;
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
