import { CORE_BUGS } from './core-bugs.ts';
import { ENGINE_BUGS } from './engine-bugs.ts';
import { ENGINE_NEIGHBOUR_BUGS } from './engine-neighbour-bugs.ts';
import { FILE_LOCK_BUGS } from './file-lock-bugs.ts';
import { INSPECTION_BUGS } from './inspection-bugs.ts';
import { JOURNAL_BUGS } from './journal-bugs.ts';
import type { PlantedBug } from './planted-bug.ts';
import { PROTOCOL_BUGS } from './protocol-bugs.ts';
import { THREAD_BUGS } from './thread-bugs.ts';
import { ZOOKEEPER_BUGS } from './zookeeper-bugs.ts';

/** All bugs, each planted alone. */
export const PLANTED_BUGS: readonly PlantedBug[] = [
  ...CORE_BUGS,
  ...PROTOCOL_BUGS,
  ...THREAD_BUGS,
  ...JOURNAL_BUGS,
  ...INSPECTION_BUGS,
  ...FILE_LOCK_BUGS,
  ...ZOOKEEPER_BUGS,
  ...ENGINE_BUGS,
  ...ENGINE_NEIGHBOUR_BUGS,
];
