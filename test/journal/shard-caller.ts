import { Method } from '../../src/contract/method.ts';
import { ReplyForm } from '../../src/core/reply-form.ts';
import type { EngineEvents } from '../../src/engine/engine.ts';
import type { ShardJournalOptions } from '../../src/shard/open-journal.ts';
import { loadCoder, type ReplyMessage, type RequestMessage } from '../protocol/protobuf/ldlm-coder.ts';
import type { SimulatedDisk } from './simulated-disk.ts';
import { SimulatedShard } from './simulated-shard.ts';

type MethodName = keyof typeof Method;

interface Reply {
  readonly status: number;
  /** Null when the status says all. */
  readonly message: ReplyMessage | null;
}

const CODERS = {
  Lock: loadCoder('Lock'),
  TryLock: loadCoder('TryLock'),
  Unlock: loadCoder('Unlock'),
  Renew: loadCoder('Renew'),
};

export const DATA_FILE = { path: '/state/data', generation: 1, seed: 77 };

const OPTIONS: ShardJournalOptions = {
  ...DATA_FILE,
  sync: 'always',
  syncIntervalMs: 100,
  defaultLockTimeoutMs: 60_000,
};

/** Calls a shard with a journal, which may be ended and begun anew on the same disk. */
export class ShardCaller implements EngineEvents {
  readonly disk: SimulatedDisk;
  readonly clock = { ms: 1_800_000_000_000, nowMs: (): number => this.clock.ms };
  readonly notices: string[] = [];
  readonly suspensions: boolean[] = [];
  /** What was answered to inspections: their number, the status, and the text. */
  readonly inspections: [inspection: number, status: number, text: string][] = [];
  shard: SimulatedShard;
  readonly #options: ShardJournalOptions;
  readonly #replies = new Map<number, Reply>();
  readonly #methods: MethodName[] = [];
  #keys = 0;

  /** The shard begins with its first turn. A data file that is missing is made. */
  constructor(disk: SimulatedDisk, options: Partial<ShardJournalOptions> = {}) {
    this.disk = disk;
    this.#options = { ...OPTIONS, ...options };
    if (!disk.exists(DATA_FILE.path)) disk.put(DATA_FILE.path, Buffer.alloc(0));
    this.shard = this.#open();
  }

  #open(): SimulatedShard {
    const keys = {
      next: (key: object) => Object.assign(key, { a: ++this.#keys, b: 0x4000, c: 1 << 31, d: 0 }),
    };
    const { disk, clock } = this;
    return new SimulatedShard({ disk, journal: this.#options, clock, keys, tokenSeed: 0 }, this);
  }

  /** The process ends and another one begins. */
  restart(): void {
    this.disk.kill();
    this.shard = this.#open();
    this.settle();
  }

  /** Sends a call, which the next turn takes. */
  send(method: MethodName, message: RequestMessage, session = 1): number {
    const call = this.#methods.push(method) - 1;
    this.shard.submit(Method[method], call, session, CODERS[method].requestSerialize(message));
    return call;
  }

  /** Has the shard take everything, and returns the reply to a call. */
  ask(method: MethodName, message: RequestMessage, session = 1): Reply | undefined {
    const call = this.send(method, message, session);
    this.settle();
    return this.#replies.get(call);
  }

  /** Locks and returns the key. */
  lock(name: string, message: RequestMessage = {}): string {
    const key = this.ask('Lock', { name, ...message })?.message?.key;
    if (key === undefined || key === '') throw new Error(`${name} was not locked`);
    return key;
  }

  /** Whether the lock was free; if so, it is held now. */
  tryLock(name: string): boolean {
    return this.ask('TryLock', { name })?.message?.locked === true;
  }

  unlock(name: string, key: string): boolean {
    return this.ask('Unlock', { name, key })?.message?.unlocked === true;
  }

  replyTo(call: number): Reply | undefined {
    return this.#replies.get(call);
  }

  get replyCount(): number {
    return this.#replies.size;
  }

  settle(): void {
    while (this.shard.turn());
  }

  pass(ms: number): void {
    this.clock.ms += ms;
    this.settle();
  }

  reply(
    _shard: number,
    _route: number,
    call: number,
    _session: number,
    form: number,
    status: number,
    _granted: boolean,
    bytes: Buffer,
    offset: number,
    headersBytes: number,
    dataBytes: number,
  ): void {
    if (form === ReplyForm.Inspection) {
      const text = bytes.toString('utf8', offset + 1, offset + dataBytes);
      this.inspections.push([call, status, text]);
      return;
    }
    if (this.#replies.has(call)) throw new Error(`call ${call} was answered twice`);
    const data = Buffer.from(bytes.subarray(offset + headersBytes, offset + headersBytes + dataBytes));
    const message = status === 0 ? CODERS[this.#methods[call]!].responseDeserialize(data) : null;
    this.#replies.set(call, { status, message });
  }

  notice(_shard: number, message: string): void {
    this.notices.push(message);
  }

  suspended(_shard: number, suspended: boolean): void {
    this.suspensions.push(suspended);
  }

  drained(): void {}
  room(): void {}
  debug(): void {}

  failed(error: Error): void {
    throw error;
  }
}
