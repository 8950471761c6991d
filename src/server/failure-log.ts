import { type Http2Error, http2ErrorName } from '../protocol/http2/error-code.ts';
import { LimitedLines } from './limited-lines.ts';
import type { Logger } from './logger.ts';
import type { SessionDirectory } from './session-directory.ts';

/** What goes wrong with gRPC connections by their peers' fault: a line each, with the address and the reason. */
export class FailureLog {
  readonly #sessions: Pick<SessionDirectory, 'find'>;
  readonly #protocol: LimitedLines;
  readonly #cutOff: LimitedLines;
  readonly #handshakes: LimitedLines;
  readonly #credentials: LimitedLines;

  constructor(logger: Logger, sessions: Pick<SessionDirectory, 'find'>) {
    this.#sessions = sessions;
    this.#protocol = new LimitedLines(logger, 'info', 'gRPC connection failed');
    this.#cutOff = new LimitedLines(logger, 'info', 'gRPC connection cut off');
    this.#handshakes = new LimitedLines(logger, 'info', 'gRPC TLS handshake failed');
    // Somebody tries passwords, or a client has a wrong one: either wants mending.
    this.#credentials = new LimitedLines(logger, 'warn', 'gRPC authentication failed');
  }

  /** The peer broke HTTP/2. `reason` is what it was told. */
  protocolBroken(session: number, error: Http2Error, reason: string): void {
    this.#protocol.write({ ...this.#attributesOf(session), error: http2ErrorName(error), reason });
  }

  /** We have given the peer up. */
  cutOff(session: number, reason: string): void {
    this.#cutOff.write({ ...this.#attributesOf(session), reason });
  }

  handshakeFailed(address: string, reason: string): void {
    this.#handshakes.write({ remote_address: address, reason });
  }

  /** Told of once for equal calls of a connection. */
  credentialsRefused(session: number, reason: string): void {
    this.#credentials.write({ ...this.#attributesOf(session), reason });
  }

  /** Tells of what was only counted so far. */
  close(): void {
    for (const lines of [this.#protocol, this.#cutOff, this.#handshakes, this.#credentials]) lines.close();
  }

  #attributesOf(session: number): { session_id?: string; remote_address?: string } {
    const info = this.#sessions.find(session);
    return info === null ? {} : { session_id: info.sessionId, remote_address: info.address };
  }
}
