import type { PlantedBug } from './planted-bug.ts';

const SIMULATION = 'test/engine/zookeeper/simulation';
const ENGINE = 'test/engine/zookeeper/zookeeper-engine';
const ENDS_TEST = 'test/engine/zookeeper/claim-ends';
const GRANTS_TEST = 'test/engine/zookeeper/claim-grants';
const LOCK_DESK_TEST = 'test/engine/zookeeper/lock-desk';
const DISPOSAL_TEST = 'test/engine/zookeeper/node-disposal';
const INHERITED_TEST = 'test/engine/zookeeper/inherited-grant';
const PLACED_LOCK_TEST = 'test/engine/zookeeper/placed-lock';
const KEY_DESK_TEST = 'test/engine/zookeeper/key-desk';
const ENDS = 'src/engine/zookeeper/claim-ends.ts';
const GRANTS = 'src/engine/zookeeper/claim-grants.ts';
const LOCK_DESK = 'src/engine/zookeeper/lock-desk.ts';
const INHERITED = 'src/engine/zookeeper/inherited-grant.ts';
const KEY_DESK = 'src/engine/zookeeper/key-desk.ts';
const LOCK_REQUEST = 'src/engine/zookeeper/lock-request.ts';
const LEASE_ACQUISITION = 'src/zookeeper/locks/lease-acquisition.ts';

