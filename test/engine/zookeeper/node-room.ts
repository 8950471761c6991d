import { encodeNodeData, type NodeData } from '../../../src/engine/zookeeper/node-data.ts';

export { NodeRoom, openRoom } from '../../zookeeper/model/node-room.ts';

/** What a server of ours writes into a node. */
export function ours(fields: Partial<NodeData> = {}): Buffer {
  return encodeNodeData({
    ...{ server: 'a-server', client: { sessionId: '', address: '', protocol: '' }, holder: '' },
    ...{ lockTimeoutMs: 0, sinceMs: 1, grantedMs: 0, asksRenewal: false },
    ...fields,
  });
}

/** The unique part of a node's name, the same for the same number. */
export function uuidOf(number: number): string {
  return `0c8c2e5b-1234-4abc-8def-${String(number).padStart(12, '0')}`;
}
