import type { LockInfo, WatchStep } from '../../../src/contract/lock-info.ts';
import type {
  Inspector,
  UnlockOutcome,
  Watch,
  WatchQuery,
} from '../../../src/server/inspection/inspector.ts';

/** An inspector whose one watch is in the hands of the test: what it tells, and what it is told. */
export class RecordedWatch implements Inspector {
  readonly calls: string[] = [];
  prefix = '';
  #listener: (steps: readonly WatchStep[]) => void = () => {};

  watch({ prefix }: WatchQuery, listener: (steps: readonly WatchStep[]) => void): Watch {
    this.prefix = prefix;
    this.#listener = listener;
    this.calls.push('watch');
    return {
      pause: () => this.calls.push('pause'),
      resume: () => this.calls.push('resume'),
      close: () => this.calls.push('close'),
    };
  }

  tell(...steps: readonly WatchStep[]): void {
    this.#listener(steps);
  }

  async list(): Promise<never> {
    throw new Error('nobody lists');
  }

  async get(): Promise<LockInfo | null> {
    return null;
  }

  async unlock(): Promise<UnlockOutcome> {
    throw new Error('nobody unlocks');
  }
}
