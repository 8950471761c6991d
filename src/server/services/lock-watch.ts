import { Limits } from '../../base/limits.ts';
import type { WatchStep } from '../../contract/lock-info.ts';
import type { ServerCall } from '../../protocol/grpc/service-method.ts';
import type { Watch } from '../inspection/inspector.ts';

/** How soon after a pause it is looked whether the client has read; the time between looks doubles up to the second. */
const FIRST_LOOK_MS = 10;
const LAST_LOOK_MS = 160;
/** So many steps are put into bytes before others have their turn: a third of a millisecond's work. */
const STEPS_PER_TURN = 50;

/**
 * Passes the steps of a watch on to one call, as fast as its client reads and no faster: a client that has left too
 * much unread pauses the watch, and what happens meanwhile is counted where it happens. So a client that does not read
 * costs what it has left unread once, and a look now and then.
 */
export class LockWatch {
  readonly #call: ServerCall;
  readonly #encode: (step: WatchStep) => Uint8Array;
  #watch: Watch | null = null;
  /** Steps that are still to be put into bytes, from `#next` on. */
  #steps: WatchStep[] = [];
  #next = 0;
  #turn: NodeJS.Immediate | null = null;
  /** Runs while the watch is paused. */
  #look: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(call: ServerCall, encode: (step: WatchStep) => Uint8Array) {
    this.#call = call;
    this.#encode = encode;
  }

  /** Begins. `watch` starts the watch with the listener that it is given. */
  start(watch: (listener: (steps: readonly WatchStep[]) => void) => Watch): void {
    this.#watch = watch((steps) => this.#take(steps));
    // Steps may have come before the watch was ours to pause.
    this.#pauseIfBacklogged();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#steps = [];
    if (this.#turn !== null) clearImmediate(this.#turn);
    if (this.#look !== null) clearTimeout(this.#look);
    this.#watch?.close();
  }

  #take(steps: readonly WatchStep[]): void {
    if (this.#closed) return;
    for (const step of steps) this.#steps.push(step);
    // While the watch is paused, what comes goes on when the client has read.
    if (this.#turn === null && this.#look === null) this.#send();
    this.#pauseIfBacklogged();
  }

  /** Sends what one turn has room for; the rest follows when others had theirs. */
  #send(): void {
    this.#turn = null;
    const end = Math.min(this.#next + STEPS_PER_TURN, this.#steps.length);
    // A step of a long name is long: what waits is looked at before each.
    while (this.#next < end && !this.#isBacklogged()) {
      this.#call.send(this.#encode(this.#steps[this.#next++]!));
    }
    if (this.#next < this.#steps.length) {
      if (!this.#isBacklogged()) this.#turn = setImmediate(() => this.#send());
    } else {
      this.#steps = [];
      this.#next = 0;
    }
    this.#pauseIfBacklogged();
  }

  #isBacklogged(): boolean {
    return this.#call.backlogBytes > Limits.watchBacklogBytesPause;
  }

  get #waitingSteps(): number {
    return this.#steps.length - this.#next;
  }

  #pauseIfBacklogged(): void {
    if (this.#look !== null || this.#watch === null || this.#closed) return;
    const isBehind = this.#waitingSteps > Limits.watchWaitingStepsPause;
    if (!isBehind && !this.#isBacklogged()) return;
    this.#watch.pause();
    this.#lookIn(FIRST_LOOK_MS);
  }

  /** Nobody tells when a socket or a window has room again: that would cost every connection something. */
  #lookIn(ms: number): void {
    this.#look = setTimeout(() => {
      this.#look = null;
      const hasRead = this.#call.backlogBytes <= Limits.watchBacklogBytesResume;
      // What waits here goes out first; it may bring about the next pause.
      if (hasRead && this.#waitingSteps > 0 && this.#turn === null) this.#send();
      if (this.#look !== null) return;
      if (this.#waitingSteps === 0 && this.#call.backlogBytes <= Limits.watchBacklogBytesResume) {
        this.#watch?.resume();
      } else {
        this.#lookIn(hasRead ? FIRST_LOOK_MS : Math.min(2 * ms, LAST_LOOK_MS));
      }
    }, ms);
  }
}
