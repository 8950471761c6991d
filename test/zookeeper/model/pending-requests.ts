import { RequestTimeoutError } from '../../../src/zookeeper/zookeeper-error.ts';
import type { ModelLink } from './model-link.ts';

/** Other than a write, the others may be sent twice, because they change nothing. */
export type RequestKind = 'read' | 'sync' | 'write';

export interface Request {
  readonly path: string;
  readonly kind: RequestKind;
  /** What the server does. */
  readonly perform: (link: ModelLink) => unknown;
  readonly succeed: (value: unknown) => void;
  readonly fail: (error: unknown) => void;
  readonly madeMs: number;
  isSent: boolean;
}

/** Requests that are not answered, in the order in which they were made. Those that were sent stand before all others. */
export class PendingRequests {
  readonly timeoutMs: number;
  #requests: Request[] = [];

  constructor(timeoutMs: number) {
    this.timeoutMs = timeoutMs;
  }

  /** When the oldest has been waiting for a connection for too long; infinity when there is none. */
  get firstTimeoutMs(): number {
    const first = this.#requests.find(({ isSent }) => !isSent);
    return (first?.madeMs ?? Number.POSITIVE_INFINITY) + this.timeoutMs;
  }

  get isEmpty(): boolean {
    return this.#requests.length === 0;
  }

  add(request: Request): void {
    this.#requests.push(request);
  }

  /** @returns whether it was still waited for */
  remove(request: Request): boolean {
    const at = this.#requests.indexOf(request);
    if (at >= 0) this.#requests.splice(at, 1);
    return at >= 0;
  }

  unsent(): Request[] {
    return this.#requests.filter(({ isSent }) => !isSent);
  }

  /** Those that were sent are sent again if they may be, and fail if not. */
  disconnect(errorFor: (path: string) => Error): void {
    const failed = this.#requests.filter(({ isSent, kind }) => isSent && kind === 'write');
    this.#requests = this.#requests.filter((request) => !failed.includes(request));
    for (const request of this.#requests) request.isSent = false;
    for (const { fail, path } of failed) fail(errorFor(path));
  }

  failUnsent(errorFor: (path: string) => Error): void {
    const failed = this.unsent();
    this.#requests = this.#requests.filter(({ isSent }) => isSent);
    for (const { fail, path } of failed) fail(errorFor(path));
  }

  failAll(errorFor: (path: string) => Error): void {
    for (const { fail, path } of this.#requests.splice(0)) fail(errorFor(path));
  }

  /** As with the client: what was sent is answered, or lost with its connection. */
  failOverdue(nowMs: number): void {
    while (this.firstTimeoutMs <= nowMs) {
      const at = this.#requests.findIndex(({ isSent }) => !isSent);
      const [{ fail, path }] = this.#requests.splice(at, 1) as [Request];
      fail(new RequestTimeoutError(path, this.timeoutMs));
    }
  }
}
