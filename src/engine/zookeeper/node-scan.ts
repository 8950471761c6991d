import { childrenOf } from '../../zookeeper/child-nodes.ts';
import { CONTENDER_NAMES, parseContender } from '../../zookeeper/locks/contenders.ts';
import { childOf } from '../../zookeeper/node-path.ts';
import type { Nodes } from '../../zookeeper/nodes.ts';
import { NoNodeError } from '../../zookeeper/server-refusal.ts';
import type { Stat } from '../../zookeeper/wire/records.ts';
import { LOCKS_PATH, type LockPaths } from './lock-place.ts';
import { decodeNodeData, type NodeData } from './node-data.ts';
import { queuePath } from './placed-claim.ts';

/** A contender of one of our servers. */
export interface ScannedNode {
  readonly path: string;
  readonly data: NodeData;
  readonly stat: Stat;
}

const READ_TOGETHER = 256;

/** All contenders of our servers, some at a time. Those of other programs are left out. */
export async function* scanNodes(nodes: Nodes, paths: LockPaths): AsyncGenerator<readonly ScannedNode[]> {
  for (const bucket of await childrenOf(nodes, LOCKS_PATH)) {
    const path = childOf(LOCKS_PATH, bucket);
    for (const node of await childrenOf(nodes, path)) yield* scanQueue(nodes, childOf(path, node));
  }
  for (const place of paths.mapped) yield* scanQueue(nodes, queuePath(place));
}

async function* scanQueue(nodes: Nodes, queue: string): AsyncGenerator<readonly ScannedNode[]> {
  const children = await childrenOf(nodes, queue);
  const contenders = children.filter((child) => parseContender(child, CONTENDER_NAMES) !== null);
  for (let start = 0; start < contenders.length; start += READ_TOGETHER) {
    const some = contenders.slice(start, start + READ_TOGETHER);
    const read = await Promise.all(some.map((child) => readNode(nodes, childOf(queue, child))));
    yield read.filter((node) => node !== null);
  }
}

/** Null: it is gone, or not one of ours. */
async function readNode(nodes: Nodes, path: string): Promise<ScannedNode | null> {
  try {
    const { data, stat } = await nodes.getData(path);
    const ours = decodeNodeData(data);
    return ours === null ? null : { path, data: ours, stat };
  } catch (error) {
    if (error instanceof NoNodeError) return null;
    throw error;
  }
}
