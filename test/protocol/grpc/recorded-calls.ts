import { Method } from '../../../src/contract/method.ts';
import { AnswerCounts } from '../../../src/protocol/grpc/answer-counts.ts';
import { GrpcCalls } from '../../../src/protocol/grpc/grpc-calls.ts';
import { AssemblyBudget } from '../../../src/protocol/grpc/incoming-message.ts';
import type { LdlmBackend } from '../../../src/protocol/grpc/ldlm-backend.ts';
import {
  REPLY_HEADERS_BYTES,
  REPLY_TRAILERS_BYTES,
  unaryReplyBytes,
  writeReplyPrefix,
  writeReplyTrailers,
} from '../../../src/protocol/grpc/reply-frames.ts';
import {
  type CallListener,
  type ServerCall,
  type ServiceMethod,
  ServiceRegistry,
} from '../../../src/protocol/grpc/service-method.ts';
import { HpackDecoder } from '../../../src/protocol/hpack/decoder.ts';
import { FrameType } from '../../../src/protocol/http2/frame.ts';
import { ChunkPool, Output } from '../../../src/protocol/http2/output.ts';
import { decodeBlock, type Field } from '../hpack/decode-block.ts';
import { describeFrame, OPENING, parseFrames } from '../http2/wire-frames.ts';

const METHOD_NAMES = new Map<number, string>(Object.entries(Method).map(([name, value]) => [value, name]));

/** A service whose calls are kept, to be answered by the test, and which writes down what it is told. */
export class RecordedService implements ServiceMethod {
  readonly path: string;
  readonly open: boolean;
  readonly calls: ServerCall[] = [];
  readonly events: string[] = [];
  /** What it does as soon as it is called. */
  onStart: (call: ServerCall) => void = () => {};

  constructor(path: string, open: boolean) {
    this.path = path;
    this.open = open;
  }

  start(call: ServerCall): CallListener {
    this.calls.push(call);
    this.onStart(call);
    return {
      message: (bytes) => this.events.push(`message ${bytes.toString('latin1')}`),
      halfClosed: () => this.events.push('halfClosed'),
      cancelled: () => this.events.push('cancelled'),
    };
  }
}

/** gRPC on one connection with a backend that writes down what it is asked. */
export class RecordedCalls implements LdlmBackend {
  /** What the backend was asked, for example `Lock 1 abc`, with ` by 5000` when there is a deadline. */
  readonly events: string[] = [];
  readonly watch = new RecordedService('/test.Service/Watch', false);
  readonly openService = new RecordedService('/test.Open/Call', true);
  readonly assembly = new AssemblyBudget(16 * 2 ** 20, null);
  readonly answers = new AnswerCounts();
  readonly calls: GrpcCalls;
  unwrittenBytes = 0;
  /** The shard that takes requests; -1 when there is no room. */
  shard = 0;
  nowMs = 1_000;
  readonly #output = new Output(new ChunkPool());
  readonly #decoder = new HpackDecoder(4096);

  constructor(password: string | null = null, elsewhere?: ReadonlyMap<string, string>) {
    const context = {
      services: new ServiceRegistry([this.watch, this.openService], elsewhere),
      authorize: (given: string | null) =>
        password === null || given === password
          ? null
          : given === null
            ? 'missing credentials'
            : 'invalid credentials',
      assembly: this.assembly,
      answers: this.answers,
    };
    this.calls = new GrpcCalls(context, this, this.#output, this.nowMs);
    this.receive(OPENING).takeOutput();
  }

  submit(
    method: Method,
    streamId: number,
    deadlineMs: number,
    bytes: Buffer,
    start: number,
    end: number,
  ): number {
    const by = deadlineMs === Number.POSITIVE_INFINITY ? '' : ` by ${deadlineMs}`;
    const message = end - start > 40 ? `${end - start} bytes` : bytes.toString('latin1', start, end);
    this.events.push(
      `${this.shard < 0 ? 'no room for ' : ''}${METHOD_NAMES.get(method)} ${streamId} ${message}${by}`,
    );
    return this.shard;
  }

  cancel(shard: number, streamId: number): void {
    this.events.push(`cancel ${streamId} in ${shard}`);
  }

  cancelLate(streamId: number): void {
    this.events.push(`cancel ${streamId} late`);
  }

  releaseUndelivered(shard: number, message: Buffer): void {
    this.events.push(`release ${message.toString('latin1')} in ${shard}`);
  }

  denied(reason: string): void {
    this.events.push(`denied: ${reason}`);
  }

  wrote(): void {
    this.events.push('wrote');
  }

  receive(...parts: readonly Buffer[]): this {
    for (const part of parts) this.calls.receive(part, this.nowMs);
    return this;
  }

  /** A shard's reply with this message. */
  reply(streamId: number, message: string, granted = false, shard = 0): void {
    const bytes = Buffer.alloc(3 + unaryReplyBytes(message.length));
    let position = writeReplyPrefix(bytes, 3, streamId, message.length);
    position += bytes.write(message, position, 'latin1');
    writeReplyTrailers(bytes, position, streamId);
    const dataBytes = 9 + 5 + message.length;
    this.calls.reply(
      shard,
      streamId,
      granted,
      bytes,
      3,
      REPLY_HEADERS_BYTES,
      dataBytes,
      REPLY_TRAILERS_BYTES,
    );
  }

  takeOutput(): Buffer {
    const chunks: Buffer[] = [];
    for (let chunk = this.#output.takeChunk(); chunk !== null; chunk = this.#output.takeChunk()) {
      chunks.push(Buffer.from(chunk.bytes.subarray(0, chunk.length)));
    }
    return Buffer.concat(chunks);
  }

  /** The frames since the last time in words; of HEADERS the fields. */
  said(): string[] {
    return parseFrames(this.takeOutput()).map((frame) => {
      if (frame.type === FrameType.Data) return `DATA ${frame.streamId} ${frame.payload.toString('latin1')}`;
      if (frame.type !== FrameType.Headers) return describeFrame(frame);
      const fields = decodeBlock(this.#decoder, frame.payload) as Field[];
      const texts = fields.map(([name, value]) => `${name}=${value}`);
      return `HEADERS ${frame.streamId} ${texts.join(' ')}${(frame.flags & 1) !== 0 ? ' END' : ''}`;
    });
  }

  /** `grpc-status` and `grpc-message` of the Trailers-Only reply that was just sent. */
  refusal(): string {
    const said = this.said()[0] ?? 'nothing';
    return said.replace(/^HEADERS \d+ :status=200 content-type=application\/grpc /, '').replace(/ END$/, '');
  }
}

/** A length-prefixed message. */
export function message(text: string | Uint8Array, flag = 0): Buffer {
  const body = Buffer.from(text);
  const prefix = Buffer.alloc(5);
  prefix[0] = flag;
  prefix.writeUInt32BE(body.length, 1);
  return Buffer.concat([prefix, body]);
}
