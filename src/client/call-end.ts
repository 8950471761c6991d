import { TIMER_MS_MAX } from './pause.ts';
import { type CallLimits, TransportError } from './transport.ts';

/**
 * When a call is given up, however many requests it takes: its caller aborts it, or its time is over. It keeps no process
 * running: see ProcessHold.
 */
export class CallEnd {
  /** Called when it comes. One at a time: a call does one thing after another. */
  onEnd: ((error: TransportError) => void) | null = null;
  readonly #signal: AbortSignal | undefined;
  readonly #timer: NodeJS.Timeout | undefined;
  #error: TransportError | null = null;
  readonly #abort = (): void => this.#end(new TransportError('aborted', 'the call was aborted'));

  constructor({ signal, timeoutMs }: CallLimits) {
    this.#signal = signal;
    if (signal?.aborted === true) this.#abort();
    else signal?.addEventListener('abort', this.#abort, { once: true });
    if (timeoutMs === undefined) return;
    const late = (): void =>
      this.#end(new TransportError('unanswered', `there was no answer within ${timeoutMs} ms`));
    this.#timer = setTimeout(late, Math.min(timeoutMs, TIMER_MS_MAX));
    this.#timer.unref();
  }

  /** @throws TransportError when it has come */
  check(): void {
    if (this.#error !== null) throw this.#error;
  }

  /** Resolves with the value, unless the end comes first, with which it rejects. */
  async race<Value>(promise: Promise<Value>): Promise<Value> {
    try {
      return await new Promise((resolve, reject) => {
        promise.then(resolve, reject);
        this.onEnd = reject;
        if (this.#error !== null) reject(this.#error);
      });
    } finally {
      this.onEnd = null;
    }
  }

  /** The call is over: nothing is waited for any more. */
  close(): void {
    clearTimeout(this.#timer);
    this.#signal?.removeEventListener('abort', this.#abort);
  }

  #end(error: TransportError): void {
    this.#error ??= error;
    this.onEnd?.(error);
  }
}
