import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';

/** How long long work rests after a piece while there are requests. A piece takes some tenths of a millisecond. */
const REST_MS = 3;

/**
 * Divides the long work of administrators, such as a listing of a million locks, into pieces that clients hardly feel:
 * a piece of it delays every request that comes meanwhile, so while requests come, it rests for much longer than a piece
 * takes. When nobody else wants anything, it goes on at once.
 */
export class TurnPacer {
  readonly #countRequests: () => number;
  #requests = 0;

  /** @param countRequests how many requests there have been so far */
  constructor(countRequests: () => number) {
    this.#countRequests = countRequests;
  }

  /** Resolves when the next piece may be worked on. */
  async next(): Promise<void> {
    await nextTurn();
    const requests = this.#countRequests();
    const isBusy = requests !== this.#requests;
    this.#requests = requests;
    if (isBusy) await sleep(REST_MS);
  }
}
