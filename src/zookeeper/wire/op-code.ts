/** What a request asks for, as ZooKeeper numbers it (ZooDefs.OpCode). */
export const OpCode = {
  Create: 1,
  Delete: 2,
  Exists: 3,
  GetData: 4,
  SetData: 5,
  GetAcl: 6,
  SetAcl: 7,
  GetChildren: 8,
  Sync: 9,
  GetChildren2: 12,
  Check: 13,
  Multi: 14,
  Create2: 15,
  RemoveWatches: 18,
  CreateContainer: 19,
  CreateTtl: 21,
  Auth: 100,
  SetWatches: 101,
  GetEphemerals: 103,
  SetWatches2: 105,
  AddWatch: 106,
  CloseSession: -11,
  /** In the reply to a multi: this operation failed. */
  Error: -1,
} as const;

/** Numbers of requests that are not answered in turn. */
export const ReservedXid = {
  Notification: -1,
  Auth: -4,
  SetWatches: -8,
} as const;

/** How a node is created, and the number of that (CreateMode). */
export const CreateFlag = {
  persistent: 0,
  ephemeral: 1,
  persistentSequential: 2,
  ephemeralSequential: 3,
  container: 4,
  ttl: 5,
  ttlSequential: 6,
} as const;

export type CreateMode = keyof typeof CreateFlag;

/** How a watch is set that stays, and the number of that (AddWatchMode). */
export const WatchMode = {
  persistent: 0,
  persistentRecursive: 1,
} as const;

/** All watches of a node (Watcher.WatcherType). */
export const ANY_WATCH = 3;
