import type { ConnectionOptions } from 'node:tls';
import { Limits } from '../../base/limits.ts';
import type { ServerAddress } from '../connect-string.ts';
import {
  refusalOf,
  SessionClosedRequireAuthError,
  ThrottledError,
  UnimplementedError,
} from '../server-refusal.ts';
import { type ConnectReply, readConnectReply, type SessionTicket, writeConnect } from '../wire/handshake.ts';
import { JuteReader } from '../wire/jute-reader.ts';
import type { JuteWriter } from '../wire/jute-writer.ts';
import { OpCode, ReservedXid } from '../wire/op-code.ts';
import { WireConnection } from '../wire/wire-connection.ts';
import { MalformedReplyError, type ZooKeeperError, ZooKeeperUseError } from '../zookeeper-error.ts';
import type { armRequests } from './arm-requests.ts';
import type { Request } from './request.ts';
import { RequestQueue } from './request-queue.ts';

const UNIMPLEMENTED = new UnimplementedError().zooKeeperCode;
/** What any server says by itself: the leader knows nothing of it. */
const UNPROVEN: readonly number[] = [
  UNIMPLEMENTED,
  new ThrottledError().zooKeeperCode,
  new SessionClosedRequireAuthError().zooKeeperCode,
];
const XID_MAX = 0x7fff_ffff;
const EVENT_TYPES = { 1: 'created', 2: 'deleted', 3: 'dataChanged', 4: 'childrenChanged' } as const;

export interface Credentials {
  /** Such as `digest`. */
  readonly scheme: string;
  /** Such as `user:password`. */
  readonly auth: string | Uint8Array;
}

export interface LinkOptions {
  readonly server: ServerAddress;
  readonly tls: ConnectionOptions | null;
  readonly ticket: SessionTicket;
  readonly timeoutMs: number;
  readonly lastZxid: bigint;
  readonly nowMs: () => number;
}

export interface LinkListener {
  /** The server has answered to the ticket. @param sentMs when it was shown */
  greeted(reply: ConnectReply, sentMs: number): void;
  /** Something came. @param provenMs when the request was sent by whose answer the leader has proved the session; or null */
  received(provenMs: number | null, arrivedMs: number): void;
  notified(type: (typeof EVENT_TYPES)[keyof typeof EVENT_TYPES], path: string): void;
  /** The server has not armed what it was asked to. */
  unarmed(error: ZooKeeperError): void;
  /** The server will not have this client. */
  refused(error: ZooKeeperError): void;
  closed(cause: Error | null): void;
}

/** One connection of a session: what was asked on it and is not answered yet, in order. */
export class SessionLink {
  readonly #options: LinkOptions;
  readonly #listener: LinkListener;
  readonly #wire: WireConnection;
  readonly #inFlight = new RequestQueue<Request>();
  readonly #reader = new JuteReader();
  #arrivedMs = 0;
  /** Every reply tells of the last transaction; a bigint for each would be garbage. */
  #zxidHigh: number;
  #zxidLow: number;
  #greetedMs: number | null = null;
  #isGreeted = false;
  #xid = 0;

