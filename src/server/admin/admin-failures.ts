import { LimitedLines } from '../limited-lines.ts';
import type { Logger } from '../logger.ts';

/** What goes wrong with connections to the admin listener by their clients' fault: a line each, with the address and the reason. */
export class AdminFailures {
  readonly #peerFailed: () => void;
  readonly #protocol: LimitedLines;
  readonly #cutOff: LimitedLines;
  readonly #handshakes: LimitedLines;
  readonly #turnedAway: LimitedLines;
  readonly #passwords: LimitedLines;

  /** @param peerFailed is told of each connection that has ended because its client broke HTTP */
  constructor(logger: Logger, peerFailed: () => void) {
    this.#peerFailed = peerFailed;
    this.#protocol = new LimitedLines(logger, 'info', 'admin connection failed');
    this.#cutOff = new LimitedLines(logger, 'info', 'admin connection cut off');
    this.#handshakes = new LimitedLines(logger, 'info', 'admin TLS handshake failed');
    // Somebody may keep the operator out.
    this.#turnedAway = new LimitedLines(logger, 'warn', 'admin connection turned away');
    // Whoever gets in here releases every lock, so tries are told of as those of clients are.
    this.#passwords = new LimitedLines(logger, 'warn', 'admin authentication failed');
  }

  /** A client broke HTTP. `error` is the code that Node.js has for it. */
  protocolBroken(address: string, error: string, reason: string): void {
    this.#peerFailed();
    this.#protocol.write({ remote_address: address, error, reason });
  }

  /** We have given the client up. */
  cutOff(address: string, reason: string): void {
    this.#cutOff.write({ remote_address: address, reason });
  }

  handshakeFailed(address: string, reason: string): void {
    this.#handshakes.write({ remote_address: address, reason });
  }

  /** There was no room for the connection. */
  turnedAway(address: string, reason: string): void {
    this.#turnedAway.write({ remote_address: address, reason });
  }

  passwordRefused(address: string, reason: string): void {
    this.#passwords.write({ remote_address: address, reason });
  }

  /** Tells of what was only counted so far. */
  close(): void {
    const all = [this.#protocol, this.#cutOff, this.#handshakes, this.#turnedAway, this.#passwords];
    for (const lines of all) lines.close();
  }
}
