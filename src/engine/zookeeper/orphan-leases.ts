import type { ScannedNode } from './node-scan.ts';

/** A node to be deleted, if it has this version still. */
export interface OverdueNode {
  readonly path: string;
  readonly version: number;
}

interface Lease {
  readonly version: number;
  readonly endsAtMs: number;
}

/**
 * The leases of locks whose servers are gone. Clocks of machines are not compared: a lease begins anew when it is seen first, and
 * whenever its node was written, so it ends late and never early.
 */
export class OrphanLeases {
  readonly #leases = new Map<string, Lease>();

  /** When the first of them is over; Infinity for none. */
  get nextMs(): number {
    let nextMs = Number.POSITIVE_INFINITY;
    for (const { endsAtMs } of this.#leases.values()) nextMs = Math.min(nextMs, endsAtMs);
    return nextMs;
  }

  /** Takes all orphans that there are. Those who waited have nobody left to be told. */
  see(orphans: readonly ScannedNode[], nowMs: number): void {
    const seen = new Map(orphans.map((orphan) => [orphan.path, orphan]));
    for (const path of [...this.#leases.keys()]) if (!seen.has(path)) this.#leases.delete(path);
    for (const { path, data, stat } of orphans) {
      const { version } = stat;
      if (this.#leases.get(path)?.version === version) continue;
      const isHeld = data.grantedMs > 0;
      const leaseMs = !isHeld ? 0 : data.lockTimeoutMs > 0 ? data.lockTimeoutMs : Number.POSITIVE_INFINITY;
      this.#leases.set(path, { version, endsAtMs: nowMs + leaseMs });
    }
  }

  /** Those whose time is over. They are seen again if they are still there. */
  takeOverdue(nowMs: number): OverdueNode[] {
    const overdue: OverdueNode[] = [];
    for (const [path, { version, endsAtMs }] of this.#leases) {
      if (endsAtMs > nowMs) continue;
      this.#leases.delete(path);
      overdue.push({ path, version });
    }
    return overdue;
  }
}
