import type { Socket } from 'node:net';
import { REQUEST_CUT_SHORT, REQUEST_TIMEOUT } from './broken-request.ts';
import { LimitedLines } from './limited-lines.ts';
import type { Logger } from './logger.ts';
import { peerAddress } from './session-directory.ts';

/** What is known of a connection, or of the request of one. */
type Peer = Pick<Socket, 'remoteAddress' | 'remotePort'>;

/** What goes wrong with connections of HTTP by their clients' fault: a line each, with the address and the reason. */
export class HttpFailures {
  readonly #peerFailed: () => void;
  readonly #protocol: LimitedLines;
  readonly #cutOff: LimitedLines;
  readonly #handshakes: LimitedLines;
  readonly #others: readonly LimitedLines[];

  /**
   * @param kind what the lines call the connections
   * @param peerFailed is told of each connection that has ended because its client broke HTTP
   * @param others lines that are closed with these
   */
  constructor(logger: Logger, kind: string, peerFailed: () => void, others: readonly LimitedLines[]) {
    this.#peerFailed = peerFailed;
    this.#protocol = new LimitedLines(logger, 'info', `${kind} connection failed`);
    this.#cutOff = new LimitedLines(logger, 'info', `${kind} connection cut off`);
    this.#handshakes = new LimitedLines(logger, 'info', `${kind} TLS handshake failed`);
    this.#others = others;
  }

  /**
   * A request was refused that is none. `error` is the code that Node.js has for it: too late is no break of HTTP, and
   * neither is an end in the middle. So clients go that give up, or whose process is killed; a reset leaves no line either.
   */
  requestRefused(address: string, error: string, reason: string): void {
    if (error === REQUEST_CUT_SHORT) return;
    if (error === REQUEST_TIMEOUT) this.cutOff(address, reason);
    else this.protocolBroken(address, error, reason);
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

  /** Tells of what was only counted so far. */
  close(): void {
    for (const lines of [this.#protocol, this.#cutOff, this.#handshakes, ...this.#others]) lines.close();
  }
}

/** Where a connection comes from, as lines of the log show it. */
export function addressOf({ remoteAddress, remotePort }: Peer): string {
  return peerAddress(remoteAddress, remotePort);
}
