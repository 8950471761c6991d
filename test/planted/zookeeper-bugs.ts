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
    find: 'if (stat?.ephemeralOwner === askedIn)',
    replace: 'if (stat !== null)',
    tests: [SIMULATION],
    catches: 'a lease is of the session that lives',
  },
  {
    name: 'a lock is granted on the event of a watch',
    file: ACQUISITION,
    find: "if (standing.kind === 'behind') await this.#waitFor(standing.nodes.map((node) => childOf(base, node)));",
    replace:
      "if (standing.kind === 'behind') {\n        await this.#waitFor(standing.nodes.map((node) => childOf(base, node)));\n        return 'held';\n      }",
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
    name: 'who gives up stays in the queue',
    file: ACQUISITION,
    find: "await discardNode(this.#nodes, node);\n      return this.#changes.isCancelled || held === 'taken' ? null : 'gone';",
    replace: "return this.#changes.isCancelled || held === 'taken' ? null : 'gone';",
    tests: [SIMULATION],
    catches: 'nobody waits for ever',
  },
  {
    name: 'a creation whose answer was lost is made again without looking for it',
    file: QUEUE_NODE,
    find: 'const node = await findQueueNode(nodes, base, prefix, nodes.sessionId);',
    replace: 'const node = null as QueueNode | null;',
    tests: [SIMULATION],
    catches: 'nobody is let in before those who came first',
  },
  {
    name: 'a deletion whose answer was lost is not made again',
    file: 'src/zookeeper/locks/node-removal.ts',
    find: 'if (isUnanswered(error)) continue;',
    replace: 'if (isUnanswered(error)) return false;',
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
    find: 'nodes: nearest.map(({ node }) => node)',
    replace: 'nodes: nearest.slice(0, 1).map(({ node }) => node)',
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
    find: "if (this.#state === 'held' && !this.#nodes.isSessionAlive(this.node.sessionId))\n      this.lose('its session is over');",
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
];
