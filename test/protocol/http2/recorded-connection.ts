import { Http2Connection } from '../../../src/protocol/http2/connection.ts';
import { ChunkPool, Output } from '../../../src/protocol/http2/output.ts';
import type { RequestHead } from '../../../src/protocol/http2/request-head.ts';
import type { Stream } from '../../../src/protocol/http2/stream.ts';
import type { StreamHandler } from '../../../src/protocol/http2/stream-handler.ts';
import { describeFrame, OPENING, parseFrames, type WireFrame } from './wire-frames.ts';

export type TestStream = Stream<string, string>;

/** A connection whose handler writes down what it is told, and whose output can be read as frames. */
export class RecordedConnection implements StreamHandler<string, string> {
  readonly http1Answer = Buffer.from('HTTP/1.1 426\r\n\r\n', 'latin1');
  /** What the handler was told, for example `opened 1`, `received 1 abc END`. */
  readonly events: string[] = [];
  /** Called for every body part, with the stream; to answer in place, or to pause. */
  onReceived: (stream: TestStream, last: boolean) => void = () => {};
  onOpened: (stream: TestStream, end: boolean) => void = () => {};
  readonly connection: Http2Connection<string, string>;
  readonly #output = new Output(new ChunkPool());
  nowMs = 1_000;

  constructor() {
    this.connection = new Http2Connection<string, string>(this, this.#output, this.nowMs);
  }

  /** A connection that has exchanged prefaces and SETTINGS; what was said so far is forgotten. */
  static established(): RecordedConnection {
    const recorded = new RecordedConnection();
    recorded.receive(OPENING);
    recorded.takeOutput();
    return recorded;
  }

  receive(...parts: readonly Buffer[]): this {
    for (const part of parts) this.connection.receive(part, this.nowMs);
    return this;
  }

  /** The output since the last time. */
  takeOutput(): Buffer {
    const chunks: Buffer[] = [];
    for (let chunk = this.#output.takeChunk(); chunk !== null; chunk = this.#output.takeChunk()) {
      chunks.push(Buffer.from(chunk.bytes.subarray(0, chunk.length)));
    }
    return Buffer.concat(chunks);
  }

  takeFrames(): WireFrame[] {
    return parseFrames(this.takeOutput());
  }

  /** The frames of the output since the last time, in words. */
  said(): string[] {
    return this.takeFrames().map(describeFrame);
  }

  stream(id: number): TestStream {
    const stream = this.connection.stream(id);
    if (stream === null) throw new RangeError(`stream ${id} is not open`);
    return stream;
  }

  opened(stream: TestStream, _head: RequestHead<string>, end: boolean): void {
    this.events.push(`opened ${stream.id}${end ? ' END' : ''}`);
    this.onOpened(stream, end);
  }

  received(stream: TestStream, bytes: Buffer, start: number, end: number, last: boolean): void {
    const text = end - start > 32 ? `${end - start} bytes` : bytes.toString('latin1', start, end);
    this.events.push(`received ${stream.id} ${text}${last ? ' END' : ''}`);
    this.onReceived(stream, last);
  }

  cancelled(stream: TestStream): void {
    this.events.push(`cancelled ${stream.id}`);
  }

  cancelledLate(streamId: number): void {
    this.events.push(`cancelled ${streamId} late`);
  }

  sent(stream: TestStream): void {
    this.events.push(`sent ${stream.id}`);
  }
}
