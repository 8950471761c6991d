import type { PlantedBug } from './planted-bug.ts';

const SIMULATION = 'test/zookeeper/locks/simulation';
const STANDING = 'test/zookeeper/locks/standing';
const ACQUISITION = 'src/zookeeper/locks/acquisition.ts';
const QUEUE_NODE = 'src/zookeeper/locks/queue-node.ts';

/** Mistakes of lock recipes on ZooKeeper, most of which others have made. */
export const ZOOKEEPER_BUGS: readonly PlantedBug[] = [
  {
    name: 'a writer that goes on reading queues behind the next writer',
    file: 'src/zookeeper/locks/downgrade.ts',
    find: 'const isMade = await this.#create();',
    replace:
      "const asked = this.#node.path.replace(/__READ__.*/, '__READ__');\n      const isMade = await this.#nodes.create(asked, { mode: 'ephemeralSequential' });\n      Object.assign(this.#node, { path: isMade.path, name: isMade.path.split('/').at(-1) });",
    tests: [SIMULATION],
    catches: 'nobody holds beside a writer',
  },
  {
    name: 'a writer that goes on reading makes its node in another session',
    file: 'src/zookeeper/locks/downgrade.ts',
    find: 'while (this.#nodes.isSessionAlive(sessionId) && !this.#isCancelled) {',
    replace: 'while (sessionId > 0n && !this.#isCancelled) {',
    tests: [SIMULATION],
    catches: 'nobody waits for ever',
  },
  {
    name: 'a node of an earlier session is taken for one’s own',
    file: QUEUE_NODE,
    find: 'if (stat !== null && (stat.ephemeralOwner === askedIn || (await isWritten(nodes, path, stat, data))))',
    replace: 'if (stat !== null)',
    tests: [SIMULATION],
    catches: 'a lease is of the session that lives',
  },
  {
    name: 'a lock is granted on the event of a watch',
    file: ACQUISITION,
    find: "if (standing.kind === 'behind') await this.#waitBehind(node, standing);",
    replace:
      "if (standing.kind === 'behind') {\n        await this.#waitBehind(node, standing);\n        return 'held';\n      }",
    tests: [SIMULATION],
    catches: 'nobody is let in before those who came first',
  },
  {
    name: 'a lock is granted to a session that is over',
    file: ACQUISITION,
    find: "if (standing.kind === 'missing' || !this.#nodes.isSessionAlive(node.sessionId)) return 'gone';\n      // Nothing is said while nothing is known: behind a lost connection the list may be old.\n      if (standing.kind === 'held' && this.#nodes.state === 'connected') return 'held';",
    replace:
      "if (standing.kind === 'missing') return 'gone';\n      if (standing.kind === 'held') return 'held';",
    tests: [SIMULATION],
    catches: 'a lease is of the session that lives',
  },
  {
    name: 'a listing is shared by who asks for it before it is answered',
    file: 'src/zookeeper/locks/shared-listings.ts',
    find: 'await null;\n    this.#asked.delete(base);\n    return new ListedQueue(await this.#nodes.getChildren(base));',
    replace:
      'await null;\n    try {\n      return new ListedQueue(await this.#nodes.getChildren(base));\n    } finally {\n      this.#asked.delete(base);\n    }',
    tests: ['test/zookeeper/locks/shared-listings'],
    catches: 'are not those of the next moment',
  },
  {
    name: 'who gives up stays in the queue',
    file: ACQUISITION,
    find: "await discardNode(this.#nodes, node);\n      if (this.#changes.isCancelled || held === 'taken') return null;",
    replace: "if (this.#changes.isCancelled || held === 'taken') return null;",
    tests: [SIMULATION],
    catches: 'nobody waits for ever',
  },
  {
    name: 'a creation whose answer was lost is made again without looking for it',
    file: QUEUE_NODE,
    find: 'const node = await findQueueNode(nodes, { base, prefix, data }, nodes.sessionId);',
    replace: 'const node = null as QueueNode | null;',
    tests: [SIMULATION],
    catches: 'nobody is let in before those who came first',
  },
  {
    name: 'a deletion whose answer was lost is not made again',
    file: 'src/zookeeper/locks/node-removal.ts',
    find: 'if (czxid !== null && (await isGone(nodes, path, czxid))) return true;\n        continue;',
    replace: 'return false;',
    tests: [SIMULATION],
    catches: 'nothing is left of what was released',
  },
  {
    name: 'a grant that comes together with the end of the wait is forgotten',
    file: 'src/zookeeper/locks/within-time.ts',
    find: '(value) => (isOver ? giveBack(value) : end(() => resolve(value))),',
    replace: '(value) => (isOver ? undefined : end(() => resolve(value))),',
    tests: [SIMULATION, 'test/zookeeper/locks/within-time'],
    catches: 'nothing is left of who gave up',
  },
  {
    name: 'a node that is gone is waited for',
    file: ACQUISITION,
    find: 'if (error instanceof NoNodeError || isUnanswered(error)) return false;',
    replace: 'if (error instanceof NoNodeError || isUnanswered(error)) return true;',
    tests: [SIMULATION],
    catches: 'a free lock is soon given to the next',
  },
  {
    name: 'the end of one holder of several is not seen',
    file: 'src/zookeeper/locks/standing.ts',
    find: 'nearest.slice(0, Limits.zookeeperWatchedMax).map(({ node }) => node)',
    replace: 'nearest.slice(0, 1).map(({ node }) => node)',
    tests: [SIMULATION, STANDING],
    catches: 'a free lease is soon given to the next',
  },
  {
    name: 'a reader waits for the writers behind it',
    file: 'src/zookeeper/locks/standing.ts',
    find: 'if (order > 0 || (order === 0 && index > ownIndex)) continue;',
    replace: 'if (own.lockName !== READ_NAME && (order > 0 || (order === 0 && index > ownIndex))) continue;',
    tests: [SIMULATION, STANDING],
    catches: 'nobody waits for ever',
  },
  {
    name: 'the queue goes by whole names',
    file: 'src/zookeeper/locks/contenders.ts',
    find: 'return a.sequence < b.sequence ? -1 : 1;',
    replace: 'return a.node < b.node ? -1 : 1;',
    tests: [SIMULATION, 'test/zookeeper/locks/contenders'],
    catches: 'nobody is let in before those who came first',
  },
  {
    name: 'a holder does not look whether its session lives',
    file: 'src/zookeeper/locks/lock-hold.ts',
    find: "if (this.#state === 'held' && !this.#nodes.isSessionAlive(this.node.sessionId))\n      this.lose(this.#nodes.state === 'closed' ? 'its client was closed' : 'its session is over');",
    replace: '',
    tests: [SIMULATION],
    catches: 'a lease of a session that is over is not believed in',
  },
  {
    name: 'a number of leases that is raised wakes nobody',
    file: 'src/zookeeper/locks/lease-acquisition.ts',
    find: 'limit.onChange(() => wakeNow());',
    replace: 'limit.onChange(() => void wakeNow);',
    tests: ['test/zookeeper/locks/semaphore'],
    catches: 'waiters notice at once',
  },
  {
    name: 'a client that leaves its session to another one ends it',
    file: 'src/zookeeper/session/session-requests.ts',
    find: 'return finish(link, asking);',
    replace: 'return finish(link, closing);',
    tests: ['test/zookeeper/zookeeper-client'],
    catches: 'is closed, without a word to the server',
  },
  {
    name: 'a server that refuses by itself proves the session',
    file: 'src/zookeeper/session/session-link.ts',
    find: 'const isProof = request.isProof && !UNPROVEN.includes(code);',
    replace: 'const isProof = request.isProof || UNPROVEN.includes(code);',
    tests: ['test/zookeeper/session/session-link'],
    catches: 'a server that refuses by itself proves no session',
  },
  {
    name: 'a watch for one event is lost with the one that stays',
    file: 'src/zookeeper/session/session.ts',
    find: 'if (this.#link === link) link.arm(armRequests(this.watches, sinceZxid, path));',
    replace: 'if (this.#link !== link) link.arm(armRequests(this.watches, sinceZxid, path));',
    tests: ['test/zookeeper/session/add-watch'],
    catches: 'what is left there is asked for anew',
  },
  {
    name: 'old servers are asked for watches that they do not know',
    file: 'src/zookeeper/session/arm-requests.ts',
    find: 'op: hasPersistent ? OpCode.SetWatches2 : OpCode.SetWatches,',
    replace: 'op: OpCode.SetWatches2,',
    tests: ['test/zookeeper/session/add-watch'],
    catches: 'watches are asked for as old servers know it',
  },
];
