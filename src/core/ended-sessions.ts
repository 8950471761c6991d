import { Limits } from '../base/limits.ts';

/**
 * The sessions that ended last. Commands arrive before the end of their session by construction; should one come
 * late all the same, it must not be granted anything, because nobody would ever release it.
 */
export class EndedSessions {
  readonly #ids = new Set<number>();
  readonly #ring = new Float64Array(Limits.endedSessionsPerShardMax).fill(Number.NaN);
  #next = 0;

  add(id: number): void {
    if (this.#ids.has(id)) return;
    this.#ids.delete(this.#ring[this.#next]!);
    this.#ring[this.#next] = id;
    this.#next = (this.#next + 1) % Limits.endedSessionsPerShardMax;
    this.#ids.add(id);
  }

  has(id: number): boolean {
    return this.#ids.size !== 0 && this.#ids.has(id);
  }
}
