import type { HeldLock } from './held-lock.ts';

/** Several locks that are held together. `await using` releases them. */
export class HeldLocks implements AsyncDisposable {
  /** In the order in which they were acquired. */
  readonly locks: readonly HeldLock[];

  /** @internal */
  constructor(locks: readonly HeldLock[]) {
    this.locks = locks;
  }

  /** Whether all of them are certainly held now. */
  get locked(): boolean {
    return this.locks.every(({ locked }) => locked);
  }

  /** Releases them, the last one first. True: all were held until now. @throws AggregateError when releases failed */
  async release(): Promise<boolean> {
    const settled = await Promise.allSettled([...this.locks].reverse().map((lock) => lock.release()));
    const errors = settled.flatMap((end) => (end.status === 'rejected' ? [end.reason] : []));
    if (errors.length > 0) throw new AggregateError(errors, 'not all locks could be released');
    return settled.every((end) => end.status === 'fulfilled' && end.value);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.release();
  }
}