  constructor(options: LinkOptions, listener: LinkListener, firstXid = 0) {
    this.#options = options;
    this.#listener = listener;
    this.#zxidHigh = Number(BigInt.asIntN(32, options.lastZxid >> 32n));
    this.#zxidLow = Number(BigInt.asUintN(32, options.lastZxid));
    this.#xid = firstXid;
    this.#wire = new WireConnection(options.server, options.tls, {
      opened: () => this.#greet(),
      arrived: () => {
        this.#arrivedMs = options.nowMs();
      },
      frame: (bytes, start, end) => {
        this.#reader.begin(bytes, start, end);
        this.#take(this.#reader);
      },
      closed: (cause) => listener.closed(cause),
    });
  }

  /** The last transaction that the server has told of. */
  get lastZxid(): bigint {
    return (BigInt(this.#zxidHigh) << 32n) | BigInt(this.#zxidLow);
  }

  get localAddress(): string {
    return this.#wire.localAddress;
  }

  /** @throws ZooKeeperUseError when it cannot be written; then nothing is sent */
  send(request: Request, nowMs: number): void {
    const { writer } = this.#wire;
    const xid = this.#xid === XID_MAX ? 1 : this.#xid + 1;
    try {
      request.write(writer, xid, nowMs);
      if (writer.frameBytes > Limits.zookeeperRequestBytesMax)
        throw new RangeError(
          `it has ${writer.frameBytes} bytes; servers take ${Limits.zookeeperRequestBytesMax}`,
        );
    } catch (error) {
      writer.dropFrame();
      throw new ZooKeeperUseError(`the request cannot be sent: ${String(error)}`, request.path);
    }
    this.#xid = xid;
    const isAlone = this.#inFlight.length === 0;
    this.#inFlight.push(request);
    this.#wire.flushSoon(isAlone);
  }

  authenticate({ scheme, auth }: Credentials): void {
    this.#sendReserved(ReservedXid.Auth, OpCode.Auth, (writer) => {
      writer.int(0);
      writer.string(scheme);
      writer.buffer(typeof auth === 'string' ? Buffer.from(auth) : auth);
    });
  }

  /** Asks for watches that an earlier connection had, or that this one was told to forget. */
  arm(requests: ReturnType<typeof armRequests>): void {
    for (const { op, write } of requests) this.#sendReserved(ReservedXid.SetWatches, op, write);
  }

  /** Gives the link up, and returns what was not answered on it. */
  destroy(): Request[] {
    this.#wire.destroy();
    return this.#inFlight.takeAll();
  }

  fail(cause: Error): void {
    this.#wire.fail(cause);
  }

  #greet(): void {
    const { ticket, timeoutMs, lastZxid, nowMs } = this.#options;
    this.#greetedMs = nowMs();
    writeConnect(this.#wire.writer, ticket, timeoutMs, lastZxid);
    this.#wire.flushSoon();
  }

  #sendReserved(xid: number, op: number, write: (writer: JuteWriter) => void): void {
    const { writer } = this.#wire;
    writer.beginFrame();
    writer.int(xid);
    writer.int(op);
    write(writer);
    writer.endFrame();
    this.#wire.flushSoon();
  }

  #take(reader: JuteReader): void {
    if (!this.#isGreeted) {
      this.#isGreeted = true;
      return this.#listener.greeted(readConnectReply(reader), this.#greetedMs!);
    }
    const xid = reader.int();
    this.#sawZxid(reader.int(), reader.int() >>> 0);
    const code = reader.int();
    if (xid > 0) return this.#answer(xid, code, reader);
    this.#listener.received(null, this.#arrivedMs);
    if (xid === ReservedXid.Notification) this.#notify(reader);
    else if (xid === ReservedXid.SetWatches && code !== 0) this.#listener.unarmed(refusalOf(code, ''));
    else if (xid === ReservedXid.Auth && code !== 0) this.#listener.refused(refusalOf(code, ''));
  }

  #answer(xid: number, code: number, reader: JuteReader): void {
    const first = this.#inFlight.first();
    const request = first?.xid === xid ? this.#inFlight.shift() : this.#refused(xid, code);
    if (request === null)
      throw new MalformedReplyError(`request ${xid} is answered where ${first?.xid ?? 'none'} is due`);
    const isProof = request.isProof && !UNPROVEN.includes(code);
    this.#listener.received(isProof ? request.sentMs : null, this.#arrivedMs);
    request.answer(code, reader);
  }

  #sawZxid(high: number, low: number): void {
    if (high < this.#zxidHigh || (high === this.#zxidHigh && low <= this.#zxidLow)) return;
    this.#zxidHigh = high;
    this.#zxidLow = low;
  }

  /** Servers say that they do not know an operation before they answer what was asked before it, and close the connection. */
  #refused(xid: number, code: number): Request | null {
    return code === UNIMPLEMENTED ? this.#inFlight.take((request) => request.xid === xid) : null;
  }

  #notify(reader: JuteReader): void {
    const type = EVENT_TYPES[reader.int() as keyof typeof EVENT_TYPES];
    reader.int();
    // Others tell of the session, which has its own ways.
    if (type !== undefined) this.#listener.notified(type, reader.string());
  }
}
