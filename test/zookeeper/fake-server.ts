import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { FrameSplitter } from '../../src/zookeeper/wire/frame-splitter.ts';
import { JuteReader } from '../../src/zookeeper/wire/jute-reader.ts';
import { JuteWriter } from '../../src/zookeeper/wire/jute-writer.ts';
import { OpCode } from '../../src/zookeeper/wire/op-code.ts';
import { afterwards } from '../server/running-server.ts';

const FRAME_BYTES_MAX = 1024 * 1024;

/** What a client showed when it connected. */
interface Greeting {
  readonly lastZxid: bigint;
  readonly timeoutMs: number;
  readonly sessionId: bigint;
  readonly password: Buffer;
}

export interface Asked {
  readonly xid: number;
  readonly op: number;
  /** What followed the operation's number. */
  readonly body: JuteReader;
}

interface Answer {
  /** Default: 0. */
  readonly code?: number;
  /** The last transaction that the server knows. Default: 1. */
  readonly zxid?: bigint;
  /** Default: nothing. */
  readonly write?: (writer: JuteWriter) => void;
  /** An event of this number for this path goes before it, or behind it in the same packet. */
  readonly event?: { readonly goes: 'before' | 'behind'; readonly type: number; readonly path: string };
  /** The connection is closed behind it. */
  readonly closes?: boolean;
}

export interface FakeOptions {
  /** Undefined: an empty answer that all is well. Null: none. */
  readonly answer?: (asked: Asked) => Answer | null | undefined;
  /** When a greeting is answered, and with which bytes. Undefined: that there is such a session, or not. */
  readonly greets?: (greeting: Greeting) => Promise<Buffer | undefined> | Buffer | undefined;
  /** The timeout of sessions. Default: what the client asks for. */
  readonly grantsMs?: number;
  /** Whether the session that a client shows is one. Default: yes. */
  readonly knows?: (greeting: Greeting) => boolean;
}

/** Writes what is known of a node about which there is nothing to be known. */
export function writeEmptyStat(writer: JuteWriter): void {
  for (let i = 0; i < 4; i++) writer.long(0n);
  for (let i = 0; i < 3; i++) writer.int(0);
  writer.long(0n);
  for (let i = 0; i < 2; i++) writer.int(0);
  writer.long(0n);
}

/** Speaks ZooKeeper's protocol, and answers as a test says: as old servers do, or broken ones. */
export class FakeServer {
  readonly greetings: Greeting[] = [];
  /** Without the proofs of life, which come when they like. */
  readonly asked: Asked[] = [];
  readonly #options: FakeOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #sessions = 0n;

  private constructor(options: FakeOptions) {
    this.#options = options;
    this.#server = createServer((socket) => this.#serve(socket));
  }

  /** One that ends with the test. */
  static async start(options: FakeOptions = {}): Promise<FakeServer> {
    const server = new FakeServer(options);
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve));
    afterwards(() => server.stop());
    return server;
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** The numbers of the operations that were asked for. */
  get ops(): number[] {
    return this.asked.map(({ op }) => op);
  }

  get connections(): number {
    return this.#sockets.size;
  }

  /** Tells all connections of an event, by its number and the path of its node. */
  notify(type: number, path: string): void {
    for (const socket of this.#sockets) sendNotification(socket, type, path);
  }

  /** Ends all connections. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Takes no connections any more, either. */
  stop(): void {
    this.cut();
    this.#server.close();
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => this.#sockets.delete(socket));
    let take = (reader: JuteReader): void => {
      void this.#greet(socket, reader);
      take = (request) => this.#answer(socket, request);
    };
    const splitter = new FrameSplitter(FRAME_BYTES_MAX, (bytes, start, end) => {
      take(new JuteReader(bytes.subarray(start, end)));
    });
    socket.on('data', (bytes: Buffer) => splitter.push(bytes));
  }

  async #greet(socket: Socket, reader: JuteReader): Promise<void> {
    reader.int();
    const [lastZxid, timeoutMs] = [reader.long(), reader.int()];
    const greeting = { lastZxid, timeoutMs, sessionId: reader.long(), password: reader.buffer() };
    this.greetings.push(greeting);
    const bytes = await this.#options.greets?.(greeting);
    if (bytes !== undefined) return void socket.write(bytes);
    const isKnown = greeting.sessionId === 0n || (this.#options.knows?.(greeting) ?? true);
    const sessionId = greeting.sessionId === 0n ? ++this.#sessions : greeting.sessionId;
    send(socket, (writer) => {
      writer.int(0);
      writer.int(isKnown ? (this.#options.grantsMs ?? greeting.timeoutMs) : 0);
      writer.long(isKnown ? sessionId : 0n);
      writer.buffer(Buffer.alloc(16, isKnown ? 7 : 0));
    });
    if (!isKnown) socket.end();
  }

  #answer(socket: Socket, body: JuteReader): void {
    const [xid, op] = [body.int(), body.int()];
    const asked = { xid, op, body };
    if (op !== OpCode.Sync) this.asked.push(asked);
    const answer = this.#options.answer?.(asked);
    if (answer === null) return;
    const { code = 0, zxid = 1n, write = () => {}, closes = false, event } = answer ?? {};
    socket.cork();
    if (event?.goes === 'before') sendNotification(socket, event.type, event.path);
    send(socket, (writer) => {
      writer.int(xid);
      writer.long(zxid);
      writer.int(code);
      write(writer);
    });
    if (event?.goes === 'behind') sendNotification(socket, event.type, event.path);
    socket.uncork();
    if (closes) socket.end();
  }
}

function sendNotification(socket: Socket, type: number, path: string): void {
  send(socket, (writer) => {
    writer.int(-1);
    writer.long(-1n);
    writer.int(0);
    writer.int(type);
    writer.int(3);
    writer.string(path);
  });
}

function send(socket: Socket, write: (writer: JuteWriter) => void): void {
  const writer = new JuteWriter();
  writer.beginFrame();
  write(writer);
  writer.endFrame();
  socket.write(writer.take());
}
