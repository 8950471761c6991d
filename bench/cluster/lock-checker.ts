/** Somebody who was granted a lock, as the checker needs to know it. */
export interface Holder {
  readonly who: string;
  readonly token: bigint;
  /** Whether it has been told that the lock is lost: then it does not count itself as a holder any more. */
  isLost(): boolean;
  /** How sure it is of its lock, for the message of a violation. */
  certainty(): string;
}

/** What the locks protect: it remembers the largest token that has written under a name, and refuses smaller ones. */
class FencedStore {
  readonly #largest = new Map<string, bigint>();

  write(name: string, token: bigint): boolean {
    if (token < (this.#largest.get(name) ?? 0n)) return false;
    this.#largest.set(name, token);
    return true;
  }
}

/**
 * Watches who is inside of which lock. All workers are in one process with it, so what it sees has one order, which is
 * that of real time.
 *
 * A worker is inside from the arrival of its grant to the sending of its Unlock, or until it is told that the lock is lost.
 * That lies within the time in which the cluster must keep all others out.
 */
export class LockChecker {
  /** Mistakes of the cluster, in words. */
  readonly violations: string[] = [];
  /** Writes of holders that had lost their lock, which the store has refused: what fencing tokens are for. */
  refusedByFencing = 0;
  /** Grants while a former holder went on that had been told, or could tell, that its lock was lost. */
  entriesBesideLosers = 0;
  readonly #store = new FencedStore();
  readonly #inside = new Map<string, Set<Holder>>();
  readonly #largestGranted = new Map<string, bigint>();
  readonly #onViolation: (what: string) => void;

  /** @param onViolation is told of each when it is noticed */
  constructor(onViolation: (what: string) => void = () => {}) {
    this.#onViolation = onViolation;
  }

  entered(name: string, holder: Holder): void {
    const inside = this.#inside.get(name) ?? new Set();
    this.#inside.set(name, inside);
    for (const other of inside) {
      if (other.isLost()) this.entriesBesideLosers++;
      else this.#violated(`${describe(holder)} was granted ${name}, which ${describe(other)} has`);
    }
    const largest = this.#largestGranted.get(name) ?? 0n;
    if (holder.token <= largest)
      this.#violated(`${describe(holder)} was granted ${name} after token ${largest}`);
    else this.#largestGranted.set(name, holder.token);
    inside.add(holder);
  }

  /** A holder writes into the store. Returns whether that took it. */
  wrote(name: string, holder: Holder): boolean {
    if (this.#store.write(name, holder.token)) return true;
    if (holder.isLost()) this.refusedByFencing++;
    else this.#violated(`the store has refused ${describe(holder)}, which has ${name}`);
    return false;
  }

  /** A holder is about to send its Unlock, or has given up. */
  left(name: string, holder: Holder): void {
    this.#inside.get(name)?.delete(holder);
  }

  #violated(what: string): void {
    this.violations.push(what);
    this.#onViolation(what);
  }
}

function describe(holder: Holder): string {
  return `${holder.who} (token ${holder.token}, ${holder.certainty()})`;
}
