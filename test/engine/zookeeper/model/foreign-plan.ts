import type { MappedPath } from '../../../../src/engine/zookeeper/lock-place.ts';
import type { LockMode } from '../../../zookeeper/model/lock-under-test.ts';
import type { Fault } from '../../../zookeeper/model/schedule-plan.ts';

/** One time that a program wants a lock which knows nothing of our servers. */
export interface ForeignRound {
  readonly gapMs: number;
  readonly holdMs: number;
  readonly mode: LockMode;
  readonly timeoutMs: number | null;
}

export interface ForeignPlan {
  /** Which of the locks. */
  readonly lock: number;
  readonly rounds: readonly ForeignRound[];
  readonly faults: readonly Fault[];
}

interface Draws {
  readonly draw: (end: number) => number;
  readonly faults: () => readonly Fault[];
}

/** What other programs do at the paths that are shared with them. */
export function planForeigners(
  layouts: readonly (MappedPath['layout'] | null)[],
  { draw, faults }: Draws,
): ForeignPlan[] {
  const pick = <T>(...from: readonly T[]): T => from[draw(from.length)]!;
  const drawRound = (layout: MappedPath['layout']): ForeignRound => ({
    gapMs: pick(0, draw(30), draw(400)),
    holdMs: pick(0, draw(30), draw(200)),
    mode: layout === 'rw' ? pick('read', 'write') : 'one',
    timeoutMs: pick(null, null, 20 + draw(100), draw(500)),
  });
  return layouts.flatMap((layout, lock) =>
    layout === null
      ? []
      : Array.from({ length: draw(4) }, () => ({
          ...{ lock, faults: faults() },
          rounds: Array.from({ length: 1 + draw(4) }, () => drawRound(layout)),
        })),
  );
}
