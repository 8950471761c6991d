import type { ClaimObserver } from '../../src/core/claim-observer.ts';
import type { ClaimView } from '../../src/core/claim-view.ts';
import { LockCommand } from '../../src/core/command.ts';
import { LockKey } from '../../src/core/lock-key.ts';
import type { LockRestorer } from '../../src/core/lock-restorer.ts';
import { FencingToken } from '../../src/core/sink.ts';

/** What was held, in plain data. */
export interface HeldClaim {
  readonly name: string;
  readonly size: number;
  readonly permits: number;
  readonly mode: number;
  readonly key: LockKey;
  readonly token: FencingToken;
  readonly anySession: number;
  readonly sinceMs: number;
  readonly lockTimeoutMs: number;
  readonly deadlineMs: number;
  readonly requestId: string;
  readonly holder: string;
}

export function copyOf(claim: ClaimView): HeldClaim {
  const [key, token] = [new LockKey(), new FencingToken()];
  claim.readKey(key);
  claim.readToken(token);
  const { name, size, permits, mode, anySession, sinceMs, lockTimeoutMs, deadlineMs, requestId, holder } =
    claim;
  const texts = { name, requestId, holder };
  return { ...texts, size, permits, mode, key, token, anySession, sinceMs, lockTimeoutMs, deadlineMs };
}

type Entry =
  | { readonly kind: 'grant' | 'renew'; readonly claim: HeldClaim }
  | { readonly kind: 'release'; readonly claim: HeldClaim; readonly atMs: number }
  | { readonly kind: 'lockClosed'; readonly name: string }
  | { readonly kind: 'refused'; readonly memoryKey: string; readonly forgetAtMs: number };

/** Keeps what an observer is told, as a journal does, and gives it to a restorer. */
export class ClaimHistory implements ClaimObserver {
  readonly entries: Entry[] = [];
  readonly #nowMs: () => number;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  granted(claim: ClaimView): void {
    this.entries.push({ kind: 'grant', claim: copyOf(claim) });
  }

  released(claim: ClaimView): void {
    this.entries.push({ kind: 'release', claim: copyOf(claim), atMs: this.#nowMs() });
  }

  renewed(claim: ClaimView): void {
    this.entries.push({ kind: 'renew', claim: copyOf(claim) });
  }

  lockClosed(name: string): void {
    this.entries.push({ kind: 'lockClosed', name });
  }

  requestRefused(memoryKey: string, forgetAtMs: number): void {
    this.entries.push({ kind: 'refused', memoryKey, forgetAtMs });
  }

  /** Strikes all out that is about grants that are not in `held` though nothing said that they ended. */
  strikeOutRevoked(held: ReadonlySet<number>): HeldClaim[] {
    const released = new Set<number>();
    for (const entry of this.entries) if (entry.kind === 'release') released.add(entry.claim.key.b);
    const revoked: HeldClaim[] = [];
    for (let i = this.entries.length - 1; i >= 0; i--) {
      const entry = this.entries[i]!;
      if (entry.kind === 'lockClosed' || entry.kind === 'refused') continue;
      const { claim } = entry;
      if (released.has(claim.key.b) || held.has(claim.key.b)) continue;
      revoked.push(claim);
      this.entries.splice(i, 1);
    }
    return revoked;
  }

  /** @throws Error when an entry contradicts those before it */
  replay(restorer: LockRestorer): void {
    for (const [i, entry] of this.entries.entries()) {
      if (!replayEntry(restorer, entry)) throw new Error(`entry ${i} does not fit: ${JSON.stringify(entry)}`);
    }
  }
}

function replayEntry(restorer: LockRestorer, entry: Entry): boolean {
  if (entry.kind === 'lockClosed') return restorer.closeLock(entry.name);
  if (entry.kind === 'refused') {
    restorer.releasedRequest(entry.memoryKey, entry.forgetAtMs);
    return true;
  }
  const { claim } = entry;
  const { name, key, anySession, sinceMs, lockTimeoutMs, deadlineMs } = claim;
  if (entry.kind === 'release') return restorer.release(name, key, entry.atMs);
  if (entry.kind === 'renew') return restorer.renew(name, key, lockTimeoutMs, deadlineMs);
  const { size, permits, mode, requestId, holder, token } = claim;
  const command = Object.assign(new LockCommand(), {
    name,
    size,
    permits,
    mode,
    requestId,
    holder,
    lockTimeoutMs,
  });
  Object.assign(command.key, key);
  return restorer.grant(command, token, anySession, sinceMs, deadlineMs);
}
