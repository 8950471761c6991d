import { randomBytes } from 'node:crypto';
import type { SessionInfo } from '../../contract/lock-info.ts';

const VERSION = 1;

/**
 * What a contender's node says of it, for other servers and for people. Other programs leave it alone: Curator and kazurator
 * write an address into theirs, or nothing.
 */
export interface NodeData {
  /** The server that has made the node, see {@link serverName}. */
  readonly server: string;
  readonly client: SessionInfo;
  /** The free text that came with the request. */
  readonly holder: string;
  readonly lockTimeoutMs: number;
  /** Wall milliseconds when it was asked for, and when it was granted, 0 before. For display only. */
  readonly sinceMs: number;
  readonly grantedMs: number;
  /** Another server asks the one that has granted the lock to renew it, and waits until this is taken away. */
  readonly asksRenewal: boolean;
}

export function encodeNodeData(data: NodeData): Buffer {
  const { server, client, holder, lockTimeoutMs, sinceMs, grantedMs, asksRenewal } = data;
  const { sessionId, address, protocol } = client;
  return Buffer.from(
    JSON.stringify({
      ldlm: VERSION,
      server,
      ...(sessionId !== '' && { session: sessionId, address, protocol }),
      ...(holder !== '' && { holder }),
      ...(lockTimeoutMs > 0 && { timeout_ms: lockTimeoutMs }),
      since_ms: Math.round(sinceMs),
      ...(grantedMs > 0 && { granted_ms: Math.round(grantedMs) }),
      ...(asksRenewal && { asks_renewal: true }),
    }),
  );
}

/** Null: it is not one of ours. Every program may write into these nodes, so nothing is taken for granted. */
export function decodeNodeData(bytes: Buffer): NodeData | null {
  const fields = parse(bytes);
  if (fields === null || fields['ldlm'] !== VERSION) return null;
  const protocol = textIn(fields, 'protocol');
  return {
    server: textIn(fields, 'server'),
    client: {
      sessionId: textIn(fields, 'session'),
      address: textIn(fields, 'address'),
      protocol: protocol === 'grpc' || protocol === 'rest' ? protocol : '',
    },
    holder: textIn(fields, 'holder'),
    lockTimeoutMs: numberIn(fields, 'timeout_ms'),
    sinceMs: numberIn(fields, 'since_ms'),
    grantedMs: numberIn(fields, 'granted_ms'),
    asksRenewal: fields['asks_renewal'] === true,
  };
}

/**
 * How a server is named in its nodes' data while it has this session: another process that goes on with the session is another
 * server, which does not see to what this one has left.
 *
 * @param process what tells it from others. Default: something random
 */
export function serverName(sessionId: bigint, process = PROCESS): string {
  return `${BigInt.asUintN(64, sessionId).toString(16)}-${process}`;
}

const PROCESS = randomBytes(6).toString('hex');

type Fields = Readonly<Record<string, unknown>>;

function parse(bytes: Buffer): Fields | null {
  // Most nodes of other programs are told apart by this.
  if (bytes[0] !== 0x7b) return null;
  try {
    return JSON.parse(bytes.toString('utf8')) as Fields;
  } catch {
    return null;
  }
}

function textIn(fields: Fields, name: string): string {
  const value = fields[name];
  return typeof value === 'string' ? value : '';
}

function numberIn(fields: Fields, name: string): number {
  const value = fields[name];
  return typeof value === 'number' && value > 0 && value <= Number.MAX_SAFE_INTEGER ? value : 0;
}
