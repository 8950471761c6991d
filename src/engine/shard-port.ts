import type { Method } from '../contract/method.ts';
import type { RingReader } from '../ring/ring-reader.ts';
import type { RingWriter } from '../ring/ring-writer.ts';
import { RequestField, RequestKind, writeRequestHead } from '../shard/request-record.ts';

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
  readonly replies: RingReader;
  /** Someone was refused and waits for `EngineEvents.room`. */
  roomAwaited = false;
  readonly #requests: RingWriter;
  readonly #deferred: DeferredRecord[] = [];
  #dirty = false;

  constructor(requests: RingWriter, replies: RingReader) {
    this.#requests = requests;
    this.replies = replies;
  }

  /** Writes a request. False when there is no room for it now. */
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
    if (this.#deferred.length > 0) return this.#refuse();
    const payloadBytes = RequestField.Body + end - start;
    const payload = this.#requests.reserve(payloadBytes);
    if (payload < 0) return this.#refuse();
    writeRequestHead(this.#requests, payload, method, form, route, call, session, deadlineMs);
    const out = this.#requests.bytes;
    const body = payload + RequestField.Body;
    if (end - start <= COPY_LOOP_BYTES_MAX) {
      for (let i = start; i < end; i++) out[body + i - start] = bytes[i]!;
    } else {
      bytes.copy(out, body, start, end);
    }
    this.#requests.commit(RequestKind.Request, payloadBytes);
    this.#dirty = true;
    return true;
  }

  /** Writes a record that may not be refused, now or as soon as there is room. */
  tell(kind: RequestKind, session: number, call: number, body: Buffer | null): void {
    const record = { kind, session, call, body };
    if (this.#deferred.length > 0 || !this.#write(record)) {
      this.#deferred.push(record);
      this.#awaitRoom();
    }
  }

  /** Makes everything written visible, and wakes the shard if it sleeps. */
  flush(): void {
    if (!this.#dirty) return;
    this.#dirty = false;
    if (this.#requests.publish()) this.#requests.wakeReader();
  }

  /** Writes what was deferred. Returns true when those who were refused may try again. */
  takeRoom(): boolean {
    if (!this.roomAwaited || this.#requests.awaitRoom()) return false;
    this.roomAwaited = false;
    let done = 0;
    while (done < this.#deferred.length && this.#write(this.#deferred[done]!)) done++;
    this.#deferred.splice(0, done);
    this.flush();
    if (this.#deferred.length === 0) return true;
    this.#awaitRoom();
    return false;
  }

  /** True when the shard has not yet read all that was published to it. */
  hasPending(): boolean {
    return !this.#requests.isDrained();
  }

  #write(record: DeferredRecord): boolean {
    const bodyBytes = record.body === null ? 0 : record.body.length;
    const payload = this.#requests.reserve(RequestField.Body + bodyBytes);
    if (payload < 0) return false;
    writeRequestHead(this.#requests, payload, 0, 0, 0, record.call, record.session, 0);
    record.body?.copy(this.#requests.bytes, payload + RequestField.Body);
    this.#requests.commit(record.kind, RequestField.Body + bodyBytes);
    this.#dirty = true;
    return true;
  }

  #refuse(): false {
    this.#awaitRoom();
    return false;
  }

  /** What was written must be visible, or the shard would never make the room that is waited for. */
  #awaitRoom(): void {
    this.flush();
    this.roomAwaited = true;
    this.#requests.awaitRoom();
  }
}

/** Below this length a loop is cheaper than the call into the copy routine. */
const COPY_LOOP_BYTES_MAX = 192;
