import { describe, expect, it } from 'vitest';
import * as errors from '../../src/client/errors.ts';
import { ErrorCode } from '../../src/contract/error-code.ts';

const { LdlmError, LockLostError, StaleTokenError, refusalError } = errors;
const cause = new Error('connect ECONNREFUSED');

type Class = abstract new (...args: never[]) => errors.LdlmError;

/** Each class by its name, what it makes, and the code and the message of that. */
const failures: [string, Class, errors.LdlmError, string, string][] = [
  [
    'LockLostError',
    errors.LockLostError,
    new LockLostError('a "b"', 'it was late', cause),
    'LDLM_LOCK_LOST',
    'the lock "a \\"b\\"" is lost: it was late',
  ],
  [
    'ServerUnavailableError',
    errors.ServerUnavailableError,
    new errors.ServerUnavailableError('a "b"', cause),
    'LDLM_SERVER_UNAVAILABLE',
    'the server cannot be reached: connect ECONNREFUSED',
  ],
  [
    'AuthenticationError',
    errors.AuthenticationError,
    new errors.AuthenticationError('a "b"', cause),
    'LDLM_AUTHENTICATION',
    'the server refuses the password: connect ECONNREFUSED',
  ],
  [
    'CallFailedError',
    errors.CallFailedError,
    new errors.CallFailedError('a "b"', cause),
    'LDLM_CALL_FAILED',
    'connect ECONNREFUSED',
  ],
];

const refusals: [keyof typeof ErrorCode, string, Class, string][] = [
  ['Unknown', 'LockRefusedError', errors.LockRefusedError, 'LDLM_LOCK_REFUSED'],
  ['LockDoesNotExist', 'LockDoesNotExistError', errors.LockDoesNotExistError, 'LDLM_LOCK_DOES_NOT_EXIST'],
  ['InvalidLockKey', 'InvalidLockKeyError', errors.InvalidLockKeyError, 'LDLM_INVALID_LOCK_KEY'],
  ['LockWaitTimeout', 'LockWaitTimeoutError', errors.LockWaitTimeoutError, 'LDLM_LOCK_WAIT_TIMEOUT'],
  ['NotLocked', 'NotLockedError', errors.NotLockedError, 'LDLM_NOT_LOCKED'],
  [
    'LockDoesNotExistOrInvalidKey',
    'LockDoesNotExistOrInvalidKeyError',
    errors.LockDoesNotExistOrInvalidKeyError,
    'LDLM_LOCK_DOES_NOT_EXIST_OR_INVALID_KEY',
  ],
  ['LockSizeMismatch', 'LockSizeMismatchError', errors.LockSizeMismatchError, 'LDLM_LOCK_SIZE_MISMATCH'],
  ['InvalidLockSize', 'InvalidLockSizeError', errors.InvalidLockSizeError, 'LDLM_INVALID_LOCK_SIZE'],
];

describe('a refusal of the server', () => {
  it.each(refusals)('for %s has the class %s', (reason, name, type, code) => {
    const error = refusalError('a', ErrorCode[reason], 'what it says');
    expect(error).toBeInstanceOf(type);
    expect(error).toBeInstanceOf(LdlmError);
    expect(error).toMatchObject({ name, code, ldlmCode: ErrorCode[reason], lockName: 'a' });
    expect(error.message).toBe('what it says');
    expect(error).not.toHaveProperty('cause');
  });

  it('has a class for every number that there is', () => {
    expect(refusals.map(([reason]) => reason).sort()).toEqual(Object.keys(ErrorCode).sort());
  });

  it.each([8, 99, -1, 2 ** 32 - 1, Number.NaN])(
    'with the number %d, which nobody knows, has its message',
    (code) => {
      expect(refusalError('a', code, 'something new')).toMatchObject({
        name: 'LockRefusedError',
        ldlmCode: ErrorCode.Unknown,
        message: 'something new',
      });
    },
  );

  it('to renew is known by its text where older servers send no number', () => {
    const error = refusalError('a', ErrorCode.Unknown, 'lock does not exist or invalid key');
    expect(error).toBeInstanceOf(errors.LockDoesNotExistOrInvalidKeyError);
    expect(error.ldlmCode).toBe(ErrorCode.LockDoesNotExistOrInvalidKey);
    const other = refusalError('a', ErrorCode.Unknown, 'lock does not exist or invalid keys');
    expect(other).toBeInstanceOf(errors.LockRefusedError);
    // A number says more than a text.
    const numbered = refusalError('a', ErrorCode.LockSizeMismatch, 'lock does not exist or invalid key');
    expect(numbered).toBeInstanceOf(errors.LockSizeMismatchError);
  });
});

