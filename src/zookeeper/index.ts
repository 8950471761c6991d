export type { ZooKeeperOptions } from './client-options.ts';
export { HeldLock } from './locks/held-lock.ts';
export { HeldLocks } from './locks/held-locks.ts';
export type { LeaseCount } from './locks/lease-limit.ts';
export * from './locks/lock-error.ts';
export { MultiLock } from './locks/multi-lock.ts';
export { Mutex, type MutexOptions } from './locks/mutex.ts';
export { type AcquireOptions, QueuedLock, type QueuedLockOptions } from './locks/queued-lock.ts';
export { ReadWriteLock } from './locks/read-write-lock.ts';
export { onRevoke, revoke } from './locks/revocation.ts';
export { type LeaseRequest, Semaphore, type SemaphoreOptions } from './locks/semaphore.ts';
export {
  SharedCount,
  type SharedCountOptions,
  type VersionedCount,
} from './locks/shared-count.ts';
export type { MultiOperation } from './multi-operation.ts';
export type {
  CreatedNode,
  CreateOptions,
  Nodes,
  SessionClock,
  SessionState,
  WatchEvent,
  Watcher,
} from './nodes.ts';
export * from './server-refusal.ts';
export type { Credentials } from './session/session-link.ts';
export type { SessionTicket } from './wire/handshake.ts';
export type { CreateMode } from './wire/op-code.ts';
export { type Acl, CREATOR_ACL, OPEN_ACL, Permission, type Stat } from './wire/records.ts';
export { ZooKeeperClient } from './zookeeper-client.ts';
export * from './zookeeper-error.ts';
