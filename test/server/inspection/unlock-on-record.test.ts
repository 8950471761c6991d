import { describe, expect, it } from 'vitest';
import {
  StateSuspendedError,
  UnlockInterruptedError,
  type UnlockOutcome,
} from '../../../src/server/inspection/inspector.ts';
import { unlockOnRecord } from '../../../src/server/inspection/unlock-on-record.ts';
import { silentLogger } from '../../../src/server/logger.ts';
import { type LogLine, LogLines } from '../log-lines.ts';

const query = { name: 'a', key: '0123456789abcdef', all: false };

async function recordOf(unlock: () => Promise<UnlockOutcome>): Promise<LogLine[]> {
  const log = new LogLines();
  await unlockOnRecord({ unlock }, query, log.logger, 'IPC', { remote_address: 'x' }).catch(() => {});
  return log.lines;
}

const line = {
  msg: 'Handling IPC Unlock request',
  name: 'a',
  key: '01234567',
  all: false,
  remote_address: 'x',
};

describe('a forced unlock', () => {
  it('is on record with what it released', async () => {
    const outcome = { released: [], releasedCount: 1, refusal: null, holders: [], holderCount: 0 };
    expect(await recordOf(async () => outcome)).toMatchObject([{ ...line, released: 1, error: null }]);
  });

  it.each([
    [new StateSuspendedError(), 0],
    [new UnlockInterruptedError(5, new Error('the end')), 5],
  ])('is on record when it failed: %s', async (error, released) => {
    const unlock = (): Promise<never> => Promise.reject(error);
    expect(await recordOf(unlock)).toMatchObject([{ ...line, released, error: error.message }]);
    await expect(unlockOnRecord({ unlock }, query, silentLogger(), 'IPC')).rejects.toBe(error);
  });
});
