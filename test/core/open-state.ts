import { LockCommand } from '../../src/core/command.ts';
import { LockState } from '../../src/core/lock-state.ts';
import { RecordingSink } from './recording-sink.ts';

const OPTIONS = {
  keepOnSessionEnd: false,
  gcIntervalMs: 1_800_000,
  gcMinIdleMs: 300_000,
  tokenSeed: 100,
  startMs: 0,
};

type Fields = Partial<
  Pick<
    LockCommand,
    'size' | 'permits' | 'mode' | 'lockTimeoutMs' | 'holder' | 'requestId' | 'waitTimeoutMs' | 'deadlineMs'
  >
>;

/**
 * A state without the core around it, in which everything happens at time 0. `hold` gives a session a lock, `enqueue`
 * makes it wait for one, each without a look at whether it fits; the call has the session's number.
 */
export function openState() {
  const sink = new RecordingSink();
  const state = new LockState(OPTIONS, sink, null);
  const command = new LockCommand();
  const open = (name: string, session: number, fields: Fields): number => {
    Object.assign(command, new LockCommand(), { name }, fields);
    Object.assign(command.origin, { session, call: session });
    Object.assign(command.key, { a: session, b: -1, c: 2, d: 3 });
    const lock = state.locks.find(name) || state.openLock(name, command.size);
    return state.openClaim(command, lock, 0);
  };
  const hold = (name: string, session: number, fields: Fields = {}): number => {
    const claim = open(name, session, fields);
    state.grant(claim, 0);
    return claim;
  };
  const enqueue = (name: string, session: number, fields: Fields = {}): number => {
    const claim = open(name, session, fields);
    state.enqueue(claim, command, 0);
    return claim;
  };
  return { state, sink, hold, enqueue };
}
