import { expect, it } from 'vitest';
import { labelOf, runFaultPlan } from '../../../bench/cluster/fault-plan.ts';
import type { Restartable } from '../../../bench/cluster/restartable.ts';
import { Timeline } from '../../../bench/cluster/timeline.ts';

const pace = { warmUpMs: 20, downMs: 30, recoverMs: 20, settleMs: 25 };

function fakeProcess(name: string, role: string, calls: string[], start = async () => {}): Restartable {
  return {
    ...{ name, kind: role === '' ? 'server' : 'zookeeper' },
    role: async () => role,
    async kill() {
      calls.push(`kill ${name}`);
    },
    start() {
      calls.push(`start ${name}`);
      return start();
    },
  };
}

it('kills one after the other, and starts each before the next', async () => {
  const calls: string[] = [];
  const timeline = new Timeline(() => performance.now());
  const beganMs = performance.now();
  await runFaultPlan({
    processes: [fakeProcess('ZooKeeper 1', 'leader', calls), fakeProcess('server 1', '', calls)],
    pace,
    timeline,
    touchedBy: ({ name }) => [`lock of ${name}`],
    signal: new AbortController().signal,
  });
  expect(calls).toEqual(['kill ZooKeeper 1', 'start ZooKeeper 1', 'kill server 1', 'start server 1']);
  expect(timeline.events.map(({ text }) => text)).toEqual([
    ...['kill ZooKeeper 1 (leader)', 'start ZooKeeper 1', 'ZooKeeper 1 serves again'],
    ...['kill server 1', 'start server 1', 'server 1 serves again'],
  ]);
  expect(timeline.faults.map(({ touched }) => touched)).toEqual([
    ['lock of ZooKeeper 1'],
    ['lock of server 1'],
  ]);
  // Timers of Node.js may be early by a millisecond.
  const [first, second] = timeline.faults;
  expect(first!.killedMs - beganMs).toBeGreaterThanOrEqual(pace.warmUpMs - 1);
  expect(first!.startedMs - first!.killedMs).toBeGreaterThanOrEqual(pace.downMs - 1);
  expect(first!.endMs - first!.servesMs).toBeGreaterThanOrEqual(pace.recoverMs - 1);
  expect(second!.killedMs).toBeGreaterThanOrEqual(first!.endMs);
  expect(performance.now() - second!.endMs).toBeGreaterThanOrEqual(pace.settleMs - 1);
  expect(timeline.faults.map(labelOf)).toEqual(['ZooKeeper 1 (leader)', 'server 1']);
});

it('ends with the first that does not come back', async () => {
  const calls: string[] = [];
  const timeline = new Timeline(() => performance.now());
  const broken = fakeProcess('server 1', '', calls, () => Promise.reject(new Error('it did not start')));
  const plan = runFaultPlan({
    processes: [broken, fakeProcess('server 2', '', calls)],
    ...{ pace, timeline, touchedBy: () => [], signal: new AbortController().signal },
  });
  await expect(plan).rejects.toThrow('it did not start');
  expect(calls).toEqual(['kill server 1', 'start server 1']);
  expect(timeline.faults.map(({ servesMs }) => servesMs)).toEqual([Number.POSITIVE_INFINITY]);
});
