import type { Logger } from './logger.ts';
import type { ArrivalCounts } from './metrics/door-metrics.ts';

/** Counts and tells what becomes of those who come to the listeners of one protocol and are not served. */
export class ListenerReport {
  readonly #logger: Logger;
  /** What the lines call the connections. */
  readonly #connections: string;
  readonly #counts: ArrivalCounts;

  /**
   * @param kind what kind of connections they are; empty for those of gRPC, whose lines name none
   * @param counts are those of all protocols together
   */
  constructor(logger: Logger, kind: '' | 'REST' | 'admin', counts: ArrivalCounts) {
    this.#logger = logger;
    this.#connections = kind === '' ? 'connections' : `${kind} connections`;
    this.#counts = counts;
  }

  /** The system is out of something, for a moment: who waits to be accepted goes on waiting. */
  acceptFailed(error: Error): void {
    this.#logger.error({ error: error.message }, `cannot accept ${this.#connections}`);
  }

  /** So many newcomers were turned away, because too many came at once or too many are there. */
  turnedAway(count: number): void {
    this.#counts.turnedAway += count;
    this.#logger.warn({ count }, `too many new ${this.#connections}: some were turned away`);
  }

  /** A connection has ended because its peer broke the protocol. What it did is told where that is known. */
  peerFailed(): void {
    this.#counts.failed++;
  }
}
