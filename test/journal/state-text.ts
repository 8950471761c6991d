import { ClaimView } from '../../src/core/claim-view.ts';
import { LockCore } from '../../src/core/lock-core.ts';
import { LockKey } from '../../src/core/lock-key.ts';
import { FencingToken } from '../../src/core/sink.ts';

/** A grant in plain data. Its session is left out: a repeat moves a grant to another, and nothing depends on it later. */
export interface HeldClaim {
  readonly name: string;
  readonly key: LockKey;
  readonly token: bigint;
  readonly size: number;
  readonly permits: number;
  readonly mode: number;
  readonly sinceMs: number;
  readonly lockTimeoutMs: number;
  readonly deadlineMs: number;
  readonly holder: string;
  readonly requestId: string;
}

/** All that is held, in an order that does not depend on how it came about. */
export function heldClaims(core: LockCore): HeldClaim[] {
  const state = LockCore.stateOf(core);
  const { claims } = state;
  const view = new ClaimView(state);
  const token = new FencingToken();
  const held: HeldClaim[] = [];
  for (let claim = 1; claim < claims.endRow; claim++) {
    if (!claims.isOpen(claim) || !claims.isHolding(claim)) continue;
    view.at(claim);
    const key = new LockKey();
    view.readKey(key);
    view.readToken(token);
    const { name, size, permits, mode, sinceMs, lockTimeoutMs, deadlineMs, holder, requestId } = view;
    held.push({
      ...{ name, key, token: wholeToken(token), size, permits, mode },
      ...{ sinceMs, lockTimeoutMs, deadlineMs, holder, requestId },
    });
  }
  return held.sort((one, two) => (one.token < two.token ? -1 : 1));
}

/** The names and sizes of locks that nobody holds or waits for. */
export function idleLocks(core: LockCore): string[] {
  const { locks } = LockCore.stateOf(core);
  const idle: string[] = [];
  for (let lock = 1; lock < locks.endRow; lock++) {
    if (!locks.isOpen(lock) || locks.holders(lock) !== 0 || locks.waiters(lock) !== 0) continue;
    idle.push(`${locks.name(lock)} ${locks.size(lock)}`);
  }
  return idle.sort();
}

/** What the core knows the released requests by that are remembered at a time. */
export function releasedRequests(core: LockCore, nowMs: number): string[] {
  const { requests } = LockCore.stateOf(core);
  const released: string[] = [];
  for (let entry = requests.firstReleased(); entry !== 0; entry = requests.nextReleased(entry)) {
    if (requests.forgetAtMs(entry) > nowMs)
      released.push(`${requests.keyOf(entry)} ${requests.forgetAtMs(entry)}`);
  }
  return released.sort();
}

/** What is held, as a text that is equal for equal states. */
export function heldText(held: readonly HeldClaim[]): string {
  return held.map(claimText).join('\n');
}

/** All that a journal keeps, as a text that is equal for equal states. */
export function stateText(core: LockCore, nowMs: number): string {
  return [
    heldText(heldClaims(core)),
    `idle: ${idleLocks(core).join(', ')}`,
    `released: ${releasedRequests(core, nowMs).join(', ')}`,
    `last token: ${wholeToken(LockCore.stateOf(core).lastToken)}`,
  ].join('\n');
}

function claimText(claim: HeldClaim): string {
  const { key, ...fields } = claim;
  return `${[key.a, key.b, key.c, key.d].join(' ')} ${Object.values(fields).join('|')}`;
}

export function wholeToken({ high, low }: FencingToken): bigint {
  return (BigInt(high) << 32n) | BigInt(low);
}
