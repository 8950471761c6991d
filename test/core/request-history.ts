import type { LockStep, RequestChoice } from './step.ts';

/** A Lock as it is sent. */
export type LockSent = Omit<LockStep, 'requestId' | 'flaw'> & { readonly requestId: string };

const REMEMBERED = 4;

/** Turns the request choices of steps into ids, and repeats earlier Locks. */
export class RequestHistory {
  /** Newest first. */
  readonly #sent: LockSent[] = [];
  #ids = 0;

  lockToSend(step: LockStep): LockSent {
    const { requestId: choice, ...plain } = { ...step, ...step.flaw };
    const repeated = typeof choice === 'number' ? this.#sent[choice] : undefined;
    if (repeated !== undefined) {
      const { name, size, permits, mode, requestId } = repeated;
      return { ...plain, name, size, permits, mode, ...step.flaw, requestId };
    }
    const sent = { ...plain, requestId: this.#fixedId(choice) };
    if (choice === 'new') {
      this.#sent.unshift(sent);
      this.#sent.splice(REMEMBERED);
    }
    return sent;
  }

  /** The name and the id of an Unlock; the name is given only with an id that was used for one. */
  unlockToSend(choice: RequestChoice): { name: string | null; requestId: string } {
    const repeated = typeof choice === 'number' ? this.#sent[choice] : undefined;
    return repeated ?? { name: null, requestId: this.#fixedId(choice) };
  }

  #fixedId(choice: RequestChoice): string {
    if (choice === 'new') return `request-${++this.#ids}`;
    return choice === 'short' ? 'short' : '';
  }
}
