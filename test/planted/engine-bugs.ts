import type { PlantedBug } from './planted-bug.ts';

const SIMULATION = 'test/engine/zookeeper/simulation';
const ENGINE = 'test/engine/zookeeper/zookeeper-engine';
const LOCK_DESK_TEST = 'test/engine/zookeeper/lock-desk';
const KEY_DESK_TEST = 'test/engine/zookeeper/key-desk';
const LOCK_DESK = 'src/engine/zookeeper/lock-desk.ts';
const KEY_DESK = 'src/engine/zookeeper/key-desk.ts';
const LOCK_REQUEST = 'src/engine/zookeeper/lock-request.ts';

/** Mistakes of an engine whose locks are in ZooKeeper, some of which it has had. */
export const ENGINE_BUGS: readonly PlantedBug[] = [
  {
    name: 'a grant is not checked against the life of its session',
    file: LOCK_DESK,
    find: 'if (!nodes.isSessionAlive(node.sessionId)) this.#refuse(claim, CallEnd.Unreachable);',
    replace: '',
    tests: [LOCK_DESK_TEST],
    catches: 'nobody is granted what his server may have lost',
  },
  {
    name: 'a lease that is over takes the node whoever has renewed it',
    file: LOCK_DESK,
    find: 'await this.#disposal.remove(claim.node!, claim.version);',
    replace: 'await this.#disposal.remove(claim.node!);',
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
    find: 'await bases.check(place, size, listing);',
    replace: 'if (listing === null) await bases.check(place, size, listing);',
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
    find: 'if (data?.server !== serverName(nodes.sessionId)) throw new RequestElsewhereError();',
    replace: 'if (data?.server === serverName(nodes.sessionId)) throw new RequestElsewhereError();',
    tests: [ENGINE],
    catches: 'a request is granted at one server only',
  },
  {
    name: 'a waiter that is given up stays in the queue',
    file: LOCK_DESK,
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
    tests: [LOCK_DESK_TEST, SIMULATION],
    catches: 'a lock that is held has its node',
  },
  {
    name: 'the end of a session passes by what is in doubt',
    file: LOCK_DESK,
    find: 'if (claim.origin.session === session) claim.origin.session = 0;',
    replace: 'if (claim.origin.session === session) claim.origin.method = 0;',
    tests: [LOCK_DESK_TEST, SIMULATION],
    catches: 'nothing is held for nobody',
  },
  {
    name: 'nobody is told that its locks are lost',
    file: LOCK_DESK,
    find: 'losers.add(claim.origin.session);',
    replace: 'losers.delete(claim.origin.session);',
    tests: [ENGINE, SIMULATION],
    catches: 'holders exclude each other',
  },
  {
    name: 'who waits gets no answer when the session is over',
    file: LOCK_DESK,
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
];
