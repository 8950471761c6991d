import { ErrorCode } from '../contract/error-code.ts';
import { refusalError } from './errors.ts';
import type { ReplyError } from './transport.ts';

/** Whether a refused renewal says that the grant is no more, rather than that something is wrong with the request. */
export function isGrantGone(lockName: string, error: ReplyError | null): boolean {
  if (error === null) return true;
  const { ldlmCode } = refusalError(lockName, error.code, error.message);
  return (
    ldlmCode === ErrorCode.LockDoesNotExistOrInvalidKey ||
    ldlmCode === ErrorCode.LockDoesNotExist ||
    ldlmCode === ErrorCode.InvalidLockKey
  );
}
