import type { Socket } from 'node:net';
import { Limits } from '../base/limits.ts';
import type { Method } from '../contract/method.ts';
import { ReplyForm } from '../core/reply-form.ts';
import { GrpcCalls } from '../protocol/grpc/grpc-calls.ts';
import type { LdlmBackend } from '../protocol/grpc/ldlm-backend.ts';
import { Output, type OutputChunk } from '../protocol/http2/output.ts';
import type { ConnectionOwner } from './connection-owner.ts';

/** A read of at least so much is one behind which there may be more: a TLS record at its longest. */
const FULL_READ_BYTES = 16 * 1024;
/** So much may be read of one client before the next one has its turn. */
const TURN_BYTES_MAX = 64 * 1024;

/** How long a client rests after each read whose frames mostly ask for nothing. */
const STRAINED_REST_MS = 20;

/** The socket is given the next chunks when less than this is on its way. */
const IN_FLIGHT_BYTES_MAX = 64 * 1024;

/** How long a connection that we have ended may take to close before its socket is destroyed, and one that failed. */
const LINGER_MS = 1_000;
const FAILED_LINGER_MS = 100;

/**
 * One client: its socket, its HTTP/2 connection and its session, which lives exactly as long. What is read goes
 * to the protocol, what the protocol has to say is written once per batch.
 */
export class ClientConnection implements LdlmBackend {
  /** The slot in the connection table, by which replies find their way back. */
  readonly slot: number;
  /** Never reused, so that a reply for an earlier owner of the slot is recognised. */
  readonly session: number;
  readonly calls: GrpcCalls;
  readonly socket: Socket;
  readonly openedMs: number;
  lastReadMs: number;
  /** When the keepalive ping was sent that waits for a sign of life; 0 when none does. */
  pingedMs = 0;
  dirty = false;
  readonly #owner: ConnectionOwner;
  readonly #output: Output;
  #shardMask = 0;
  #over = false;
  #reading = false;
  #ending = false;
  #readingStopped = false;
  /** Bytes of the last reads, as long as each was a full one. */
  #fullReadBytes = 0;
  /** Chunks that the socket was not yet given, in order. */
  readonly #outgoing: OutputChunk[] = [];
  /** Bytes that the socket was given and has not written, and those with all that waits behind them. */
  #inFlightBytes = 0;
  #unwrittenBytes = 0;
  #writeProgressMs: number;

