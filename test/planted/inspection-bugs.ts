import type { PlantedBug } from './planted-bug.ts';

const INSPECTOR = 'test/server/inspection/engine-inspector';
const SHARD = 'test/shard/inspection/shard-inspector';
const RING_REPLIES = 'test/shard/ring-reply-target';
const FORCED_UNLOCK = 'test/shard/inspection/forced-unlock';

/** Mistakes in what administrators see and do. */
export const INSPECTION_BUGS: readonly PlantedBug[] = [
  {
    name: 'a listing goes on behind the row that it had no room for',
    file: 'src/shard/inspection/lock-lister.ts',
    find: 'this.nextRow = lock < endRow ? lock : 0;',
    replace: 'this.nextRow = lock < endRow ? lock + 1 : 0;',
    tests: [INSPECTOR],
    catches: 'a lock that is held throughout is listed exactly once',
  },
  {
    name: 'a listing begins each slice with the row that it ended with',
    file: 'src/shard/inspection/lock-lister.ts',
    find: 'this.nextRow = lock < endRow ? lock : 0;',
    replace: 'this.nextRow = lock < endRow ? lock - 1 : 0;',
    tests: [INSPECTOR],
    catches: 'a lock that is held throughout is listed exactly once',
  },
  {
    name: 'a listing shows idle locks',
    file: 'src/shard/inspection/lock-lister.ts',
    find: 'if (!locks.isOpen(lock) || (locks.holders(lock) === 0 && locks.waiters(lock) === 0)) return false;',
    replace: 'if (!locks.isOpen(lock)) return false;',
    tests: [INSPECTOR],
    catches: 'only locks that are held or waited for are listed',
  },
  {
    name: 'all holders means those who came meanwhile, too',
    file: 'src/shard/inspection/forced-unlock.ts',
    find: 'if (this.#isUpTo(claim, until)) {',
    replace: 'if (this.#isUpTo(claim, until) || until.high > 0) {',
    tests: [INSPECTOR],
    catches: 'who is granted the lock meanwhile keeps it',
  },
  {
    name: 'the beginning of a key that two holders share chooses one of them',
    file: 'src/shard/inspection/forced-unlock.ts',
    find: 'if (found.length > 1) return this.#refuse(UnlockRefusal.KeyAmbiguous, lock);',
    replace: '',
    tests: [FORCED_UNLOCK],
    catches: 'the beginning of a key does not choose among several holders',
  },
  {
    name: 'who gives no key releases one of several holders',
    file: 'src/shard/inspection/forced-unlock.ts',
    find: 'if (locks.holders(lock) > 1) return this.#refuse(UnlockRefusal.SeveralHolders, lock);',
    replace: '',
    tests: [INSPECTOR],
    catches: 'an unlock without a key does not choose among several holders',
  },
  {
    name: 'a watch is told of what was undone',
    file: 'src/shard/create-shard.ts',
    find: 'staged.onRefused = () => inspector.watches.lose();',
    replace: '',
    tests: [SHARD],
    catches: 'a watch is told what is in the journal',
  },
  {
    name: 'what a watch missed is forgotten',
    file: 'src/shard/inspection/lock-watch.ts',
    find: 'if (this.#missed > 0 && nowMs >= this.#snapshotDueMs) this.#beginAgain(nowMs);',
    replace: 'this.#missed = 0;',
    tests: [INSPECTOR],
    catches: 'a new snapshot follows what was missed',
  },
  {
    name: 'events of a waiter that leaves are not told',
    file: 'src/core/lock-state.ts',
    find: 'if (this.watcher !== null) this.watcher.left(this.#view.at(claim));',
    replace: '',
    tests: [INSPECTOR],
    catches: 'a watch knows what a listing knows',
  },
  {
    name: 'a watch that nobody reads goes on in its shard',
    file: 'src/shard/inspection/lock-watches.ts',
    find: 'this.#watches.delete(id);\n    if (this.#watches.size === 0) this.#state.watcher = null;',
    replace: '',
    tests: [SHARD],
    catches: 'a closed watch is told nothing',
  },
  {
    name: 'a watch does not see that its ring is crowded',
    file: 'src/shard/ring-reply-target.ts',
    find: 'return this.#ring.isHalfFull();',
    replace: 'return false;',
    tests: [RING_REPLIES],
    catches: 'events leave half of the ring to replies',
  },
  {
    name: 'a forced unlock is done though it cannot be recorded',
    file: 'src/shard/inspection/shard-inspector.ts',
    find: 'if (this.#core.suspended) return this.#refuse(inspection);\n',
    replace: '',
    tests: [SHARD],
    catches: 'nothing changes that cannot be written to the journal',
  },
];
