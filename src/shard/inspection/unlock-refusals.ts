import { type Refusal, Refusals } from '../../contract/refusal.ts';

/** Why a shard may refuse to unlock for an administrator, by the number in its answer. */
export const unlockRefusals = [
  Refusals.lockDoesNotExist,
  Refusals.invalidKey,
  Refusals.severalHolders,
  Refusals.keyAmbiguous,
  Refusals.keyPrefixAmongMany,
] as const satisfies readonly Refusal[];

export const UnlockRefusal = {
  DoesNotExist: 0,
  InvalidKey: 1,
  SeveralHolders: 2,
  KeyAmbiguous: 3,
  KeyPrefixAmongMany: 4,
} as const;

export type UnlockRefusal = (typeof UnlockRefusal)[keyof typeof UnlockRefusal];
