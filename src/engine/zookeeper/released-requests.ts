import { Limits } from '../../base/limits.ts';

/**
 * Requests by whose ids nothing is granted any more, for `Limits.requestMemoryMs`. All are remembered for the same time, so
 * the oldest is the first to forget.
 */
export class ReleasedRequests {
  /** Until when, oldest first. */
  readonly #forgetAtMs = new Map<string, number>();

  has(request: string, nowMs: number): boolean {
    this.#forgetOld(nowMs);
    return this.#forgetAtMs.has(request);
  }

  add(request: string, nowMs: number): void {
    this.#forgetAtMs.delete(request);
    this.#forgetAtMs.set(request, nowMs + Limits.requestMemoryMs);
    this.#forgetOld(nowMs);
  }

  #forgetOld(nowMs: number): void {
    for (const [request, forgetAtMs] of this.#forgetAtMs) {
      if (forgetAtMs > nowMs && this.#forgetAtMs.size <= Limits.requestMemoryCountMax) return;
      this.#forgetAtMs.delete(request);
    }
  }
}
