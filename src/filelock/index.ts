/** What `ldlm-ts/filelock` exports. */
export { type AcquireOptions, FileLock, type FileLockOptions } from './file-lock.ts';
export { FileLockError, FileLockedError, FileLockTimeoutError, FileLockUseError } from './file-lock-error.ts';
export { type AcquireLockOptions, LockMgr } from './lock-mgr.ts';
