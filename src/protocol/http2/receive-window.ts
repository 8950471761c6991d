import { Limits } from '../../base/limits.ts';
import type { ControlWriter } from './control-writer.ts';
import { FrameType } from './frame.ts';
import type { Stream } from './stream.ts';

/**
 * The windows that the peer sends into (RFC 9113 section 5.2). What a frame brings is taken over at once, so window
 * is given back as soon as half of it is used up: a peer is slowed by not reading from it, and what is kept of
 * half-received messages has a limit of its own. A frame is shorter than half a window, so a peer cannot exceed it.
 */
export class ReceiveWindow {
  readonly #writer: ControlWriter;
  #unacknowledgedBytes = 0;

  constructor(writer: ControlWriter) {
    this.#writer = writer;
  }

  /** The whole payload of a DATA frame counts, padding included, also on streams that are closed (section 6.9). */
  consume(frameBytes: number): void {
    this.#unacknowledgedBytes += frameBytes;
    if (this.#unacknowledgedBytes < Limits.connectionWindowBytes >>> 1) return;
    this.#writer.frame32(FrameType.WindowUpdate, 0, this.#unacknowledgedBytes);
    this.#unacknowledgedBytes = 0;
  }

  consumeStream<Plan, Call>(stream: Stream<Plan, Call>, frameBytes: number): void {
    stream.unacknowledgedBytes += frameBytes;
    if (stream.unacknowledgedBytes < Limits.streamWindowBytes >>> 1) return;
    this.#writer.frame32(FrameType.WindowUpdate, stream.id, stream.unacknowledgedBytes);
    stream.unacknowledgedBytes = 0;
  }
}
