import { ClaimView } from '../../src/core/claim-view.ts';
import { LockCommand } from '../../src/core/command.ts';
import { LockCore } from '../../src/core/lock-core.ts';
import type { LockKey } from '../../src/core/lock-key.ts';
import { LockRestorer } from '../../src/core/lock-restorer.ts';
import { FencingToken } from '../../src/core/sink.ts';
import { Scenario } from '../core/scenario.ts';

/** What a record says of a grant. */
export interface ClaimFields {
  readonly name: string;
  readonly size: number;
  readonly permits: number;
  readonly mode: number;
  readonly lockTimeoutMs: number;
  readonly holder: string;
  readonly requestId: string;
  readonly key: Readonly<LockKey>;
  readonly token: Readonly<FencingToken>;
  readonly session: number;
  readonly sinceMs: number;
  readonly deadlineMs: number;
}

export const PLAIN_CLAIM: ClaimFields = {
  ...{ name: 'a', size: 1, permits: 1, mode: 0, lockTimeoutMs: 0, holder: '', requestId: '' },
  ...{ key: { a: 1, b: 2, c: 3, d: 4 }, token: { high: 0, low: 1 }, session: 7 },
  ...{ sinceMs: 1_800_000_000_000, deadlineMs: Number.POSITIVE_INFINITY },
};

/** A view of the one claim of a core, with these fields. */
export function openClaim(fields: Partial<ClaimFields> = {}): ClaimView {
  const { key, token, session, sinceMs, deadlineMs, ...rest } = { ...PLAIN_CLAIM, ...fields };
  const { core } = new Scenario();
  const command = Object.assign(new LockCommand(), rest);
  Object.assign(command.key, key);
  const whole = Object.assign(new FencingToken(), token);
  if (!new LockRestorer(core).grant(command, whole, session, sinceMs, deadlineMs))
    throw new Error('no grant');
  return new ClaimView(LockCore.stateOf(core)).at(1);
}
