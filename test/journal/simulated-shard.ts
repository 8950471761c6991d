import { createMetricMemory, metricWordsOf } from '../../src/base/metric-words.ts';
import type { Method } from '../../src/contract/method.ts';
import type { LockCore } from '../../src/core/lock-core.ts';
import { ReplyForm } from '../../src/core/reply-form.ts';
import { CallbackReplies } from '../../src/engine/callback-replies.ts';
import type { EngineEvents } from '../../src/engine/engine.ts';
import { ShardPort } from '../../src/engine/shard-port.ts';
import type { Disk } from '../../src/journal/disk.ts';
import { createRingMemory } from '../../src/ring/ring-layout.ts';
import { RingReader } from '../../src/ring/ring-reader.ts';
import { RingWriter } from '../../src/ring/ring-writer.ts';
import { createShard, type Shard } from '../../src/shard/create-shard.ts';
import type { KeySource } from '../../src/shard/key-source.ts';
import type { ShardJournalOptions } from '../../src/shard/open-journal.ts';
import { RequestKind } from '../../src/shard/request-record.ts';

const RING_BYTES = 64 * 1024;
const NEVER = Number.POSITIVE_INFINITY;

export interface SimulatedShardOptions {
  readonly disk: Disk;
  readonly journal: ShardJournalOptions;
  readonly clock: { nowMs(): number };
  readonly keys: KeySource;
  readonly tokenSeed: number;
}

/** A shard as the inline engine runs it, with a journal, whose core can be looked into. */
export class SimulatedShard {
  readonly #port: ShardPort;
  readonly #shard: Shard;

  /** @throws StateFileError */
  constructor({ disk, journal, clock, keys, tokenSeed }: SimulatedShardOptions, events: EngineEvents) {
    const memory = createRingMemory(RING_BYTES);
    this.#port = new ShardPort(new RingWriter(memory));
    this.#shard = createShard({
      requests: new RingReader(memory),
      spinner: null,
      replies: new CallbackReplies(events),
      bell: { ring: () => {} },
      clock: { nowMs: () => clock.nowMs(), skip: () => {} },
      metrics: metricWordsOf(createMetricMemory(1), 0),
      coreOptions: {
        ...{ keepOnSessionEnd: false, gcIntervalMs: 300, gcMinIdleMs: 100, tokenSeed },
        ...{ startMs: clock.nowMs(), hashSeed: journal.seed },
      },
      keys,
      lines: null,
      journal: { disk, options: journal },
    });
    this.#port.begin(0);
  }

  get core(): LockCore {
    return this.#shard.processor.core;
  }

  /** One turn. Returns whether there is anything left to do. */
  turn(): boolean {
    return this.#shard.loop.turn();
  }

  submit(method: Method, call: number, session: number, message: Buffer): void {
    const isTaken = this.#port.submit(
      method,
      ReplyForm.Protobuf,
      0,
      call,
      session,
      NEVER,
      message,
      0,
      message.length,
    );
    if (!isTaken) throw new Error('a simulation overfills its ring');
    this.#port.flush();
  }

  inspect(inspection: number, body: Buffer): void {
    this.#port.tell(RequestKind.Inspect, 0, inspection, body);
    this.#port.flush();
  }

  cancel(session: number, call: number): void {
    this.#port.tell(RequestKind.Cancel, session, call, null);
    this.#port.flush();
  }

  endSession(session: number): void {
    this.#port.tell(RequestKind.SessionEnd, session, 0, null);
    this.#port.flush();
  }

  /** Has the loop run on to its end, as a stop in order does. */
  exit(): void {
    this.#port.tell(RequestKind.Exit, 0, 0, null);
    this.#port.flush();
    this.#shard.loop.run();
  }
}
