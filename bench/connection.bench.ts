import { Bench } from 'tinybench';
import { Limits } from '../src/base/limits.ts';
import type { Method } from '../src/contract/method.ts';
import { AnswerCounts } from '../src/protocol/grpc/answer-counts.ts';
import { GrpcCalls } from '../src/protocol/grpc/grpc-calls.ts';
import { AssemblyBudget } from '../src/protocol/grpc/incoming-message.ts';
import type { LdlmBackend } from '../src/protocol/grpc/ldlm-backend.ts';
import {
  REPLY_HEADERS_BYTES,
  REPLY_TRAILERS_BYTES,
  unaryReplyBytes,
  writeReplyPrefix,
  writeReplyTrailers,
} from '../src/protocol/grpc/reply-frames.ts';
import { ServiceRegistry } from '../src/protocol/grpc/service-method.ts';
import {
  CLIENT_PREFACE,
  FRAME_HEADER_BYTES,
  FrameFlag,
  FrameType,
  WINDOW_MAX,
  writeFrameHeader,
  writeUint32,
} from '../src/protocol/http2/frame.ts';
import { ChunkPool, Output } from '../src/protocol/http2/output.ts';
import { LockName } from './load/lock-name.ts';
import { RequestHeads } from './load/request-heads.ts';

/** Requests in one read of a socket, a Lock and an Unlock in turn. */
const batch = 100;
const replyBytes = 70;
/** Rounds until the connection's window is opened again, in which far less than 2^31 bytes are sent. */
const windowRounds = 10_000;

const name = new LockName('orders/invoice-20381', { size: 1, lockTimeoutSeconds: 30 });
const unlockMessage = Buffer.concat([
  name.nameField,
  Buffer.of(0x12, 36),
  Buffer.from('0f8c2e5a-93b1-4d67-a2c4-7be150f36d98'),
]);

/** Takes every request and remembers its stream, in place of an engine. */
class RecordingBackend implements LdlmBackend {
  readonly unwrittenBytes = 0;
  readonly streams = new Int32Array(batch);
  count = 0;

  submit(_method: Method, streamId: number): number {
    this.streams[this.count++] = streamId;
    return 0;
  }

  denied(): void {}
  wrote(): void {}
  cancel(): void {}
  cancelLate(): void {}
  releaseUndelivered(): void {}
}

/** The bytes of one read of a socket, and where in them stream ids stand. */
class RecordedRead {
  readonly bytes: Buffer;
  readonly #idPositions: number[] = [];
  #nextStream: number;

  constructor(heads: RequestHeads, firstStream: number) {
    const frames: Uint8Array[] = [];
    let position = 0;
    for (let i = 0; i < batch; i++) {
      const isLock = i % 2 === 0;
      const block = heads.next(isLock ? 'Lock' : 'Unlock');
      const message = isLock ? name.lockMessage : unlockMessage;
      this.#idPositions.push(position + 5, position + FRAME_HEADER_BYTES + block.length + 5);
      const request = requestFrames(block, message);
      frames.push(request);
      position += request.length;
    }
    this.bytes = Buffer.concat(frames);
    this.#nextStream = firstStream;
  }

  /** Numbers the requests anew, as the next read of the same client has them. */
  advance(): Buffer {
    for (let i = 0; i < this.#idPositions.length; i += 2) {
      writeUint32(this.bytes, this.#idPositions[i]!, this.#nextStream);
      writeUint32(this.bytes, this.#idPositions[i + 1]!, this.#nextStream);
      this.#nextStream += 2;
    }
    return this.bytes;
  }
}

function requestFrames(block: Uint8Array, message: Uint8Array): Uint8Array {
  const dataBytes = 5 + message.length;
  const out = new Uint8Array(2 * FRAME_HEADER_BYTES + block.length + dataBytes);
  let position = writeFrameHeader(out, 0, block.length, FrameType.Headers, FrameFlag.EndHeaders, 0);
  out.set(block, position);
  position += block.length;
  position = writeFrameHeader(out, position, dataBytes, FrameType.Data, FrameFlag.EndStream, 0);
  writeUint32(out, position + 1, message.length);
  out.set(message, position + 5);
  return out;
}

/** A connection behind its preface, whose client has opened its windows wide. */
class OpenConnection {
  readonly backend = new RecordingBackend();
  readonly output: Output;
  readonly calls: GrpcCalls;
  readonly #pool = new ChunkPool();
  #rounds = 0;

  constructor() {
    this.output = new Output(this.#pool);
    const assembly = new AssemblyBudget(Limits.assemblyBytesMax, null);
    const context = {
      services: new ServiceRegistry([]),
      authorize: () => null,
      assembly,
      answers: new AnswerCounts(),
    };
    this.calls = new GrpcCalls(context, this.backend, this.output, 0);
    const settings = new Uint8Array(FRAME_HEADER_BYTES);
    writeFrameHeader(settings, 0, 0, FrameType.Settings, 0, 0);
    this.calls.receive(Buffer.concat([CLIENT_PREFACE, settings]), 0);
    this.#widen(WINDOW_MAX >>> 1);
    this.discardOutput();
  }

  /** Takes a read, as the main thread does; the flood guard wants time to pass. */
  receive(bytes: Buffer): void {
    this.backend.count = 0;
    this.#rounds++;
    if (this.#rounds % windowRounds === 0) this.#widen(windowRounds * batch * (replyBytes + 5));
    this.calls.receive(bytes, this.#rounds);
  }

  /** What the server hands to the socket. */
  discardOutput(): number {
    let bytes = 0;
    for (let chunk = this.output.takeChunk(); chunk !== null; chunk = this.output.takeChunk()) {
      bytes += chunk.length;
      this.#pool.giveBack(chunk);
    }
    return bytes;
  }

  #widen(bytes: number): void {
    const frame = Buffer.alloc(FRAME_HEADER_BYTES + 4);
    writeUint32(frame, writeFrameHeader(frame, 0, 4, FrameType.WindowUpdate, 0, 0), bytes);
    this.calls.receive(frame, this.#rounds);
  }
}

/**
 * The main thread's part of a hundred calls that came in one read: HTTP/2 and gRPC in, replies that a shard has encoded
 * out, without sockets and engine.
 */
export function connectionBench(): Bench {
  const bench = new Bench({ name: 'connection', time: 500, warmupTime: 100 });
  const connection = new OpenConnection();
  const heads = new RequestHeads('localhost:3144', '');
  // The fields enter the dynamic table with the first calls; from the third on the blocks are indexes.
  const first = new RecordedRead(heads, 1);
  const read = new RecordedRead(heads, 1 + 2 * batch);
  const reply = Buffer.alloc(unaryReplyBytes(replyBytes));
  const dataBytes = reply.length - REPLY_HEADERS_BYTES - REPLY_TRAILERS_BYTES;

  const serve = (bytes: Buffer): void => {
    connection.receive(bytes);
    for (let i = 0; i < connection.backend.count; i++) {
      const stream = connection.backend.streams[i]!;
      const message = writeReplyPrefix(reply, 0, stream, replyBytes);
      writeReplyTrailers(reply, message + replyBytes, stream);
      connection.calls.reply(
        0,
        stream,
        false,
        reply,
        0,
        REPLY_HEADERS_BYTES,
        dataBytes,
        REPLY_TRAILERS_BYTES,
      );
    }
    const sentBytes = connection.discardOutput();
    if (sentBytes < batch * reply.length) throw new Error(`only ${sentBytes} bytes of replies were sent`);
  };
  serve(first.advance());
  return bench.add(`requests in, replies out x ${batch}`, () => serve(read.advance()));
}
