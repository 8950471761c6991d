import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { JobStops } from '../../../../src/cli/lock/run/job-stops.ts';
import { afterwards } from '../../../server/running-server.ts';

/** What is done at a stop and behind it, in order. The signals themselves are for the tests of the command. */
function run(hasGroup: boolean) {
  const acts: string[] = [];
  const stops = new JobStops({
    command: () => ({ hasGroup, kill: (signal) => void acts.push(signal) }),
    look: () => void acts.push('look'),
    stop: () => void acts.push('stop'),
  });
  afterwards(() => stops.close());
  const listeners = (): number => process.listenerCount('SIGTSTP') + process.listenerCount('SIGCONT');
  return { acts, stops, listeners };
}

describe('the stops of a job', () => {
  it.each([true, false])(
    'stop the command first, and look before it goes on (with a group: %s)',
    async (hasGroup) => {
      const { acts } = run(hasGroup);
      process.emit('SIGTSTP', 'SIGTSTP');
      process.emit('SIGTSTP', 'SIGTSTP');
      expect(acts).toEqual([]);
      await expect.poll(() => acts).toEqual(['SIGSTOP', 'stop']);
      process.emit('SIGCONT', 'SIGCONT');
      expect(acts).toEqual(['SIGSTOP', 'stop', 'look', 'SIGCONT']);
      process.emit('SIGTSTP', 'SIGTSTP');
      await expect.poll(() => acts.length).toBe(6);
    },
  );

  it('leave a command at a terminal the time to stop by itself', async () => {
    const { acts } = run(false);
    const began = performance.now();
    process.emit('SIGTSTP', 'SIGTSTP');
    await expect.poll(() => acts.length, { interval: 5 }).toBe(2);
    expect(performance.now() - began).toBeGreaterThan(95);
  });

  it('end with the command', async () => {
    const { acts, stops, listeners } = run(true);
    process.emit('SIGTSTP', 'SIGTSTP');
    stops.close();
    await sleep(50);
    expect([acts, listeners()]).toEqual([[], 0]);
  });
});
