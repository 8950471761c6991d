import { describe, expect, it } from 'vitest';
import {
  StateSuspendedError,
  UnlockInterruptedError,
  type UnlockOutcome,
} from '../../../src/server/inspection/inspector.ts';
import { unlockOnRecord } from '../../../src/server/inspection/unlock-on-record.ts';
import { createLogger } from '../../../src/server/logger.ts';

const query = { name: 'a', key: '0123456789abcdef', all: false };

async function recordOf(unlock: () => Promise<UnlockOutcome>): Promise<Record<string, unknown>[]> {
  const lines: Record<string, unknown>[] = [];
  const stream = { write: (line: string) => lines.push(JSON.parse(line) as Record<string, unknown>) };
  const logger = createLogger({ logLevel: 'info', logFormat: 'json' }, stream);
  await unlockOnRecord({ unlock }, query, logger, 'IPC', { remote_address: 'x' }).catch(() => {});
  return lines;
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
    await expect(
      unlockOnRecord({ unlock }, query, createLogger({ logLevel: 'error', logFormat: 'json' }), 'IPC'),
    ).rejects.toBe(error);
  });
});
