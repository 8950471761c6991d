import { Limits } from '../base/limits.ts';
import type { Method } from '../contract/method.ts';
import { copyBytes } from '../protocol/http2/output.ts';
import { ringFillBytes } from '../ring/ring-layout.ts';
import type { RingWriter } from '../ring/ring-writer.ts';
import { RequestField, RequestKind, writeRequestHead } from '../shard/request-record.ts';
import { fitRecordBody } from './record-body.ts';

/** A record that must not be lost and found no room. */
interface DeferredRecord {
  readonly kind: RequestKind;
  readonly session: number;
  readonly call: number;
  readonly body: Buffer | null;
}

/**
 * The main thread's end of one shard: writes its requests, and keeps those records in order that may not be
 * refused. While such records wait, requests are refused, so that the end of a session stays behind its requests;
 * their number is bounded by the connections and streams that can end.
 */
export class ShardPort {
  readonly #requests: RingWriter;
  readonly #deferred: DeferredRecord[] = [];
  /** Someone was refused or deferred. The shard knows that it has to tell when half the ring is free. */
  #roomAwaited = false;
  #stalls = 0;
  #dirty = false;
  #wakeScheduled = false;
  readonly #wake = (): void => {
    this.#wakeScheduled = false;
    this.#requests.wakeReader();
  };

  constructor(requests: RingWriter) {
    this.#requests = requests;
  }

  /** How often somebody had to wait for room in the ring. */
  get stalls(): number {
    return this.#stalls;
  }

  /** Bytes that wait in the ring. */
  get fillBytes(): number {
    return ringFillBytes(this.#requests.words);
  }

  /** Writes a request, however long its message is. False when there is no room for it now. */
  submit(
    method: Method,
    form: number,
    route: number,
    call: number,
    session: number,
    deadlineMs: number,
    bytes: Buffer,
    start: number,
    end: number,
  ): boolean {
    if (this.#deferred.length > 0) return false;
    if (end - start > Limits.recordBodyBytesMax) {
      bytes = fitRecordBody(bytes, start, end, method);
      start = 0;
      end = bytes.length;
    }
    const payloadBytes = RequestField.Body + end - start;
    const payload = this.#reserve(payloadBytes);
    if (payload < 0) return false;
    writeRequestHead(this.#requests, payload, method, form, route, call, session, deadlineMs);
    copyBytes(bytes, start, end, this.#requests.bytes, payload + RequestField.Body);
    this.#requests.commit(RequestKind.Request, payloadBytes);
    this.#dirty = true;
    return true;
  }

  /**
   * Writes a record that may not be refused, now or as soon as there is room.
   *
   * @throws RecordTooLongError at once: later nobody would be there to be told, and what waits behind it would not be written
   */
  tell(kind: RequestKind, session: number, call: number, body: Buffer | null): void {
    this.#requests.checkLength(recordPayloadBytes(body));
    if (this.#deferred.length > 0 || !this.#write(kind, session, call, body)) {
      this.#deferred.push({ kind, session, call, body });
    }
  }

  /** Tells the shard that all are ready, and by how much its clock is to jump. It must be the first that it is told. */
  begin(skipMs: number): void {
    const payload = this.#requests.reserve(RequestField.Body);
    writeRequestHead(this.#requests, payload, 0, 0, 0, 0, 0, skipMs);
    this.#requests.commit(RequestKind.Begin, RequestField.Body);
    this.#dirty = true;
    this.flush();
  }

  /**
   * Makes everything written visible. A shard that works sees it at once. One that sleeps is woken when this turn of
   * the event loop has read all sockets: being woken costs it much more than what a single socket has to say, and
   * between few cores also us.
   */
  flush(): void {
    if (!this.#dirty) return;
    this.#dirty = false;
    if (!this.#requests.publishWithoutWaking() || this.#wakeScheduled) return;
    this.#wakeScheduled = true;
    setImmediate(this.#wake);
  }

  /** True when room that was waited for is there: `takeRoom` will find it. */
  hasAwaitedRoom(): boolean {
    return this.#roomAwaited && !this.#requests.isAwaitingRoom();
  }

  /** Writes what was deferred. Returns true when those who were refused may try again. */
  takeRoom(): boolean {
    if (!this.hasAwaitedRoom()) return false;
    this.#roomAwaited = false;
    let done = 0;
    while (done < this.#deferred.length) {
      const { kind, session, call, body } = this.#deferred[done]!;
      if (!this.#write(kind, session, call, body)) break;
      done++;
    }
    this.#deferred.splice(0, done);
    this.flush();
    return this.#deferred.length === 0;
  }

  /** True when the shard has not yet read all that was written for it. */
  hasPending(): boolean {
    return this.#deferred.length > 0 || !this.#requests.isDrained();
  }

  #write(kind: RequestKind, session: number, call: number, body: Buffer | null): boolean {
    const payloadBytes = recordPayloadBytes(body);
    const payload = this.#reserve(payloadBytes);
    if (payload < 0) return false;
    writeRequestHead(this.#requests, payload, 0, 0, 0, call, session, 0);
    body?.copy(this.#requests.bytes, payload + RequestField.Body);
    this.#requests.commit(kind, payloadBytes);
    this.#dirty = true;
    return true;
  }

  /**
   * Finds room for a record. -1 means that more than half the ring is full and that the shard will tell when it no
   * longer is: if it has made room between our two looks, we find that room at the second one. What was written
   * must be visible before, or the shard could never make the room that is waited for.
   */
  #reserve(payloadBytes: number): number {
    let payload = this.#requests.reserve(payloadBytes);
    while (payload < 0) {
      this.flush();
      if (this.#requests.awaitRoom()) {
        this.#roomAwaited = true;
        this.#stalls++;
        return -1;
      }
      payload = this.#requests.reserve(payloadBytes);
    }
    return payload;
  }
}

function recordPayloadBytes(body: Buffer | null): number {
  return RequestField.Body + (body === null ? 0 : body.length);
}
