/**
 * `npm run demo:cluster`: a ZooKeeper ensemble of three and three lock servers under load, of which each is killed in turn and
 * started again, while a checker watches. Prints what happens and draws it. Needs Java and Debian's ZooKeeper. See
 * bench/README.md.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startEnsemble } from './ensemble.ts';
import { FULL_PACE, QUICK_PACE, runFaultPlan } from './fault-plan.ts';
import { LOCK_NAMES, Load } from './load.ts';
import { LockChecker } from './lock-checker.ts';
import { LockServer } from './lock-server.ts';
import { Timeline } from './timeline.ts';
import { drawTimeline } from './timeline-svg.ts';
import { summarize, TimelineLines } from './timeline-text.ts';
import { failuresOf } from './verdict.ts';

const SERVERS = 3;
const SESSION_TIMEOUT_MS = 4_000;
/**
 * Half of it: while its server is away a holder is told at the lock timeout, and that is before the session ends and somebody
 * else is granted the lock.
 */
const LOCK_TIMEOUT_MS = SESSION_TIMEOUT_MS / 2;
const FAILURES_SHOWN = 20;

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    svg: { type: 'string', default: 'bench/report/cluster.svg' },
  },
});

const stop = new AbortController();
// A second signal ends the program at once; the kernel ends what it has started.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());

const folder = mkdtempSync(join(tmpdir(), 'ldlm-cluster-'));
const say = (text: string): void => void process.stdout.write(`${text}\n`);

say(`Starting a ZooKeeper ensemble of three and ${SERVERS} lock servers`);
const ensemble = await startEnsemble(folder);
const servers: LockServer[] = [];
const failures: string[] = [];
try {
  for (let number = 1; number <= SERVERS; number++) servers.push(await placeServer(number));
  await Promise.all(servers.map((server) => server.start()));
  failures.push(...(await demonstrate()));
} catch (error) {
  failures.push(error instanceof Error ? error.message : String(error));
} finally {
  await Promise.all(servers.map((server) => server.stop()));
  await ensemble.stop();
}
for (const failure of failures.slice(0, FAILURES_SHOWN)) say(`FAILED: ${failure}`);
if (failures.length > FAILURES_SHOWN) say(`FAILED: ${failures.length - FAILURES_SHOWN} more`);
if (failures.length > 0) say(`The logs of all processes are in ${folder}`);
else rmSync(folder, { recursive: true });
process.exitCode = failures.length > 0 ? 1 : 0;

function placeServer(number: number): Promise<LockServer> {
  return LockServer.place({
    name: `server ${number}`,
    connectString: `${ensemble.connectString}/demo`,
    sessionTimeoutMs: SESSION_TIMEOUT_MS,
    folder,
  });
}

/** Returns what went wrong. */
async function demonstrate(): Promise<readonly string[]> {
  const beganMs = performance.now();
  const timeline = new Timeline(() => performance.now() - beganMs);
  const checker = new LockChecker((what) => timeline.event(`VIOLATION: ${what}`));
  const addresses = servers.map(({ address }) => address);
  const timing = { sessionTimeoutMs: SESSION_TIMEOUT_MS, lockTimeoutMs: LOCK_TIMEOUT_MS };
  const load = new Load({ addresses, ...timing, checker, timeline });
  say(
    `${load.size}; --zookeeper_session_timeout ${SESSION_TIMEOUT_MS / 1_000}s, lock timeout ${LOCK_TIMEOUT_MS / 1_000} s\n`,
  );
  say('time   grants');
  load.start();
  const lines = printLines(timeline);
  let broken: string | null = null;
  try {
    await runFaultPlan({
      processes: [...ensemble.nodes, ...servers],
      pace: values.quick ? QUICK_PACE : FULL_PACE,
      timeline,
      touchedBy: ({ kind, name }) =>
        // Every lock needs ZooKeeper.
        kind === 'zookeeper'
          ? LOCK_NAMES
          : load.touchedBy(servers.findIndex((server) => server.name === name)),
      signal: stop.signal,
    });
  } catch (error) {
    broken = stop.signal.aborted ? 'it was interrupted' : `a process did not recover: ${String(error)}`;
  }
  lines.abort();
  const untilMs = timeline.nowMs;
  await load.stop();
  const found = failuresOf(timeline, checker, { lockNames: LOCK_NAMES, servers: SERVERS, untilMs });
  if (broken !== null) found.unshift(broken);
  say(`\n${summarize(timeline, checker, LOCK_NAMES, untilMs, SESSION_TIMEOUT_MS)}`);
  draw(timeline, checker, untilMs);
  return found;
}

function printLines(timeline: Timeline): AbortController {
  const end = new AbortController();
  const lines = new TimelineLines(timeline);
  const run = async (): Promise<void> => {
    for (let second = 1; ; second++) {
      await sleep(Math.max(0, second * 1_000 - timeline.nowMs), undefined, { signal: end.signal });
      say(lines.next(second));
    }
  };
  run().catch(() => {});
  return end;
}

function draw(timeline: Timeline, checker: LockChecker, untilMs: number): void {
  const path = resolve(values.svg);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, drawTimeline(timeline, checker, LOCK_NAMES, untilMs));
  say(`Picture: ${relative('.', path)}`);
}
