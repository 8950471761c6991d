import { ReleaseCause } from '../../core/claim-observer.ts';
import type { ClaimView } from '../../core/claim-view.ts';
import type { ClaimWatcher } from '../../core/claim-watcher.ts';
import type { LockState } from '../../core/lock-state.ts';
import type { ShardReplies } from '../reply-target.ts';
import { eventTypes } from './inspect-reply.ts';
import { InspectionWriter } from './inspection-writer.ts';
import type { LockLister } from './lock-lister.ts';
import { LockWatch } from './lock-watch.ts';
import { claimText, jsonOf } from './row-text.ts';

/** How soon to look again whether the ring has emptied. */
const CROWDED_WAIT_MS = 5;

const EventType = {
  waiting: eventTypes.indexOf('waiting'),
  granted: eventTypes.indexOf('granted'),
  renewed: eventTypes.indexOf('renewed'),
  released: eventTypes.indexOf('released'),
  expired: eventTypes.indexOf('expired'),
  left: eventTypes.indexOf('left'),
} as const;

/**
 * The watches of a shard. The core tells of claims only while there are any. What a turn has brought is sent when the
 * turn's replies are out, and only if these leave room: replies come first.
 */
export class LockWatches implements ClaimWatcher {
  readonly #state: LockState;
  readonly #lister: LockLister;
  readonly #target: ShardReplies;
  readonly #writer: InspectionWriter;
  readonly #watches = new Map<number, LockWatch>();
  #nowMs = 0;

  /** @param target where steps go */
  constructor(state: LockState, lister: LockLister, target: ShardReplies) {
    this.#state = state;
    this.#lister = lister;
    this.#target = target;
    this.#writer = new InspectionWriter(target);
  }

  get count(): number {
    return this.#watches.size;
  }

  add(id: number, prefix: string): void {
    this.#watches.set(id, new LockWatch(id, prefix, this.#nowMs));
    this.#state.watcher = this;
  }

  remove(id: number): void {
    this.#watches.delete(id);
    if (this.#watches.size === 0) this.#state.watcher = null;
  }

  giveCredit(id: number, characters: number): void {
    this.#watches.get(id)?.giveCredit(characters);
  }

  /** A turn begins. */
  begin(nowMs: number): void {
    this.#nowMs = nowMs;
  }

  /** What this turn has decided was undone. */
  lose(): void {
    for (const watch of this.#watches.values()) watch.lose();
  }

  /**
   * The replies of the turn are out: sends what was gathered, and a slice of one snapshot, for as long as that leaves
   * room. Each flush begins with another watch, so that none is always the one for which there was no room.
   */
  flush(): void {
    const target = this.#target;
    let sent = false;
    for (const watch of this.#watches.values()) {
      if (target.isCrowded) break;
      sent = this.#send(watch, watch.take(this.#nowMs)) || sent;
    }
    if (!target.isCrowded && this.#sendSlice()) sent = true;
    this.#rotate();
    if (sent) target.publish();
  }

  /** When a turn is wanted though nothing happens. */
  nextWakeMs(): number {
    let wakeMs = Number.POSITIVE_INFINITY;
    for (const watch of this.#watches.values()) wakeMs = Math.min(wakeMs, watch.nextWakeMs());
    return this.#target.isCrowded ? Math.max(wakeMs, this.#nowMs + CROWDED_WAIT_MS) : wakeMs;
  }

  // ---- what the core tells --------------------------------------------------------------------------------------

  waiting(claim: ClaimView): void {
    this.#event(EventType.waiting, claim, 0, 0);
  }

  granted(claim: ClaimView): void {
    this.#event(EventType.granted, claim, 0, 0);
  }

  renewed(claim: ClaimView): void {
    this.#event(EventType.renewed, claim, 0, 0);
  }

  released(claim: ClaimView, cause: ReleaseCause): void {
    this.#event(cause === ReleaseCause.Expired ? EventType.expired : EventType.released, claim, 1, 0);
  }

  left(claim: ClaimView): void {
    this.#event(EventType.left, claim, 0, 1);
  }

  /** `holdersLess`, `waitersLess`: by how much the counts that the core has now are above those after the event. */
  #event(type: number, claim: ClaimView, holdersLess: number, waitersLess: number): void {
    const { name, lockRow } = claim;
    let rest = '';
    for (const watch of this.#watches.values()) {
      if (!watch.takes(name, lockRow, this.#nowMs)) continue;
      if (rest === '') rest = this.#eventText(type, claim, name, holdersLess, waitersLess);
      watch.event(rest);
    }
  }

  #eventText(type: number, claim: ClaimView, name: string, holdersLess: number, waitersLess: number): string {
    const holders = claim.holderCount - holdersLess;
    const waiters = claim.waiterCount - waitersLess;
    const time = Math.round(this.#nowMs);
    return `,${time},${type},${jsonOf(name)},${claim.size},${holders},${waiters},${claimText(claim)}]`;
  }

  /** One slice a turn, for all watches in turn. */
  #sendSlice(): boolean {
    for (const watch of this.#watches.values()) {
      if (watch.wantsSlice()) return this.#send(watch, watch.slice(this.#lister, this.#nowMs));
    }
    return false;
  }

  #rotate(): void {
    for (const [id, watch] of this.#watches) {
      this.#watches.delete(id);
      this.#watches.set(id, watch);
      return;
    }
  }

  #send(watch: LockWatch, steps: string): boolean {
    if (steps === '') return false;
    this.#writer.send(watch.id, steps);
    return true;
  }
}
