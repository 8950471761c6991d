import { encodeNodeData, type NodeData } from '../../../src/engine/zookeeper/node-data.ts';
import { makeParents } from '../../../src/zookeeper/locks/lock-parents.ts';
import { parentOf } from '../../../src/zookeeper/node-path.ts';
import type { CreatedNode, CreateOptions } from '../../../src/zookeeper/nodes.ts';
import { seededIntegers } from '../../core/random.ts';
import { ModelEnsemble } from '../../zookeeper/model/model-ensemble.ts';
import { ModelNodes } from '../../zookeeper/model/model-nodes.ts';
import type { ModelSessionOptions } from '../../zookeeper/model/model-session.ts';
import { VirtualTime } from '../../zookeeper/model/virtual-time.ts';

/** What one step of a test may take, in virtual milliseconds. */
const STEP_MS = 100;

/** A client of a simulated ensemble whose time passes only when a test waits for something. */
export class ModelClient<ClientNodes extends ModelNodes = ModelNodes> {
  readonly time: VirtualTime;
  readonly ensemble: ModelEnsemble;
  readonly nodes: ClientNodes;

  private constructor(time: VirtualTime, ensemble: ModelEnsemble, nodes: ClientNodes) {
    this.time = time;
    this.ensemble = ensemble;
    this.nodes = nodes;
  }

  static open(options: ModelSessionOptions = {}): Promise<ModelClient> {
    return ModelClient.openAs((ensemble) => new ModelNodes(ensemble, options));
  }

  /** The same with nodes that do something of their own. */
  static async openAs<ClientNodes extends ModelNodes>(
    make: (ensemble: ModelEnsemble) => ClientNodes,
  ): Promise<ModelClient<ClientNodes>> {
    const time = new VirtualTime();
    const ensemble = new ModelEnsemble(time, seededIntegers(1));
    const client = new ModelClient(time, ensemble, make(ensemble));
    await client.pass(STEP_MS);
    return client;
  }

  pass(ms: number): Promise<void> {
    return this.time.runUntil(this.time.nowMs + ms);
  }

  /** What a promise comes to. */
  async come<T>(promise: Promise<T>): Promise<T> {
    promise.catch(() => {});
    await this.pass(STEP_MS);
    return promise;
  }

  /** Makes a node with what is missing above it; an ephemeral one unless it is said otherwise. */
  async put(path: string, data: Uint8Array | string = '', options: CreateOptions = {}): Promise<CreatedNode> {
    const parent = parentOf(path);
    if (parent !== '/') await this.come(makeParents(this.nodes, parent));
    return this.come(this.nodes.create(path, { mode: 'ephemeral', data: Buffer.from(data), ...options }));
  }
}

/** What a server of ours says in the node of somebody who holds a lock or waits for it. */
export function nodeData(data: Partial<NodeData> = {}): Buffer {
  return encodeNodeData({
    ...{ server: '1-a', client: { sessionId: '', address: '', protocol: '' }, holder: '' },
    ...{ lockTimeoutMs: 0, sinceMs: 1_000, grantedMs: 0, asksRenewal: false, ...data },
  });
}

/** A key, different for each number. */
export function keyOf(number: number): string {
  return `0c8c2e5b-1234-4abc-8def-${String(number).padStart(12, '0')}`;
}

/** The name of the node of a contender with this key, at this place in the queue. */
export function nodeNameOf(
  key: string,
  kind: 'lock-' | 'lease-' | '__READ__' | '__WRIT__',
  at: number,
): string {
  return `_c_${key}-${kind}${String(at).padStart(10, '0')}`;
}
