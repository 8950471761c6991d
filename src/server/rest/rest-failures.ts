import type { Socket } from 'node:net';
import { LimitedLines } from '../limited-lines.ts';
import type { Logger } from '../logger.ts';
import { peerAddress } from '../session-directory.ts';

/** What is known of a connection, or of the request of one. */
type Peer = Pick<Socket, 'remoteAddress' | 'remotePort'>;

/**
 * What goes wrong with REST connections by their clients' fault: a line each, with the address and the reason.
 */
export class RestFailures {
  readonly #peerFailed: () => void;
  readonly #protocol: LimitedLines;
  readonly #cutOff: LimitedLines;
  readonly #streams: LimitedLines;
  readonly #handshakes: LimitedLines;
  readonly #passwords: LimitedLines;

  /** @param peerFailed is told of each connection that has ended because its client broke HTTP */
  constructor(logger: Logger, peerFailed: () => void) {
    this.#peerFailed = peerFailed;
    this.#protocol = new LimitedLines(logger, 'info', 'REST connection failed');
    this.#cutOff = new LimitedLines(logger, 'info', 'REST connection cut off');
    this.#streams = new LimitedLines(logger, 'info', 'REST stream cut off');
    this.#handshakes = new LimitedLines(logger, 'info', 'REST TLS handshake failed');
    this.#passwords = new LimitedLines(logger, 'warn', 'Invalid password from client');
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

  /** We have given up one answer of a client of HTTP/2, whose connection goes on. */
  streamCutOff(address: string, reason: string): void {
    this.#streams.write({ remote_address: address, reason });
  }

  handshakeFailed(address: string, reason: string): void {
    this.#handshakes.write({ remote_address: address, reason });
  }

  /** LDLM writes this line, and names the address so. */
  passwordRefused(address: string): void {
    this.#passwords.write({ client_addr: address });
  }

  /** Tells of what was only counted so far. */
  close(): void {
    const all = [this.#protocol, this.#cutOff, this.#streams, this.#handshakes, this.#passwords];
    for (const lines of all) lines.close();
  }
}

/** Where a connection comes from, as lines of the log show it. */
export function addressOf({ remoteAddress, remotePort }: Peer): string {
  return peerAddress(remoteAddress, remotePort);
}
