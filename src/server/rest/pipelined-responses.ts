import type { Socket } from 'node:net';
import type { RawResponse } from './rest-call.ts';

/**
 * Responses that wait for those of earlier requests on their connection. Node.js tells nobody when such a connection
 * closes, so this does.
 */
export class PipelinedResponses {
  readonly #closed: (response: RawResponse) => void;
  readonly #waiting = new Map<Socket, Set<RawResponse>>();

  /** @param closed the connection of a response is closed; it may have been told before */
  constructor(closed: (response: RawResponse) => void) {
    this.#closed = closed;
  }

  get sockets(): number {
    return this.#waiting.size;
  }

  /** Minds a response if it has no connection of its own yet. */
  add(socket: Socket, response: RawResponse): void {
    const waiting = this.#waiting.get(socket);
    if (waiting !== undefined) {
      waiting.add(response);
      return;
    }
    const responses = new Set([response]);
    this.#waiting.set(socket, responses);
    socket.once('close', () => {
      this.#waiting.delete(socket);
      for (const response of responses) this.#closed(response);
    });
  }

  remove(socket: Socket | null, response: RawResponse): void {
    if (socket !== null) this.#waiting.get(socket)?.delete(response);
  }
}
