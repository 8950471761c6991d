import { HttpFailures } from '../http-failures.ts';
import { LimitedLines } from '../limited-lines.ts';
import type { Logger } from '../logger.ts';

/** What goes wrong with connections to the admin listener by their clients' fault. */
export class AdminFailures extends HttpFailures {
  readonly #turnedAway: LimitedLines;
  readonly #passwords: LimitedLines;

  /** @param peerFailed is told of each connection that has ended because its client broke HTTP */
  constructor(logger: Logger, peerFailed: () => void) {
    // Somebody may keep the operator out.
    const turnedAway = new LimitedLines(logger, 'warn', 'admin connection turned away');
    // Whoever gets in here releases every lock, so tries are told of as those of clients are.
    const passwords = new LimitedLines(logger, 'warn', 'admin authentication failed');
    super(logger, 'admin', peerFailed, [turnedAway, passwords]);
    this.#turnedAway = turnedAway;
    this.#passwords = passwords;
  }

  /** There was no room for the connection. */
  turnedAway(address: string, reason: string): void {
    this.#turnedAway.write({ remote_address: address, reason });
  }

  passwordRefused(address: string, reason: string): void {
    this.#passwords.write({ remote_address: address, reason });
  }
}
