/** How a lock is held: by `size` permits, or shared by any number of readers. Numbers of `LockMode` in protos/ldlm.proto. */
export const LockMode = { Exclusive: 0, Shared: 1 } as const;

export type LockMode = (typeof LockMode)[keyof typeof LockMode];
