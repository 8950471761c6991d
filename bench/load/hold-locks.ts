import type { CallSlot } from './call-slot.ts';
import type { LoadConnection, Workload } from './load-connection.ts';
import { LockName } from './lock-name.ts';

const LOCK_TIMEOUT_SECONDS = 3600;

/** Takes locks with names of 16 bytes and a timeout, and keeps them or gives them back. */
export class HoldLocks implements Workload {
  readonly #countMax: number;
  readonly #release: boolean;
  #taken = 0;
  #running = 0;
  #resolveEnded: () => void = () => {};
  /** Resolves when all locks are taken (and given back, if they are to be). */
  readonly ended: Promise<void>;

  constructor(count: number, release: boolean) {
    this.#countMax = count;
    this.#release = release;
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
  }

  nextName(): LockName {
    const name = `hold-${String(this.#taken++).padStart(11, '0')}`;
    return new LockName(name, { lockTimeoutSeconds: LOCK_TIMEOUT_SECONDS });
  }

  start(connection: LoadConnection, slot: CallSlot): void {
    this.#running++;
    connection.send(slot);
  }

  answered(connection: LoadConnection, slot: CallSlot, status: number): void {
    if (status !== 0 || !slot.done) throw new Error(`a lock was not granted: status ${status}`);
    if (this.#release && slot.method === 'Lock') {
      slot.method = 'Unlock';
    } else if (this.#taken < this.#countMax) {
      slot.method = 'Lock';
      slot.name = this.nextName();
    } else {
      this.#running--;
      if (this.#running === 0) this.#resolveEnded();
      return;
    }
    connection.send(slot);
  }
}
