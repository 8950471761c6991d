import { Limits } from '../../base/limits.ts';

/** Finds out that a client does not read what was written for it. */
export class StallWatch {
  #readBytes = 0;
  #sinceMs = 0;

  /**
   * @param waitingBytes what the socket or stream has not written yet
   * @param givenBytes all that it was ever given; 0 where that is not known
   */
  hasStalled(waitingBytes: number, givenBytes: number, nowMs: number): boolean {
    const readBytes = givenBytes - waitingBytes;
    if (waitingBytes === 0 || readBytes !== this.#readBytes || this.#sinceMs === 0) {
      this.#readBytes = readBytes;
      this.#sinceMs = waitingBytes === 0 ? 0 : nowMs;
      return false;
    }
    return nowMs - this.#sinceMs > Limits.restStalledMsMax;
  }
}
