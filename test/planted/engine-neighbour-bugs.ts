import type { PlantedBug } from './planted-bug.ts';

const SIMULATION = 'test/engine/zookeeper/simulation';
const HOLD_RESTORER = 'src/engine/zookeeper/hold-restorer.ts';
const LOCK_BASE = 'src/engine/zookeeper/lock-base.ts';
const LOCK_MIRROR = 'src/engine/zookeeper/lock-mirror.ts';

/** Mistakes of an engine towards its successor, other programs at the same paths, and those who look at its locks. */
export const ENGINE_NEIGHBOUR_BUGS: readonly PlantedBug[] = [
  {
    name: 'who goes on with a session forgets one of the locks',
    file: HOLD_RESTORER,
    find: 'plan.held.slice(start, start + CHECKED_TOGETHER)',
    replace: 'plan.held.slice(start + 1, start + CHECKED_TOGETHER)',
    tests: [SIMULATION],
    catches: 'a lock that is held has its node',
  },
  {
    name: 'a lock without a timeout gets none from who goes on with it',
    file: HOLD_RESTORER,
    find: 'claim.setLease(lockTimeoutMs > 0 ?',
    replace: 'claim.setLease(lockTimeoutMs >= 0 ?',
    tests: [SIMULATION],
    catches: 'nothing is left of a lock that nobody wants',
  },
  {
    name: 'the size of a semaphore at a path of the operator’s is not written down',
    file: LOCK_BASE,
    find: "return mapped === null || mapped === 'semaphore';",
    replace: 'return mapped === null;',
    tests: [SIMULATION],
    catches: 'a lock has one size',
  },
  {
    name: 'a mutex at a path of the operator’s is queued for as a read/write lock',
    file: LOCK_BASE,
    find: "return mapped ?? (size === 1 ? 'rw' : 'queue');",
    replace: "return mapped === 'semaphore' ? mapped : size === 1 ? 'rw' : 'queue';",
    tests: [SIMULATION],
    catches: 'programs see each other',
  },
  {
    name: 'a watch does not look again at what it missed while the connection was lost',
    file: LOCK_MIRROR,
    find: "if (type === 'lost' || type === 'reconnected') this.#wantsAll = true;",
    replace: "if (type === 'lost') this.#wantsAll = true;",
    tests: [SIMULATION],
    catches: 'a watch tells what a listing says',
  },
  {
    name: 'a watch does not see the paths that the operator has named',
    file: LOCK_MIRROR,
    find: 'const paths = [LOCKS_PATH, ...this.#paths.mapped.map(({ base }) => base)];',
    replace: 'const paths = [LOCKS_PATH];',
    tests: [SIMULATION],
    catches: 'a watch tells what a listing says',
  },
  {
    name: 'a listing leaves out a path that the operator has named',
    file: 'src/engine/zookeeper/lock-walk.ts',
    find: 'return [...places, ...mapped]',
    replace: 'return [...places, ...mapped.slice(1)]',
    tests: [SIMULATION],
    catches: 'what is held is listed once',
  },
];