/** Mistakes of an engine whose locks are in ZooKeeper, some of which it has had. */
export const ENGINE_BUGS: readonly PlantedBug[] = [
  {
    name: 'a grant is not checked against the life of its session',
    file: GRANTS,
    find: 'if (!nodes.isSessionAlive(node.sessionId)) this.#refuse(claim, CallEnd.Unreachable);',
    replace: '',
    tests: [GRANTS_TEST],
    catches: 'nobody is granted what his server may have lost',
  },
  {
    name: 'a lease that is over takes the node whoever has renewed it',
    file: ENDS,
    find: 'await disposal.remove(claim.node!, claim.version);',
    replace: 'await disposal.remove(claim.node!);',
    tests: [SIMULATION],
    catches: 'who has renewed holds',
  },
  {
    name: 'a renewal at another server is not seen',
    file: 'src/engine/zookeeper/held-watch.ts',
    find: 'if (written !== null) this.#events.written(claim, written);',
    replace: '',
    tests: [SIMULATION],
    catches: 'who has renewed holds',
  },
  {
    name: 'a late word of an earlier renewal shortens a lease',
    file: 'src/engine/zookeeper/claim-leases.ts',
    find: 'if ((claim.isRenewedHere || claim.isShared) && endsMs < claim.deadlineMs) return;',
    replace: 'if (endsMs < 0) return;',
    tests: [LOCK_DESK_TEST, SIMULATION],
    catches: 'who has renewed holds',
  },
  {
    name: 'the size is not looked at when the contender is there',
    file: LOCK_REQUEST,
    find: '      await bases.check(place, size, listing);\n    },\n  });',
    replace: '      if (listing === null) await bases.check(place, size, listing);\n    },\n  });',
    tests: [SIMULATION],
    catches: 'a lock has one size',
  },
  {
    name: 'locks of another kind at the same node are not looked for',
    file: 'src/engine/zookeeper/lock-base.ts',
    find: 'if (foreign !== null && !(await this.#isPassing(place, foreign)))',
    replace: "if (foreign === '' && !(await this.#isPassing(place, foreign)))",
    tests: ['test/engine/zookeeper/lock-base'],
    catches: 'programs that would not see each other are kept apart',
  },
  {
    name: 'the same request at another server is taken for one’s own',
    file: LOCK_REQUEST,
    find: 'if (!isGranted && data?.server === serverName(nodes.sessionId)) continue;',
    replace: 'if (data?.server !== serverName(nodes.sessionId)) continue;',
    tests: [ENGINE],
    catches: 'a request is granted at one server only',
  },
  {
    name: 'a waiter that is given up stays in the queue',
    file: ENDS,
    find: 'claim.request?.cancel();',
    replace: '',
    tests: [SIMULATION],
    catches: 'nobody waits for who is gone',
  },
  {
    name: 'the key of a waiter unlocks',
    file: KEY_DESK,
    find: 'if (placed === null || !(placed.isHeld || waiters)) return Refusals.invalidKey;',
    replace: 'if (placed === null || (waiters && !placed.isHeld)) return Refusals.invalidKey;',
    tests: [ENGINE],
    catches: 'a key is good for what is held',
  },
  {
    name: 'a key is refused by what the connected server knows',
    file: KEY_DESK,
    find: "for (let isRecent = key === ''; ; ) {",
    replace: 'for (let isRecent = true; ; ) {',
    tests: [KEY_DESK_TEST, SIMULATION],
    catches: 'a key is good at every server',
  },
  {
    name: 'a repeat does not wait until the request that was given up is gone',
    file: 'src/engine/zookeeper/leaving-requests.ts',
    find: 'filter((claim) => tryOnly || claim.key === key)',
    replace: 'filter((claim) => tryOnly && claim.key !== key)',
    tests: [GRANTS_TEST, SIMULATION],
    catches: 'a lock that is held has its node',
  },
  {
    name: 'the end of a session passes by what is in doubt',
    file: ENDS,
    find: 'if (claim.origin.session === session) claim.origin.session = 0;',
    replace: 'if (claim.origin.session === session) claim.origin.method = 0;',
    tests: [ENDS_TEST, SIMULATION],
    catches: 'nothing is held for nobody',
  },
  {
    name: 'a lock is taken over from a server that lives',
    file: INHERITED,
    find: 'if (!isOurs(said) && (await isServerThere(nodes, said.server))) return null;',
    replace: '',
    tests: [INHERITED_TEST],
    catches: 'a request is granted at one server',
  },
  {
    name: 'two servers take over one lock',
    file: INHERITED,
    find: 'leases.dataOf(claim, said.grantedMs, lockTimeoutMs), stat.version)',
    replace: 'leases.dataOf(claim, said.grantedMs, lockTimeoutMs))',
    tests: [INHERITED_TEST],
    catches: 'a request is granted at one server',
  },
  {
    name: 'what was granted by a server that is gone is given back for others',
    file: GRANTS,
    find: 'claim.isShared = true;',
    replace: '',
    tests: [INHERITED_TEST],
    catches: 'nobody loses what he was told that he has',
  },
  {
    name: 'a server that comes back removes what another one has granted once more',
    file: 'src/engine/zookeeper/node-disposal.ts',
    find: ' || (said !== null && said.server !== server)',
    replace: '',
    tests: [DISPOSAL_TEST],
    catches: 'holders exclude each other',
  },
  {
    name: 'a server whose locks end with it takes over one that would not',
    file: GRANTS,
    find: 'path !== null && this.#parts.register !== null;',
    replace: 'path !== null;',
    tests: [INHERITED_TEST],
    catches: 'holders exclude each other',
  },
  {
    name: 'a semaphore of other programs counts as one of size 1',
    file: 'src/engine/zookeeper/placed-lock.ts',
    find: "const unsaid = place.mapped === 'semaphore' ? null : 1;",
    replace: 'const unsaid = 1;',
    tests: [PLACED_LOCK_TEST],
    catches: 'what is held is listed once',
  },
  {
    name: 'nobody is told that its locks are lost',
    file: LOCK_DESK,
    find: 'this.#parts.register === null) losers.add(session);',
    replace: 'this.#parts.register === null) losers.delete(session);',
    tests: [ENGINE, SIMULATION],
    catches: 'holders exclude each other',
  },
  {
    name: 'who waits gets no answer when the session is over',
    file: ENDS,
    find: 'this.#parts.replies.ended(claim.origin, why);',
    replace: '',
    tests: [SIMULATION],
    catches: 'every call is answered',
  },
  {
    name: 'a call is taken for the one that had its number before',
    file: 'src/engine/zookeeper/zookeeper-engine.ts',
    find: 'this.#book.renumber(session, call);',
    replace: '',
    tests: [ENGINE],
    catches: 'only who was granted a lock gives it back',
  },
  {
    name: 'a reply that is caused by another one is written over those that are handed over',
    file: 'src/engine/zookeeper/reply-batch.ts',
    find: 'this.#length = 0;\n    this.bytes = Buffer.allocUnsafe(BYTES_MIN);',
    replace: 'this.#length = 0;',
    tests: ['test/engine/zookeeper/reply-batch'],
    catches: 'each reply has its own bytes',
  },
  {
    name: 'the name of a node may begin with a dot',
    file: 'src/engine/zookeeper/lock-place.ts',
    find: "PLAIN.test(character) && (i > 0 || character !== '.')",
    replace: 'PLAIN.test(character)',
    tests: ['test/engine/zookeeper/lock-place'],
    catches: 'each name has a node',
  },
  {
    name: 'who takes a waiter for a lease out of the line does not look for its lease',
    file: KEY_DESK,
    find: "isWaiterGone ||= isRemoved;\n        return 'again';",
    replace: 'if (isRemoved) return null;',
    tests: [KEY_DESK_TEST, SIMULATION],
    catches: 'what was released is not granted',
  },
  {
    name: 'who has a lease does not look for his place in the line',
    file: LEASE_ACQUISITION,
    find: 'if (this.#options.removed === undefined) return true;',
    replace: 'if (this.#options.removed !== null) return true;',
    tests: [KEY_DESK_TEST, SIMULATION],
    catches: 'what was released is not granted',
  },
  {
    name: 'the size of a semaphore is not looked at in the line',
    file: LOCK_REQUEST,
    find: '    queued: check,\n',
    replace: '',
    tests: ['test/engine/zookeeper/semaphore-claims', SIMULATION],
    catches: 'a lock has one size',
  },
  {
    name: 'there is one lease too many',
    file: LEASE_ACQUISITION,
    find: 'children.length > limit.max)',
    replace: 'children.length > limit.max + 1)',
    tests: [SIMULATION],
    catches: 'nobody is let in before those who came first',
  },
  {
    name: 'who has a lease stays in the line',
    file: LEASE_ACQUISITION,
    find: '      await discardNode(this.#nodes, lock);\n    }',
    replace: '      if (lease === null) await discardNode(this.#nodes, lock);\n    }',
    tests: [SIMULATION],
    catches: 'a free lease is soon given to the next',
  },
  {
    name: 'a lease that is given up stays',
    file: LEASE_ACQUISITION,
    find: '      await discardNode(this.#nodes, lease);\n      if (this.#changes.isCancelled || standing',
    replace: '      if (this.#changes.isCancelled || standing',
    tests: [SIMULATION],
    catches: 'who gives up leaves the queue',
  },
  {
    name: 'who goes on with a session leaves its waiters in the queue',
    file: 'src/engine/zookeeper/hold-restorer.ts',
    find: 'const left = (await plan.ownNodes()).filter((path) => !kept.has(path) && path !== plan.ownPath);',
    replace:
      'const left = (await plan.ownNodes()).filter((path) => kept.has(path) && path === plan.ownPath);',
    tests: ['test/engine/zookeeper/hold-restorer', SIMULATION],
    catches: 'nobody waits for who is gone',
  },
  {
    name: 'who goes on with a session takes another node of the same path for the lock',
    file: 'src/engine/zookeeper/hold-restorer.ts',
    find: '  if (stat.czxid.toString(16) !== record.czxid) return null;\n',
    replace: '',
    tests: ['test/engine/zookeeper/hold-restorer'],
    catches: 'a lock that is held has its node',
  },
  {
    name: 'a TryLock is refused by what the connected server knows',
    file: 'src/zookeeper/locks/acquisition.ts',
    find: 'Promise.all([this.#nodes.sync(base), this.#list()])',
    replace: 'Promise.all([null, this.#list()])',
    tests: ['test/engine/zookeeper/try-lock'],
    catches: 'what is free is granted',
  },
];
