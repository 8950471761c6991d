import type { ClaimObserver, ReleaseCause } from '../core/claim-observer.ts';
import type { ClaimView } from '../core/claim-view.ts';
import type { RecordWriter } from './record-writer.ts';

/** Records what the core decides. The core tells of it before the reply is made, so every reply finds its record there. */
export class ClaimRecorder implements ClaimObserver {
  readonly #records: RecordWriter;

  constructor(records: RecordWriter) {
    this.#records = records;
  }

  granted(claim: ClaimView): void {
    this.#records.grant(claim);
  }

  released(claim: ClaimView, cause: ReleaseCause): void {
    this.#records.release(claim, cause);
  }

  renewed(claim: ClaimView): void {
    this.#records.renew(claim);
  }

  lockClosed(name: string): void {
    this.#records.lockClosed(name);
  }

  requestRefused(memoryKey: string, forgetAtMs: number): void {
    this.#records.releasedRequest(memoryKey, forgetAtMs);
  }
}
