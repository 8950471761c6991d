import { LockName } from '../../bench/load/lock-name.ts';

/** A name that many clients want, and what they see of it. */
export interface ContendedName {
  readonly name: LockName;
  readonly size: number;
  /** Holders as clients see them: from the arrival of a grant to the sending of its Unlock. */
  holders: number;
  holdersMax: number;
  grants: number;
  /** The greatest fencing token seen. */
  token: bigint;
}

const WAIT_TIMEOUT_SECONDS = 1;

/** Makes names of size 1 and 3; every other one of each is asked for with a wait timeout. */
export function makeContendedNames(ofSizeOne: number, ofSizeThree: number): ContendedName[] {
  const names: ContendedName[] = [];
  for (let i = 0; i < ofSizeOne + ofSizeThree; i++) {
    const size = i < ofSizeOne ? 1 : 3;
    const options = i % 2 === 0 ? { size } : { size, waitTimeoutSeconds: WAIT_TIMEOUT_SECONDS };
    const name = new LockName(`contended-${i}`, options);
    names.push({ name, size, holders: 0, holdersMax: 0, grants: 0, token: 0n });
  }
  return names;
}
