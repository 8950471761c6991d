import { makeParents } from '../../../src/zookeeper/locks/lock-parents.ts';
import { createQueueNode, type QueueNode } from '../../../src/zookeeper/locks/queue-node.ts';
import { parentOf } from '../../../src/zookeeper/node-path.ts';
import type { CreateMode } from '../../../src/zookeeper/wire/op-code.ts';
import { seededIntegers } from '../../core/random.ts';
import { type EnsembleOptions, ModelEnsemble } from './model-ensemble.ts';
import { ModelNodes } from './model-nodes.ts';
import type { ModelSessionOptions } from './model-session.ts';
import { VirtualTime } from './virtual-time.ts';

/** Longer than anything takes that comes to something. */
const COMES_MS_MAX = 60_000;

/** Where the connection breaks at a write: before it is carried out, or behind that and before its answer. */
type Cut = 'before' | 'after';

/** An ensemble that answers at once, so that all time that passes is what the code under test waits for. */
export class NodeRoom {
  readonly time = new VirtualTime();
  readonly ensemble: ModelEnsemble;
  /** Where the next writes of `nodes` break their connections. */
  readonly cuts: Cut[] = [];
  /** The client of the code under test. */
  readonly nodes: ModelNodes;
  /** Somebody else's, with a session that never ends. */
  readonly others: ModelNodes;

  constructor(options: EnsembleOptions = {}) {
    this.ensemble = new ModelEnsemble(this.time, seededIntegers(1), { latencyMs: 0, ...options });
    this.nodes = this.open({ cutOf: (isWrite) => (isWrite && this.cuts.shift()) || 'nowhere' });
    this.others = this.open();
  }

  open(options: ModelSessionOptions = {}): ModelNodes {
    return new ModelNodes(this.ensemble, options);
  }

  /** What a promise comes to, in as much time as that takes. */
  async come<Value>(promise: Promise<Value>): Promise<Value> {
    let isDone = false;
    const done = (): void => {
      isDone = true;
    };
    promise.then(done, done);
    const { time } = this;
    await time.runUntil(time.nowMs + COMES_MS_MAX, () => isDone);
    if (!isDone) throw new Error('it came to nothing');
    return promise;
  }

  pass(ms: number): Promise<void> {
    return this.time.runUntil(this.time.nowMs + ms);
  }

  /** No server can be reached for so long. */
  isolate({ session }: ModelNodes, durationMs: number): void {
    session.isolate(durationMs);
    session.link?.cut();
  }

  /** Makes a node as somebody else does, with all above it. Returns its path. */
  async put(
    path: string,
    data: Uint8Array = Buffer.alloc(0),
    mode: CreateMode = 'persistent',
    nodes = this.others,
  ): Promise<string> {
    const parent = parentOf(path);
    if (parent !== '/') await this.come(makeParents(nodes, parent));
    return (await this.come(nodes.create(path, { mode, data }))).path;
  }

  /** Queues below a node, as the code under test does. */
  async queue(base: string, suffix = 'lock-', nodes = this.nodes): Promise<QueueNode> {
    const queued = createQueueNode(nodes, {
      ...{ base, suffix, mode: 'ephemeralSequential', data: Buffer.alloc(0) },
      request: { isCancelled: false },
    });
    return (await this.come(queued))!.node;
  }

  /** Whether there is such a node, whoever may know of it. */
  has(path: string): boolean {
    return this.ensemble.server.tree.stat(path) !== null;
  }

  dataAt(path: string): Buffer {
    return this.ensemble.server.tree.data(path);
  }

  /** The nodes below one by their numbers, without what is unique of their names; none where there is no such node. */
  queueAt(path: string): string[] {
    const names = this.has(path) ? this.ensemble.server.tree.children(path) : [];
    return names.map((name) => name.replace(/^_c_[0-9a-f-]{36}-/, '')).sort(byNumber);
  }
}

function byNumber(a: string, b: string): number {
  const [first, second] = [a, b].map((name) => name.slice(-10)) as [string, string];
  return first === second ? Number(a > b) - Number(a < b) : first < second ? -1 : 1;
}

/** A room in which all clients have their sessions. */
export async function openRoom(options: EnsembleOptions = {}): Promise<NodeRoom> {
  const room = new NodeRoom(options);
  await room.pass(0);
  return room;
}
