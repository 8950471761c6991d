import { HttpFailures } from '../http-failures.ts';
import { LimitedLines } from '../limited-lines.ts';
import type { Logger } from '../logger.ts';

/** What goes wrong with REST connections by their clients' fault. */
export class RestFailures extends HttpFailures {
  readonly #streams: LimitedLines;
  readonly #passwords: LimitedLines;

  /** @param peerFailed is told of each connection that has ended because its client broke HTTP */
  constructor(logger: Logger, peerFailed: () => void) {
    const streams = new LimitedLines(logger, 'info', 'REST stream cut off');
    const passwords = new LimitedLines(logger, 'warn', 'Invalid password from client');
    super(logger, 'REST', peerFailed, [streams, passwords]);
    this.#streams = streams;
    this.#passwords = passwords;
  }

  /** We have given up one answer of a client of HTTP/2, whose connection goes on. */
  streamCutOff(address: string, reason: string): void {
    this.#streams.write({ remote_address: address, reason });
  }

  /** LDLM writes this line, and names the address so. */
  passwordRefused(address: string): void {
    this.#passwords.write({ client_addr: address });
  }
}
