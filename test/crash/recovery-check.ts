import type { CheckedCalls } from './checked-calls.ts';
import type { ClaimLedger, EndedClaim } from './claim-ledger.ts';
import type { CrashConnection } from './crash-connection.ts';
import type { CrashLock } from './crash-lock.ts';

type Task = (connection: CrashConnection, done: () => void) => void;
type Random = (end: number) => number;

const IN_FLIGHT = 24;
const EARLIER_CHECKED = 300;
const LONG_TIMEOUT_MS = 60_000;

/** Asks a server that has just come up for everything that its predecessors have acknowledged. */
export class RecoveryCheck {
  readonly #ledger: ClaimLedger;
  readonly #calls: CheckedCalls;
  /** How many of the ledger's ended claims have been asked for once. */
  #endedChecked = 0;

  constructor(ledger: ClaimLedger, calls: CheckedCalls) {
    this.#ledger = ledger;
    this.#calls = calls;
  }

  /** Checks what the last round has left, and some of what is older. Locks are left standing for the next one. */
  async run(
    connections: readonly CrashConnection[],
    contended: readonly CrashLock[],
    random: Random,
  ): Promise<void> {
    const { ended } = this.#ledger;
    const latest = ended.slice(this.#endedChecked);
    const earlier: EndedClaim[] = [];
    for (let i = 0; i < EARLIER_CHECKED && this.#endedChecked > 0; i++) {
      earlier.push(ended[random(this.#endedChecked)]!);
    }
    this.#endedChecked = ended.length;
    await drive(connections, [
      ...this.#standing(random),
      ...this.#strays(),
      ...this.#refused([...latest, ...earlier]),
    ]);
    await drive(connections, this.#freedLocks(contended));
  }

  /** Checks everything that was ever acknowledged, and gives back what is held. */
  async runToEnd(connections: readonly CrashConnection[], contended: readonly CrashLock[]): Promise<void> {
    const { ended } = this.#ledger;
    await drive(connections, [...this.#refused([...ended]), ...this.#strays()]);
    const unlocks = [...this.#ledger.claims].map(
      (claim): Task =>
        (connection, done) =>
          this.#calls.unlock(connection, claim, done),
    );
    await drive(connections, unlocks);
    await drive(connections, this.#freedLocks(contended));
  }

  #standing(random: Random): Task[] {
    const calls = this.#calls;
    return [...this.#ledger.claims].map((claim): Task => {
      const chance = random(10);
      if (!claim.isSure || !claim.lock.isOwn || chance < 4)
        return (connection, done) => calls.unlock(connection, claim, done);
      if (chance < 6 && claim.requestId !== undefined)
        return (connection, done) => calls.repeat(connection, claim, done);
      if (chance < 8) return (connection, done) => calls.renew(connection, claim, LONG_TIMEOUT_MS, done);
      return (_connection, done) => done();
    });
  }

  #strays(): Task[] {
    const calls = this.#calls;
    return this.#ledger.strays.splice(0).map(
      (stray): Task =>
        (connection, done) =>
          calls.findStray(connection, stray, done),
    );
  }

  #refused(ended: readonly EndedClaim[]): Task[] {
    const calls = this.#calls;
    return ended.map(
      (claim): Task =>
        (connection, done) => {
          calls.unlockEnded(connection, claim, () => calls.repeatEnded(connection, claim, done));
        },
    );
  }

  /** Another client can lock at once what nobody holds. */
  #freedLocks(contended: readonly CrashLock[]): Task[] {
    return contended
      .filter(({ isFree }) => isFree)
      .map(
        (lock): Task =>
          (connection, done) => {
            const requestId = Buffer.from(`check-${lock.name}-${Date.now()}-${this.#requestIds++}`);
            const plan = { lock, permits: lock.size, requestId, timeoutMs: 0, waitMs: 0 };
            this.#calls.lock(connection, plan, (claim) => {
              if (claim !== null) return this.#calls.unlock(connection, claim, done);
              this.#ledger.violation(`${lock.name} is held by nobody we know`);
              done();
            });
          },
      );
  }

  #requestIds = 0;
}

/** Does all tasks, some at a time on each connection. */
async function drive(connections: readonly CrashConnection[], tasks: readonly Task[]): Promise<void> {
  let next = 0;
  const work = async (connection: CrashConnection): Promise<void> => {
    while (next < tasks.length) {
      const task = tasks[next++]!;
      await new Promise<void>((resolve) => task(connection, resolve));
    }
  };
  await Promise.all(
    connections.flatMap((connection) => Array.from({ length: IN_FLIGHT }, () => work(connection))),
  );
}
