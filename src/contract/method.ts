/**
 * The calls of the `ldlm.LDLM` service as numbers, as they stand in the records between the threads.
 * RefreshLock is the older name of Renew with the same bytes on the wire, so both are one method here.
 */
export const Method = { Lock: 1, TryLock: 2, Unlock: 3, Renew: 4 } as const;

export type Method = (typeof Method)[keyof typeof Method];
