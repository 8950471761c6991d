import { checkCount } from '../client-options.ts';
import { ZooKeeperUseError } from '../zookeeper-error.ts';

/** A number of leases that others may change, as a {@link SharedCount} has it. */
export interface LeaseCount {
  readonly count: number;
  /** Calls at each change. Returns what ends that. */
  onChange(listener: (count: number) => void): () => void;
}

/** How many leases there may be now, by whatever says so; tells those who wait for one when that changes. */
export class LeaseLimit {
  readonly #path: string;
  readonly #listeners = new Set<() => void>();
  #source: number | LeaseCount = 0;
  #endSource: () => void = () => {};

  /** @throws ZooKeeperUseError */
  constructor(path: string, source: number | LeaseCount) {
    this.#path = path;
    this.source = source;
  }

  get max(): number {
    return typeof this.#source === 'number' ? this.#source : this.#source.count;
  }

  /** Whether it is a number that nobody else changes. */
  get isFixed(): boolean {
    return typeof this.#source === 'number';
  }

  /** @throws ZooKeeperUseError */
  set source(source: number | LeaseCount) {
    checkSource(source, this.#path);
    this.#source = source;
    this.#endSource();
    if (this.#listeners.size > 0) this.#listen();
    this.#tell();
  }

  /** Calls at each change. Returns what ends that. */
  onChange(listener: () => void): () => void {
    // The source is listened to only while somebody waits: it may outlive many semaphores.
    if (this.#listeners.size === 0) this.#listen();
    this.#listeners.add(listener);
    return () => {
      if (this.#listeners.delete(listener) && this.#listeners.size === 0) this.#endSource();
    };
  }

  #listen(): void {
    this.#endSource = typeof this.#source === 'number' ? () => {} : this.#source.onChange(() => this.#tell());
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}

/** @throws ZooKeeperUseError */
function checkSource(source: number | LeaseCount, path: string): void {
  const given: unknown = source;
  if (typeof given !== 'object' || given === null) checkCount('maxLeases', source as number, path);
  else if (!('count' in given && 'onChange' in given && typeof given.onChange === 'function'))
    throw new ZooKeeperUseError('maxLeases must be a whole number from 1 on, or a SharedCount', path);
}
