/** Who waits for room in the rings of shards, each shard's in the order in which they came. */
export class RoomQueue<C> {
  readonly #waiting = new Map<number, Set<C>>();

  /** The connection found no room in this shard's ring. One that waits for it already keeps its place. */
  add(connection: C, shard: number): void {
    const waiting = this.#waiting.get(shard);
    if (waiting === undefined) this.#waiting.set(shard, new Set([connection]));
    else waiting.add(connection);
  }

  /** Takes out those who waited for this shard; null when nobody did. */
  take(shard: number): Iterable<C> | null {
    const waiting = this.#waiting.get(shard);
    if (waiting === undefined) return null;
    this.#waiting.delete(shard);
    return waiting;
  }

  /** The connection has ended. */
  remove(connection: C): void {
    for (const waiting of this.#waiting.values()) waiting.delete(connection);
  }
}
