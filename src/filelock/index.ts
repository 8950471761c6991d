/** What `ldlm-ts/filelock` exports. */
export type { FileLockOptions } from './file-hold.ts';
export { type AcquireOptions, FileLock } from './file-lock.ts';
export { FileLockError, FileLockedError, FileLockTimeoutError, FileLockUseError } from './file-lock-error.ts';
export { type AcquireLockOptions, LockMgr } from './lock-mgr.ts';
