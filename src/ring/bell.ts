/** The shared words of the main thread's bell, as indexes into its Int32Array. */
const BellWord = { MainSleeps: 0 } as const;

/** Makes the shared memory of a bell. One serves all shards of a pool. */
export function createBellMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(128);
}

/**
 * The shard's end of the bell that wakes the main thread. The main thread cannot block in `Atomics.wait`; it
 * sleeps in its event loop, and a message on a port is what ends that. A message costs microseconds on both
 * sides, so it is sent only to a main thread that has announced its sleep, and once for all shards.
 */
export class BellRope {
  readonly #words: Int32Array;
  readonly #send: () => void;

  constructor(memory: SharedArrayBuffer, send: () => void) {
    this.#words = new Int32Array(memory);
    this.#send = send;
  }

  /** To be called after every publication: rings if the main thread sleeps and nobody else rang meanwhile. */
  ring(): void {
    if (Atomics.load(this.#words, BellWord.MainSleeps) === 0) return;
    if (Atomics.exchange(this.#words, BellWord.MainSleeps, 0) === 1) this.#send();
  }
}

/**
 * The main thread's end of the bell.
 *
 * No ring is lost: the main thread stores MainSleeps = 1 and then looks at all rings once more; a shard publishes
 * and then loads MainSleeps. All are sequentially consistent, so either the shard sees that the main thread
 * sleeps and rings, or the main thread sees what was published.
 */
export class BellListener {
  readonly #words: Int32Array;

  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory);
  }

  /** Announces sleep. The caller looks at its rings once more after this, and calls `stayAwake` if it finds anything. */
  announceSleep(): void {
    Atomics.store(this.#words, BellWord.MainSleeps, 1);
  }

  /** Takes the announcement back. False: a shard rang already, and its message is on the way. */
  stayAwake(): boolean {
    return Atomics.exchange(this.#words, BellWord.MainSleeps, 0) === 1;
  }
}
