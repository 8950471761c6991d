import type { Claim } from './claim.ts';

/** Requests that were given up and may have a node still. */
export class LeavingRequests {
  /** By the lock's name. */
  readonly #claims = new Map<string, Set<Claim>>();

  add(claim: Claim): void {
    const { name } = claim.place;
    const claims = this.#claims.get(name) ?? new Set();
    this.#claims.set(name, claims.add(claim));
    void claim.done.then(() => {
      claims.delete(claim);
      if (claims.size === 0) this.#claims.delete(name);
    });
  }

  /**
   * What has to be gone before this claim queues; null: nothing, and who waited for nothing would be behind others. An attempt
   * that finds the lock taken by what is about to vanish would be refused for nothing. A repeat of a request that was given up
   * looks for a node of the same name, and must not take the one that is about to vanish for its own.
   */
  before({ place, tryOnly, key }: Claim): Promise<unknown> | null {
    const meant = [...(this.#claims.get(place.name) ?? [])].filter((claim) => tryOnly || claim.key === key);
    return meant.length === 0 ? null : Promise.all(meant.map(({ done }) => done));
  }
}
