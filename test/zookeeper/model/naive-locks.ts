import { childOf, nameOf } from '../../../src/zookeeper/node-path.ts';
import type { Nodes } from '../../../src/zookeeper/nodes.ts';
import type { AcquireOptions, LeaseUnderTest, LocksUnderTest, LockUnderTest } from './lock-under-test.ts';
import { NaiveAcquire, type Rule } from './naive-acquire.ts';
import type { NaiveBug } from './naive-bug.ts';
import { deleteNode, numberOf, type OwnNode } from './naive-entry.ts';

class NaiveLease implements LeaseUnderTest {
  readonly fencingToken: bigint;
  readonly path: string;
  readonly node: OwnNode;
  readonly #nodes: Nodes;
  readonly #bug: NaiveBug | null;
  readonly #lost = new AbortController();
  readonly #endKeeping: () => void;
  readonly #endListening: () => void;
  #isReleased = false;

  constructor(nodes: Nodes, node: OwnNode, bug: NaiveBug | null, token = node.czxid) {
    this.#nodes = nodes;
    this.#bug = bug;
    this.node = node;
    this.path = node.path;
    this.fencingToken = bug === 'takes the sequence for the token' ? BigInt(numberOf(node.path)) : token;
    this.#endKeeping = nodes.keepRunning();
    this.#endListening = nodes.onState((state) => {
      const isLost = state === 'lost' || state === 'closed';
      if (isLost || (state === 'suspended' && bug === 'calls it lost when it is suspended')) this.#lose();
    });
  }

  get signal(): AbortSignal {
    return this.#lost.signal;
  }

  get locked(): boolean {
    if (this.#isReleased) return false;
    return this.#bug === 'stays locked behind its session' || this.#nodes.isSessionAlive(this.node.sessionId);
  }

  async release(): Promise<boolean> {
    const wasHeld = this.locked;
    this.#isReleased = true;
    const isGone = await deleteNode(this.#nodes, this.node, this.#bug === 'deletes only once');
    this.#end();
    return this.#bug === 'says that it has released what was lost' || (wasHeld && isGone);
  }

  #lose(): void {
    this.#end();
    if (this.#bug !== 'tells nobody of a loss') this.#lost.abort();
  }

  #end(): void {
    if (this.#bug !== 'keeps the process running') this.#endKeeping();
    this.#endListening();
  }
}

/** A small recipe of each kind that keeps all the rules, or all but one. */
export function naiveLocks(bug: NaiveBug | null = null): LocksUnderTest {
  const lock = (nodes: Nodes, path: string, kind: string, rule: Rule): LockUnderTest => ({
    acquire: async (options) => {
      const acquire = new NaiveAcquire(nodes, path, kind, rule, options, bug);
      return new NaiveLease(nodes, await acquire.granted, bug);
    },
  });
  return {
    isReentrant: false,
    givesFreeLeases: true,
    mutex: (nodes, path, maxLeases) => lock(nodes, path, 'lock-', waitForOthers(maxLeases, bug)),
    readWrite: (nodes, path) => readWrite(nodes, path, lock, bug),
  };
}

function readWrite(
  nodes: Nodes,
  path: string,
  lock: (nodes: Nodes, path: string, kind: string, rule: Rule) => LockUnderTest,
  bug: NaiveBug | null,
): { read: LockUnderTest; write: LockUnderTest } {
  const written = new WeakMap<object, LeaseUnderTest>();
  const plainRead = lock(nodes, path, '__READ__', waitForWriter(bug));
  const plainWrite = lock(nodes, path, '__WRIT__', waitForOthers(1, bug));
  const write = async (options: AcquireOptions) => {
    const lease = await plainWrite.acquire(options);
    written.set(options.owner, lease);
    return lease;
  };
  const read = async (options: AcquireOptions) => {
    const lease = written.get(options.owner);
    if (lease?.locked !== true) return plainRead.acquire(options);
    return downgrade(nodes, path, lease as NaiveLease, bug);
  };
  return { read: { acquire: read }, write: { acquire: write } };
}

/** The node of the reader has the writer's number, so that nobody who waits for the writer is let in beside it. */
async function downgrade(
  nodes: Nodes,
  path: string,
  write: NaiveLease,
  bug: NaiveBug | null,
): Promise<LeaseUnderTest> {
  const { sessionId } = write.node;
  const number = numberOf(write.path);
  const isWrong = bug === 'downgrades with a number of its own';
  const asked = childOf(path, `${nameOf(write.path).slice(0, 9)}-__READ__${isWrong ? '' : number}`);
  for (;;) {
    if (!nodes.isSessionAlive(sessionId)) throw new Error('the session is lost');
    const mode = isWrong ? 'ephemeralSequential' : 'ephemeral';
    const created = await nodes.create(asked, { mode }).catch(() => null);
    const stat = created?.stat ?? (await nodes.exists(asked).catch(() => null));
    if (stat === null || !nodes.isSessionAlive(stat.ephemeralOwner)) continue;
    const node = { path: created?.path ?? asked, czxid: stat.czxid, sessionId: stat.ephemeralOwner };
    if (stat.ephemeralOwner !== sessionId) throw new Error('the session is lost');
    return new NaiveLease(nodes, node, bug, write.node.czxid);
  }
}

/** Of so many nodes before ours one must go before we may hold, whichever others do. */
function waitForOthers(leases: number, bug: NaiveBug | null): Rule {
  const size = bug === 'lets one too many in' ? leases + 1 : leases;
  const watched = bug === 'waits for one of the holders' ? 1 : size;
  return (names, own) => {
    const index = names.indexOf(own);
    return index < 0
      ? null
      : names.slice(Math.max(0, index - size), index < size ? 0 : index - size + watched);
  };
}

function waitForWriter(bug: NaiveBug | null): Rule {
  return (names, own) => {
    const index = names.indexOf(own);
    if (index < 0) return null;
    if (bug === 'lets readers in beside a writer') return [];
    return names
      .slice(0, index)
      .filter((name) => name.includes('__WRIT__'))
      .slice(-1);
  };
}
