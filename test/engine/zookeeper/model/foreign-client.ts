import type { MappedPath } from '../../../../src/engine/zookeeper/lock-place.ts';
import type { LockMode, LockUnderTest } from '../../../zookeeper/model/lock-under-test.ts';
import type { ModelNodes } from '../../../zookeeper/model/model-nodes.ts';
import { naiveLocks } from '../../../zookeeper/model/naive-locks.ts';
import { curatorSemaphore } from './curator-semaphore.ts';
import type { Counted } from './engine-counts.ts';
import type { ForeignRound } from './foreign-plan.ts';
import type { GrantsChecker } from './grants-checker.ts';
import { ForeignHolder } from './holder.ts';

export interface ForeignPlace {
  readonly name: string;
  readonly nodes: ModelNodes;
  readonly lock: MappedPath & { readonly size: number };
  readonly checker: GrantsChecker;
  readonly log: (what: () => string) => void;
  readonly count: (what: Counted) => void;
}

/** A program that shares a mapped path with our servers by Curator's recipes. */
export class ForeignClient {
  readonly #place: ForeignPlace;
  readonly #lockFor: (mode: LockMode) => LockUnderTest;

  constructor(place: ForeignPlace) {
    this.#place = place;
    const { nodes, lock } = place;
    const { path, layout, size } = lock;
    const { mutex, readWrite } = naiveLocks();
    if (layout === 'rw') {
      const { read, write } = readWrite!(nodes, path);
      this.#lockFor = (mode) => (mode === 'read' ? read : write);
    } else {
      const one = layout === 'mutex' ? mutex(nodes, path, 1) : curatorSemaphore(nodes, path, size);
      this.#lockFor = () => one;
    }
  }

  /** @throws ViolationError */
  async run(rounds: readonly ForeignRound[]): Promise<void> {
    const { nodes, lock, checker, log, name, count } = this.#place;
    for (const { gapMs, holdMs, mode, timeoutMs } of rounds) {
      await this.#pause(gapMs);
      log(() => `${name} wants ${lock.name} to ${mode} within ${timeoutMs} ms`);
      const { signal } = new AbortController();
      const lease = await this.#lockFor(mode)
        .acquire({ timeoutMs, signal, owner: {} })
        .catch(() => null);
      log(() => `${name} has ${lease === null ? 'nothing' : lease.path}`);
      count(lease === null ? 'foreignRefused' : 'foreignGranted');
      if (lease === null || !lease.locked) continue;
      const holder = new ForeignHolder(lock.name, mode === 'read', lock.size, lease, nodes);
      checker.granted(holder, false);
      await this.#pause(holdMs);
      checker.over(holder);
      log(() => `${name} releases ${lease.path}`);
      await lease.release();
    }
  }

  #pause(waitMs: number): Promise<void> {
    return new Promise((resolve) => void this.#place.nodes.clock.after(waitMs, resolve));
  }
}