  constructor(socket: Socket, slot: number, session: number, owner: ConnectionOwner) {
    this.socket = socket;
    this.slot = slot;
    this.session = session;
    this.#owner = owner;
    const nowMs = owner.nowMs();
    this.openedMs = nowMs;
    this.lastReadMs = nowMs;
    this.#writeProgressMs = nowMs;
    this.#output = new Output(owner.chunks);
    this.calls = new GrpcCalls(owner.grpc, this, this.#output, nowMs);
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('end', () => this.#gone());
    socket.on('close', () => {
      this.#gone();
      owner.socketClosed();
    });
    // What follows an error is 'close'; there is nobody to tell it to.
    socket.on('error', ignore);
  }

  /** True once the session has ended. The socket may still have output to write. */
  get over(): boolean {
    return this.#over;
  }

  // ---- the protocol's backend ---------------------------------------------------------------------------------

  submit(
    method: Method,
    streamId: number,
    deadlineMs: number,
    bytes: Buffer,
    start: number,
    end: number,
  ): number {
    const { slot, session } = this;
    const shard = this.#owner.engine.submit(
      method,
      ReplyForm.GrpcFrames,
      slot,
      streamId,
      session,
      deadlineMs,
      bytes,
      start,
      end,
    );
    if (shard >= 0) {
      this.#shardMask |= 1 << (shard & 31);
      return shard;
    }
    this.#stopReading();
    this.#owner.awaitRoom(this, -1 - shard);
    return -1;
  }

  cancel(shard: number, streamId: number): void {
    if (!this.#over) this.#owner.engine.cancel(shard, this.session, streamId);
  }

  cancelLate(streamId: number): void {
    if (this.#over) return;
    const { engine } = this.#owner;
    // Shards from 32 on share bits; one that does not know the call does nothing.
    for (let shard = 0; shard < engine.shards; shard++) {
      if ((this.#shardMask & (1 << (shard & 31))) !== 0) engine.cancel(shard, this.session, streamId);
    }
  }

  releaseUndelivered(shard: number, message: Buffer): void {
    this.#owner.engine.releaseUndelivered(shard, message);
  }

  denied(reason: string): void {
    this.#owner.denied(this, reason);
  }

  wrote(): void {
    if (!this.#reading) this.#owner.flushSoon(this);
  }

  get unwrittenBytes(): number {
    return this.#unwrittenBytes + this.#output.totalBytes;
  }

  // ---- what the server tells ------------------------------------------------------------------------------------

  /** There is room in the ring that had none. */
  roomAgain(): void {
    if (this.#over) return;
    this.calls.retry(this.#owner.nowMs());
    this.#owner.markDirty(this);
    if (!this.calls.connection.paused) this.#readOn();
  }

  /** Hands everything gathered to the socket. */
  flush(): void {
    this.dirty = false;
    for (let chunk = this.#output.takeChunk(); chunk !== null; chunk = this.#output.takeChunk()) {
      this.#outgoing.push(chunk);
      this.#unwrittenBytes += chunk.length;
    }
    this.#writeSome();
    this.#checkBacklog();
    if (this.calls.connection.ended) this.#end();
  }

  /** Asks for a sign of life. */
  ping(nowMs: number): void {
    this.pingedMs = nowMs;
    this.calls.connection.sendKeepalivePing();
    this.flush();
  }

  /** Begins an orderly end: no new streams, and the socket closes when the open ones are done. */
  drain(): void {
    this.calls.connection.drain();
    this.flush();
  }

  /** Ends the connection at once. */
  destroy(): void {
    this.socket.destroy();
    this.#gone();
  }

  /** True while nothing is read of this client, because its shard has no room or it does not read its replies. */
  get readingStopped(): boolean {
    return this.#readingStopped;
  }

  /** True when the peer has left what we wrote unread for longer than is tolerated. */
  isStalled(nowMs: number): boolean {
    return this.#unwrittenBytes > 0 && nowMs - this.#writeProgressMs > Limits.outputStalledMsMax;
  }

  // ---- the socket -----------------------------------------------------------------------------------------------

  #read(chunk: Buffer): void {
    if (this.#over) return;
    const nowMs = this.#owner.nowMs();
    this.lastReadMs = nowMs;
    this.pingedMs = 0;
    this.#reading = true;
    this.calls.receive(chunk, nowMs);
    this.#reading = false;
    this.#owner.engine.flush();
    if (this.#output.totalBytes > 0 || this.calls.connection.ended) this.flush();
    this.#fullReadBytes = chunk.length < FULL_READ_BYTES ? 0 : this.#fullReadBytes + chunk.length;
    if (this.calls.connection.strained) this.#rest((resume) => setTimeout(resume, STRAINED_REST_MS));
    else if (this.#fullReadBytes >= TURN_BYTES_MAX) this.#rest(setImmediate);
  }

  /**
   * Lets others have their turn. As long as a socket has more, it is read up to 32 times before the next one is
   * looked at: 2 MiB, which a peer can fill with what is slow to work on.
   */
  #rest(schedule: (resume: () => void) => unknown): void {
    this.#fullReadBytes = 0;
    if (this.#readingStopped || this.#ending) return;
    this.socket.pause();
    schedule(() => {
      if (!this.#readingStopped && !this.#ending) this.socket.resume();
    });
  }

  /**
   * Gives the socket what it can write soon. It reports all that waits behind a write as one, when all of it is
   * written, so a peer that reads steadily but slowly would show no progress if it were given more.
   */
  #writeSome(): void {
    const { socket } = this;
    if (this.#outgoing.length === 0 || this.#inFlightBytes >= IN_FLIGHT_BYTES_MAX || !socket.writable) return;
    if (this.#inFlightBytes === 0) this.#writeProgressMs = this.#owner.nowMs();
    const several = this.#outgoing.length > 1;
    if (several) socket.cork();
    let count = 0;
    while (count < this.#outgoing.length && this.#inFlightBytes < IN_FLIGHT_BYTES_MAX) {
      this.#write(this.#outgoing[count]!);
      count++;
    }
    this.#outgoing.splice(0, count);
    if (several) socket.uncork();
  }

  #write(chunk: OutputChunk): void {
    const { bytes, length } = chunk;
    this.#inFlightBytes += length;
    this.socket.write(length === bytes.length ? bytes : bytes.subarray(0, length), () => {
      this.#inFlightBytes -= length;
      this.#unwrittenBytes -= length;
      this.#writeProgressMs = this.#owner.nowMs();
      this.#owner.chunks.giveBack(chunk);
      if (this.#outgoing.length > 0) this.#writeSome();
      else if (this.#ending && !this.socket.writableEnded) this.socket.end();
      if (this.#readingStopped && !this.calls.connection.paused && !this.#isBacklogged()) this.#readOn();
    });
  }

  /** A peer that does not read its replies is not read from either; one that lets them pile up is cut off. */
  #checkBacklog(): void {
    const backlogBytes = this.#unwrittenBytes + this.calls.connection.queuedBytes;
    if (backlogBytes > Limits.outputBytesMax) this.#owner.cutOff(this, 'it lets its replies pile up');
    else if (this.#isBacklogged()) this.#stopReading();
  }

  #isBacklogged(): boolean {
    return this.#unwrittenBytes > Limits.outputBytesPause;
  }

  #stopReading(): void {
    if (this.#readingStopped) return;
    this.#readingStopped = true;
    this.socket.pause();
  }

  #readOn(): void {
    if (!this.#readingStopped || this.#isBacklogged()) return;
    this.#readingStopped = false;
    // Time in which we did not read is no silence of the peer.
    this.lastReadMs = this.#owner.nowMs();
    this.pingedMs = 0;
    this.socket.resume();
  }

  /**
   * The protocol is done: what was said last goes out, then our half is closed. The peer's half is still read, and
   * thrown away, because closing a socket with unread input may take the last words back. Not so when the peer has
   * failed: one that floods us would go on until it has seen them, at no cost to itself and much to others.
   */
  #end(): void {
    if (this.#ending) return;
    this.#ending = true;
    this.#gone();
    const { failed } = this.calls.connection;
    if (failed) this.socket.pause();
    else this.socket.resume();
    if (this.#outgoing.length === 0) this.socket.end();
    const timer = setTimeout(() => this.socket.destroy(), failed ? FAILED_LINGER_MS : LINGER_MS);
    timer.unref();
    this.socket.once('close', () => clearTimeout(timer));
  }

  /** The session ends: once, whatever comes first. */
  #gone(): void {
    if (this.#over) return;
    this.#over = true;
    this.calls.close();
    if (this.#shardMask !== 0) this.#owner.engine.endSession(this.session, this.#shardMask);
    this.#owner.engine.flush();
    this.#owner.closed(this);
  }
}

function ignore(): void {}
