import { createHash } from 'node:crypto';
import type { LockCommand } from '../../core/command.ts';
import { LockKey } from '../../core/lock-key.ts';
import { Origin } from '../../core/origin.ts';
import type { FencingToken } from '../../core/sink.ts';
import { lockKeyTextBytes, parseLockKey, writeLockKey } from '../../protocol/protobuf/lock-key-text.ts';
import type { LockRequest } from '../../zookeeper/locks/hold-within.ts';
import type { QueueNode } from '../../zookeeper/locks/queue-node.ts';
import type { LockPlace } from './lock-place.ts';

/** Somebody's wish for a lock, and what has become of it. */
export class Claim {
  readonly place: LockPlace;
  /** The call that is answered next. */
  readonly origin = new Origin();
  readonly size: number;
  readonly mode: number;
  readonly tryOnly: boolean;
  /** Byte strings. */
  readonly requestId: string;
  readonly holder: string;
  readonly lockKey = new LockKey();
  /** The same as its holder sees it, and as it stands in the name of the node. */
  readonly key: string;
  /** 0: none. */
  lockTimeoutMs: number;
  state: 'waiting' | 'held' | 'ended' = 'waiting';
  /** Wall milliseconds: when it was asked for, and when it was granted. */
  readonly askedMs: number;
  grantedMs = 0;
  /** When it ends by itself; Infinity: never. */
  deadlineMs = Number.POSITIVE_INFINITY;
  /** Whether at that time its caller's own deadline is over, and not the wait timeout. */
  endsWithCaller = false;
  request: LockRequest | null = null;
  /** Resolves when the request has come to its end. */
  done: Promise<void> = Promise.resolve();
  node: QueueNode | null = null;
  /** The version of the node's data, once it is held. */
  version = 0;
  /** The session that was told of the grant last: a repeat makes it another one's, which is told a little later. */
  toldSession = 0;
  /** More than one call was told of the grant, so that none of them can give it back for the others. */
  isShared = false;
  /** A server before this one has made its node, which stays, whatever those do that are made here. */
  nodeStays = false;
  /** This server was asked to renew it. */
  isRenewedHere = false;

  /** @param key of a lock that was granted before; by default that of the command or of its request id */
  constructor(command: LockCommand, place: LockPlace, nowMs: number, key = keyOf(command, place)) {
    this.place = place;
    this.size = command.size;
    this.mode = command.mode;
    this.tryOnly = command.tryOnly;
    this.requestId = command.requestId;
    this.holder = command.holder;
    this.lockTimeoutMs = command.lockTimeoutMs;
    this.askedMs = nowMs;
    this.key = key;
    readKey(this.key, this.lockKey);
    this.move(command);
    this.setWait(command, nowMs);
  }

  /** From now on the claim belongs to the call of this command. */
  move({ origin }: LockCommand): void {
    this.origin.session = origin.session;
    this.origin.route = origin.route;
    this.origin.call = origin.call;
    this.origin.method = origin.method;
    this.origin.form = origin.form;
  }

  /** How long it may wait, from now on. */
  setWait({ waitTimeoutMs, deadlineMs, tryOnly }: LockCommand, nowMs: number): void {
    const waitEndsMs = waitTimeoutMs > 0 && !tryOnly ? nowMs + waitTimeoutMs : Number.POSITIVE_INFINITY;
    this.endsWithCaller = deadlineMs < waitEndsMs;
    this.deadlineMs = Math.min(waitEndsMs, deadlineMs);
  }

  /** How long it is held unless it is renewed; 0: until it is released. */
  setLease(lockTimeoutMs: number, nowMs: number): void {
    this.lockTimeoutMs = lockTimeoutMs;
    this.deadlineMs = lockTimeoutMs > 0 ? nowMs + lockTimeoutMs : Number.POSITIVE_INFINITY;
  }
}

/** The transaction that made the node: it grows from grant to grant, whatever server the lock was granted by. */
export function readToken({ czxid }: Pick<QueueNode, 'czxid'>, token: FencingToken): FencingToken {
  token.high = Number(czxid >> 32n);
  token.low = Number(czxid & 0xffff_ffffn);
  return token;
}

function keyOf({ key, requestId }: LockCommand, { name }: LockPlace): string {
  return requestId === '' ? keyTextOf(key) : keyOfRequest(name, requestId);
}

const keyBytes = Buffer.alloc(lockKeyTextBytes);

/** A key as clients see it. */
export function keyTextOf(key: LockKey): string {
  writeLockKey(keyBytes, 0, key);
  return keyBytes.latin1Slice(0, lockKeyTextBytes);
}

function readKey(text: string, key: LockKey): void {
  const bytes = Buffer.from(text, 'latin1');
  parseLockKey(bytes, 0, bytes.length, key);
}

/**
 * The key of a request that has an id: the same at every server, so that each of them finds the node of a request that its caller
 * has made to another one before. It has the form of a random UUID (RFC 9562 section 5.4).
 */
export function keyOfRequest(name: string, requestId: string): string {
  const hash = createHash('sha256').update(`${name.length} ${name}${requestId}`, 'latin1').digest();
  hash[6] = (hash[6]! & 0x0f) | 0x40;
  hash[8] = (hash[8]! & 0x3f) | 0x80;
  const hex = hash.toString('hex', 0, 16);
  return [8, 12, 16, 20].reduceRight((text, at) => `${text.slice(0, at)}-${text.slice(at)}`, hex);
}
