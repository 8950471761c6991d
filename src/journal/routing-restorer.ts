import { hashName, shardOf } from '../base/name-hash.ts';
import type { LockCommand } from '../core/command.ts';
import { LockCore } from '../core/lock-core.ts';
import type { LockKey } from '../core/lock-key.ts';
import { LockRestorer, type RestoreTarget } from '../core/lock-restorer.ts';
import type { FencingToken } from '../core/sink.ts';

/** Builds the cores of a number of shards from records of any: each goes to the shard of its name. */
export class RoutingRestorer implements RestoreTarget {
  readonly cores: readonly LockCore[];
  readonly #restorers: readonly LockRestorer[];

  /**
   * @param hashSeed that of the state, by which request ids of long names are known
   * @param forgottenMs see `LockRestorer`
   */
  constructor(shards: number, hashSeed: number, forgottenMs = Number.NEGATIVE_INFINITY) {
    this.cores = Array.from({ length: shards }, () => new LockCore(coreOptions(hashSeed), SILENT_SINK));
    this.#restorers = this.cores.map((core) => new LockRestorer(core, forgottenMs));
  }

  grant(
    command: LockCommand,
    token: FencingToken,
    session: number,
    sinceMs: number,
    deadlineMs: number,
  ): boolean {
    return this.#of(command.name).grant(command, token, session, sinceMs, deadlineMs);
  }

  release(name: string, key: LockKey, nowMs: number): boolean {
    return this.#of(name).release(name, key, nowMs);
  }

  renew(name: string, key: LockKey, lockTimeoutMs: number, deadlineMs: number): boolean {
    return this.#of(name).renew(name, key, lockTimeoutMs, deadlineMs);
  }

  closeLock(name: string): boolean {
    return this.#of(name).closeLock(name);
  }

  idleLock(name: string, size: number, nowMs: number): void {
    this.#of(name).idleLock(name, size, nowMs);
  }

  /** Of a long name only a digest is known, so every shard remembers it: it is refused wherever it comes. */
  releasedRequest(memoryKey: string, forgetAtMs: number): void {
    for (const restorer of this.#restorers) restorer.releasedRequest(memoryKey, forgetAtMs);
  }

  /** A name may come from any shard to any other, and its tokens must go on growing: all begin above the highest. */
  raiseTokens(high: number, low: number): void {
    for (const restorer of this.#restorers) restorer.raiseTokens(high, low);
  }

  #of(name: string): LockRestorer {
    const bytes = Buffer.from(name, 'latin1');
    return this.#restorers[shardOf(hashName(bytes, 0, bytes.length), this.#restorers.length)]!;
  }
}

function coreOptions(hashSeed: number) {
  const never = Number.POSITIVE_INFINITY;
  return {
    keepOnSessionEnd: true,
    gcIntervalMs: never,
    gcMinIdleMs: never,
    tokenSeed: 0,
    startMs: 0,
    hashSeed,
  };
}

const SILENT_SINK = { granted: (): void => {}, notLocked: (): void => {}, ended: (): void => {} };
