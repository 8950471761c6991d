import { refusalOf } from '../server-refusal.ts';
import type { JuteReader } from '../wire/jute-reader.ts';
import type { JuteWriter } from '../wire/jute-writer.ts';
import { OpCode } from '../wire/op-code.ts';
import { ConnectionLossError, type ZooKeeperError } from '../zookeeper-error.ts';

/** What a request is made of. */
export interface RequestParts<Reply> {
  readonly op: number;
  /** The node, as the client calls it: for errors. */
  readonly path: string;
  /** It changes nothing, so it can be asked again where the answer was lost. */
  readonly isRead: boolean;
  write(writer: JuteWriter): void;
  read(reader: JuteReader): Reply;
  /** For refusals that are an answer: undefined for all others. */
  refused?(zooKeeperCode: number): Reply | undefined;
}

/** One request, until it is answered or given up. */
export class Request<Reply = unknown> {
  readonly promise: Promise<Reply>;
  readonly #parts: RequestParts<Reply>;
  #resolve!: (reply: Reply) => void;
  #reject!: (error: unknown) => void;
  xid = 0;
  sentMs = 0;
  readonly timeoutAtMs: number;

  readonly #settled: () => void;

  /** @param settled is called when it is answered or given up */
  constructor(parts: RequestParts<Reply>, timeoutAtMs: number, settled: () => void) {
    this.#parts = parts;
    this.#settled = settled;
    this.timeoutAtMs = timeoutAtMs;
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  get path(): string {
    return this.#parts.path;
  }

  get isRead(): boolean {
    return this.#parts.isRead;
  }

  /** Whether the leader has answered it, and not the connected server alone. */
  get isProof(): boolean {
    return !this.#parts.isRead || this.#parts.op === OpCode.Sync;
  }

  write(writer: JuteWriter, xid: number, nowMs: number): void {
    this.xid = xid;
    this.sentMs = nowMs;
    writer.beginFrame();
    writer.int(xid);
    writer.int(this.#parts.op);
    this.#parts.write(writer);
    writer.endFrame();
  }

  /** @throws MalformedReplyError, when nothing that comes behind it can be trusted either */
  answer(zooKeeperCode: number, reader: JuteReader): void {
    this.#settled();
    if (zooKeeperCode === 0) return this.#read(reader);
    const reply = this.#parts.refused?.(zooKeeperCode);
    if (reply !== undefined) this.#resolve(reply);
    else this.#reject(refusalOf(zooKeeperCode, this.path));
  }

  fail(error: ZooKeeperError): void {
    this.#settled();
    this.#reject(error);
  }

  lose(cause: Error | null): void {
    this.fail(new ConnectionLossError(this.path, cause ?? undefined));
  }

  #read(reader: JuteReader): void {
    try {
      this.#resolve(this.#parts.read(reader));
    } catch (error) {
      this.#reject(error);
      throw error;
    }
  }
}
