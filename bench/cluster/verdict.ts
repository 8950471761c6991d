import type { LockChecker } from './lock-checker.ts';
import type { Timeline } from './timeline.ts';

/** How long before the end each lock and each server must have granted something. */
const END_MS = 1_500;

export interface VerdictScope {
  readonly lockNames: readonly string[];
  readonly servers: number;
  /** When the load was stopped. */
  readonly untilMs: number;
}

/** What makes the demonstration fail: a lock that was none, or a part of the cluster that has not come back. */
export function failuresOf(
  { grants, surprises }: Timeline,
  { violations }: LockChecker,
  { lockNames, servers, untilMs }: VerdictScope,
): string[] {
  const last = grants.filter(({ atMs }) => atMs >= untilMs - END_MS);
  const granted = new Set(last.map(({ name }) => name));
  const serving = new Set(last.map(({ server }) => server));
  const failures = violations.map((violation) => `violation: ${violation}`);
  for (const surprise of surprises) failures.push(`unexpected: ${surprise}`);
  if (last.length === 0) failures.push('nothing is granted at the end');
  else {
    for (const name of lockNames) if (!granted.has(name)) failures.push(`${name} is not granted at the end`);
    for (let server = 0; server < servers; server++)
      if (!serving.has(server)) failures.push(`server ${server + 1} grants nothing at the end`);
  }
  return failures;
}
