import { describe, expect, it } from 'vitest';
import { Refusals } from '../../../src/contract/refusal.ts';
import { LdlmServerError } from '../../../src/contract/server-error.ts';
import {
  ClusterUnreachableError,
  InspectionEndedError,
  NameTooLongError,
  nothingReleased,
  PageTokenError,
  SHOWN_KEY_CHARACTERS,
  StateSuspendedError,
  shownKey,
  TooManyInspectionsError,
  TooManyWatchesError,
  UnlockInterruptedError,
} from '../../../src/server/inspection/inspector.ts';

describe('what an inspection can come to', () => {
  it.each<[error: LdlmServerError, code: string, message: string]>([
    [
      new PageTokenError(),
      'LDLM_PAGE_TOKEN',
      'the page token is not one that this server gave since it was started',
    ],
    [new NameTooLongError(), 'LDLM_NAME_TOO_LONG', Refusals.nameTooLong.message],
    [new TooManyWatchesError(64), 'LDLM_TOO_MANY_WATCHES', 'more than 64 watches at a time'],
    [new TooManyInspectionsError(9), 'LDLM_TOO_MANY_INSPECTIONS', 'more than 9 inspections at a time'],
    [new StateSuspendedError(), 'LDLM_STATE_SUSPENDED', 'the state file cannot be written'],
    [new ClusterUnreachableError(), 'LDLM_CLUSTER_UNREACHABLE', 'ZooKeeper cannot be reached'],
    [new InspectionEndedError(), 'LDLM_INSPECTION_ENDED', 'the server is shutting down'],
  ])('is told by %s', (error, code, message) => {
    expect(error).toBeInstanceOf(LdlmServerError);
    expect([error.code, error.message]).toEqual([code, message]);
  });

  it('tells how many are released already, and why the rest is not', () => {
    const cause = new StateSuspendedError();
    const error = new UnlockInterruptedError(3, cause);
    expect([error.code, error.releasedCount, error.cause]).toEqual(['LDLM_UNLOCK_INTERRUPTED', 3, cause]);
    expect(error.message).toBe('3 holders were released, and then: the state file cannot be written');
    expect(new UnlockInterruptedError(1, 'odd').message).toBe('1 holders were released, and then: odd');
  });

  it('is nothing for a reason', () => {
    const { lockDoesNotExist: refusal } = Refusals;
    const nobody = { released: [], releasedCount: 0, holders: [], holderCount: 0 };
    expect(nothingReleased(refusal)).toEqual({ ...nobody, refusal });
  });
});

describe('a key that is shown to those who may not use it', () => {
  it.each([
    ['0c8c2e5b-1234-4abc-8def-0123456789ab', '0c8c2e5b'],
    ['12345678', '12345678'],
    ['1234', '1234'],
    ['', ''],
  ])('%j is %j', (key, shown) => {
    expect(shownKey(key)).toBe(shown);
    expect(shown.length).toBeLessThanOrEqual(SHOWN_KEY_CHARACTERS);
  });
});
