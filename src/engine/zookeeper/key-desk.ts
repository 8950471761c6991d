import { type Refusal, Refusals } from '../../contract/refusal.ts';
import type { RenewCommand, UnlockCommand } from '../../core/command.ts';
import { checkRenew, checkUnlock } from '../../core/lock-check.ts';
import { CallEnd } from '../../core/sink.ts';
import { isSessionOver, isUnanswered, removeNode } from '../../zookeeper/locks/node-removal.ts';
import { BadVersionError, NoNodeError } from '../../zookeeper/server-refusal.ts';
import { type Claim, keyOfRequest, keyTextOf } from './claim.ts';
import { requestKey } from './claim-book.ts';
import type { LockDesk } from './lock-desk.ts';
import type { LockDeskParts } from './lock-desk-parts.ts';
import type { LockPlace } from './lock-place.ts';
import { encodeNodeData } from './node-data.ts';
import { findPlacedClaim, type PlacedClaim } from './placed-claim.ts';
import { isConfirmed } from './renewal-confirmation.ts';

/** What an Unlock or Renew comes to: nothing was refused, something was, or ZooKeeper cannot be asked. */
export type KeyOutcome = Refusal | null | CallEnd;

/**
 * Unlock and Renew: by the key of a lock that this server has granted, and by one that another server has, whose client has come
 * here.
 */
export class KeyDesk {
  readonly #parts: LockDeskParts;
  readonly #locks: LockDesk;

  constructor(parts: LockDeskParts, locks: LockDesk) {
    this.#parts = parts;
    this.#locks = locks;
  }

  /** Null: a lock was released, or a waiter taken out of the queue. What the command says is read before the first wait. */
  unlock(command: UnlockCommand): Promise<KeyOutcome> {
    const refusal = checkUnlock(command);
    if (refusal !== null) return Promise.resolve(refusal);
    const { name, requestId } = command;
    // No lock has it.
    if (name === '') return Promise.resolve(Refusals.lockDoesNotExist);
    const key = command.keyValid ? keyTextOf(command.key) : '';
    return this.#answered(name, () => this.#unlock(name, key, requestId));
  }

  renew(command: RenewCommand): Promise<KeyOutcome> {
    const refusal = checkRenew(command);
    if (refusal !== null) return Promise.resolve(refusal);
    if (!command.keyValid || command.name === '') return Promise.resolve(Refusals.invalidKeyOnRenew);
    const { name, lockTimeoutMs } = command;
    const key = keyTextOf(command.key);
    return this.#answered(name, () => this.#renew(name, key, lockTimeoutMs));
  }

