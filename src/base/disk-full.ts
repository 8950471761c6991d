import { systemErrorCode } from './system-error.ts';

const FULL_CODES = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

/** Whether an error of the system says that there is no room on a disk, so that the same may succeed later. */
export function isDiskFull(error: unknown): boolean {
  return FULL_CODES.has(systemErrorCode(error));
}
