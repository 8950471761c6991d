import { hasPattern, RecordPattern, writePattern } from './record-pattern.mjs';

/** Writes `records` records in bursts of varying length and checks what comes back. Never blocks. */
export class Requester {
  received = 0;
  fault = null;
  #sent = 0;
  #next = null;
  #out;
  #back;
  #bursts;

  constructor(requests, replies, records, seed) {
    this.requests = requests;
    this.replies = replies;
    this.records = records;
    this.#out = new RecordPattern(seed);
    this.#back = new RecordPattern(seed);
    this.#bursts = new RecordPattern(~seed);
  }

  get done() {
    return this.received === this.records;
  }

  /** Writes a burst and reads what is there. Returns false when nothing could be done. */
  turn() {
    const sent = this.#sendBurst(1 + this.#bursts.nextLength() * 8);
    return this.#receive() || sent;
  }

  #sendBurst(count) {
    const before = this.#sent;
    while (count-- > 0 && this.#sent < this.records) {
      this.#next ??= { length: this.#out.nextLength(), seed: this.#out.nextSeed() };
      const { length, seed } = this.#next;
      const payload = this.requests.reserve(length);
      if (payload < 0) {
        this.requests.publish();
        if (this.requests.awaitRoom()) break;
        continue;
      }
      writePattern(this.requests.bytes, payload, length, seed);
      this.requests.commit(this.#sent++, length);
      this.#next = null;
    }
    this.requests.publish();
    return this.#sent > before;
  }

  #receive() {
    const before = this.received;
    const { replies } = this;
    for (let payload = replies.next(); payload >= 0; payload = replies.next()) {
      const length = this.#back.nextLength();
      const seed = this.#back.nextSeed();
      if (
        replies.length !== length ||
        replies.kind !== this.received ||
        !hasPattern(replies.bytes, payload, length, seed)
      )
        this.fault ??= `reply ${this.received}: kind ${replies.kind}, ${replies.length} bytes for ${length}`;
      this.received++;
      if (replies.unreleasedBytes() > 16_384 && replies.release()) replies.wakeWriter();
    }
    if (replies.release()) replies.wakeWriter();
    return this.received > before;
  }
}