  async #answered(name: string, ask: () => Promise<KeyOutcome>): Promise<KeyOutcome> {
    const { nodes, failed, paths } = this.#parts;
    // What cannot be proven now is not said: the session may be over.
    if (nodes.state !== 'connected') return CallEnd.Unreachable;
    try {
      return await ask();
    } catch (error) {
      if (isUnanswered(error) || isSessionOver(error)) return CallEnd.Unreachable;
      failed(error, paths.placeOf(name));
      return CallEnd.Failed;
    }
  }

  async #unlock(name: string, key: string, requestId: string): Promise<KeyOutcome> {
    const { book, clock, paths, register } = this.#parts;
    const held = book.holder(name, key);
    if (held !== null) return this.#release(held);
    const place = paths.placeOf(name);
    if (requestId === '') return this.#unlockPlaced(place, key, false);
    const asked = book.ofRequest(name, requestId);
    if (asked?.state === 'held') return this.#release(asked);
    if (asked !== null) this.#locks.supersede(asked);
    // Should it arrive late.
    book.released.add(requestKey(name, requestId), clock.nowMs());
    if (asked !== null && register === null) return null;
    const byKey = await this.#unlockPlaced(place, key, false);
    if (byKey === null) return null;
    // Where locks outlive their server, one that is gone may have granted what was about to be granted once more here.
    const byRequest = await this.#unlockPlaced(place, keyOfRequest(name, requestId), true);
    return asked !== null && typeof byRequest !== 'number' ? null : byRequest;
  }

  async #release(held: Claim): Promise<KeyOutcome> {
    const { sessionId } = held.node!;
    if (await this.#locks.release(held, 'unlock')) return null;
    // Where locks outlive their server, the node is there still.
    return this.#parts.nodes.isSessionAlive(sessionId) ? Refusals.invalidKey : CallEnd.Unreachable;
  }

  /** @param waiters a waiter may be meant, too: only its request's id names one */
  #unlockPlaced(place: LockPlace, key: string, waiters: boolean): Promise<KeyOutcome> {
    const { nodes } = this.#parts;
    const { sessionId } = nodes;
    let isWaiterGone = false;
    return this.#withPlaced(place, key, async (placed) => {
      if (isWaiterGone && (placed === 'noLock' || placed === null)) return null;
      if (placed === 'noLock') return Refusals.lockDoesNotExist;
      if (placed === null || !(placed.isHeld || waiters)) return Refusals.invalidKey;
      const isRemoved = await removeNode(nodes, placed.path, sessionId);
      // Who waits for a lease may have made it before it was gone from the line: see LeaseAcquisition.
      if (!placed.isHeld && place.mapped === 'semaphore' && nodes.isSessionAlive(sessionId)) {
        isWaiterGone ||= isRemoved;
        return 'again';
      }
      if (isRemoved) return null;
      // It is another server's, and does not end with the session here.
      return nodes.isSessionAlive(sessionId) ? Refusals.invalidKey : CallEnd.Unreachable;
    });
  }

  async #renew(name: string, key: string, lockTimeoutMs: number): Promise<KeyOutcome> {
    const { book, paths } = this.#parts;
    const held = book.holder(name, key);
    if (held === null) return this.#renewPlaced(paths.placeOf(name), key, lockTimeoutMs);
    if (held.lockTimeoutMs === 0) return Refusals.invalidKeyOnRenew;
    return (await this.#locks.renewHeld(held, lockTimeoutMs)) ? null : Refusals.invalidKeyOnRenew;
  }

  /**
   * The server that has granted it sees what is written. If the lock ends with that one it has to say so: it may be gone, and
   * what would be promised here nobody could keep.
   */
  #renewPlaced(place: LockPlace, key: string, lockTimeoutMs: number): Promise<KeyOutcome> {
    const { nodes } = this.#parts;
    return this.#withPlaced(place, key, async (placed) => {
      if (placed === 'noLock' || placed === null || !placed.isHeld) return Refusals.invalidKeyOnRenew;
      if (placed.data.lockTimeoutMs === 0) return Refusals.invalidKeyOnRenew;
      try {
        const asksRenewal = !placed.stays;
        const data = encodeNodeData({ ...placed.data, lockTimeoutMs, asksRenewal });
        await nodes.setData(placed.path, data, placed.version);
        if (placed.stays) return null;
        return (await isConfirmed(nodes, placed.path)) ? null : CallEnd.Unconfirmed;
      } catch (error) {
        if (error instanceof NoNodeError) return Refusals.invalidKeyOnRenew;
        if (error instanceof BadVersionError) return 'again';
        throw error;
      }
    });
  }

  /** Before anything is refused, the connected server is brought up to date: it may not know yet what another one has granted. */
  async #withPlaced(
    place: LockPlace,
    key: string,
    use: (placed: PlacedClaim | 'noLock' | null) => Promise<KeyOutcome | 'again'>,
  ): Promise<KeyOutcome> {
    const { nodes, bases } = this.#parts;
    for (let isRecent = key === ''; ; ) {
      const outcome = await use(await findPlacedClaim(nodes, bases, place, key));
      if (outcome === 'again') continue;
      if (outcome === null || isRecent || typeof outcome === 'number') return outcome;
      await nodes.sync(place.base);
      isRecent = true;
    }
  }
}