describe('a failure that the server has not answered with a refusal', () => {
  it.each(failures)('as %s says what and why', (name, type, error, code, message) => {
    expect(error).toBeInstanceOf(type);
    expect(error).toBeInstanceOf(LdlmError);
    expect(error).toMatchObject({ name, code, message, ldlmCode: null, lockName: 'a "b"' });
    expect(error.cause).toBe(cause);
  });

  it('may have a cause that is no error', () => {
    expect(new errors.ServerUnavailableError('', 'gone').message).toBe('the server cannot be reached: gone');
    expect(new errors.CallFailedError('', undefined).message).toBe('undefined');
    expect(new errors.AuthenticationError('', null)).toMatchObject({
      message: 'the server refuses the password: null',
      cause: null,
    });
  });

  it('has no cause when none is given', () => {
    expect(Object.hasOwn(new LockLostError('a', 'it was unlocked'), 'cause')).toBe(false);
  });
});

describe('a mistake of the caller', () => {
  it('is a closed client, with the lock or without one', () => {
    const closed = { code: 'LDLM_CLIENT_CLOSED', message: 'the client is closed', ldlmCode: null };
    expect(new errors.ClientClosedError()).toMatchObject({ ...closed, lockName: '' });
    expect(new errors.ClientClosedError('a')).toMatchObject({ ...closed, lockName: 'a' });
  });

  it('is an option that cannot be used, with the lock or without one', () => {
    const wrong = { name: 'InvalidOptionError', code: 'LDLM_INVALID_OPTION', message: 'size must be 1' };
    expect(new errors.InvalidOptionError('size must be 1')).toMatchObject({ ...wrong, lockName: '' });
    expect(new errors.InvalidOptionError('size must be 1', 'a')).toMatchObject({ ...wrong, lockName: 'a' });
  });
});

describe('a stale token', () => {
  it('is told together with the one that was seen, with all of their digits', () => {
    const error = new StaleTokenError('/tmp/f', 2n ** 53n + 1n, 2n ** 64n - 1n);
    expect(error).toMatchObject({
      name: 'StaleTokenError',
      code: 'LDLM_STALE_TOKEN',
      message: '/tmp/f: token 9007199254740993 is stale, 18446744073709551615 was seen',
      fencingToken: 2n ** 53n + 1n,
      largestToken: 2n ** 64n - 1n,
      ldlmCode: null,
      lockName: '',
    });
  });
});

describe('the classes of errors', () => {
  it('have a code of their own each', () => {
    const made = [
      ...failures.map(([, , error]) => error.code),
      ...refusals.map(([, , , code]) => code),
      new errors.ClientClosedError().code,
      new errors.TlsError('', new Error('no')).code,
      new errors.InvalidOptionError('').code,
      new StaleTokenError('', 0n, 1n).code,
    ];
    const classes = Object.values(errors).filter((value) => value !== refusalError && value !== LdlmError);
    expect(new Set(made).size).toBe(classes.length);
  });

  it('can be derived from, with a name of their own', () => {
    class BusyError extends LdlmError {}
    const error = new BusyError('MINE', 'busy');
    expect(error).toMatchObject({ name: 'BusyError', code: 'MINE', lockName: '', ldlmCode: null });
    expect(String(error)).toBe('BusyError: busy');
    expect(error.stack).toContain('errors.test.ts');
  });
});
