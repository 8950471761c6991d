import { setTimeout } from 'node:timers/promises';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { Limits } from '../base/limits.ts';
import { createMetricMemory } from '../base/metric-words.ts';
import { createBellMemory } from '../ring/bell.ts';
import { createRingMemory } from '../ring/ring-layout.ts';
import { RingReader } from '../ring/ring-reader.ts';
import { RingWriter } from '../ring/ring-writer.ts';
import type { ShardJournalOptions } from '../shard/open-journal.ts';
import type { ShardTask } from '../shard/shard-task.ts';
import { ShardPort } from './shard-port.ts';

/** The thread's entry, compiled: threads run what the build made, also when this file runs from its source. */
const WORKER_URL = new URL(
  import.meta.url.endsWith('.ts') ? '../../dist/workers/shard-worker.js' : '../../workers/shard-worker.js',
  import.meta.url,
);

export interface ShardPoolOptions
  extends Pick<ShardTask, 'clockAnchor' | 'coreOptions' | 'spinMs' | 'logRequests'> {
  readonly shards: number;
  /** The journal of each shard; null when nothing is to outlive the process. */
  readonly journals: readonly ShardJournalOptions[] | null;
  /** The module that the threads run. Default: the one that is built with this package. */
  readonly workerUrl?: URL | undefined;
}

/**
 * The threads of the shards. Each runs one task that never ends until it is told to, so the pool's own queue and
 * its wake-ups are idle; what piscina gives is threads that are started, watched and ended together.
 */
export class ShardPool {
  /** The main thread's ends of the rings, one of each per shard. */
  readonly ports: readonly ShardPort[];
  readonly replies: readonly RingReader[];
  readonly bellMemory: SharedArrayBuffer;
  readonly metricMemory: SharedArrayBuffer;
  readonly #pool: Piscina;
  readonly #bellPorts: MessagePort[] = [];
  readonly #runs: Promise<void>[] = [];

  /**
   * @param onBell called when a shard wakes the main thread
   * @param onDeath called when a shard's thread ends before it was told to, with its number and the reason
   */
  constructor(
    options: ShardPoolOptions,
    onBell: () => void,
    onDeath: (shard: number, reason: unknown) => void,
  ) {
    const { shards, clockAnchor, coreOptions, spinMs, logRequests, journals } = options;
    this.bellMemory = createBellMemory();
    this.metricMemory = createMetricMemory(shards);
    this.#pool = new Piscina({
      filename: (options.workerUrl ?? WORKER_URL).href,
      minThreads: shards,
      maxThreads: shards,
      concurrentTasksPerWorker: 1,
      idleTimeout: Number.POSITIVE_INFINITY,
      atomics: 'disabled',
      recordTiming: false,
    });
    const ports: ShardPort[] = [];
    const replies: RingReader[] = [];
    for (let shard = 0; shard < shards; shard++) {
      const requestMemory = createRingMemory(Limits.ringBytes);
      const replyMemory = createRingMemory(Limits.ringBytes);
      ports.push(new ShardPort(new RingWriter(requestMemory)));
      replies.push(new RingReader(replyMemory));
      const { bellMemory, metricMemory } = this;
      const bellPort = this.#openBell(onBell);
      const memories = { requestMemory, replyMemory, bellMemory, metricMemory };
      const journal = journals === null ? null : journals[shard]!;
      const fixed = { clockAnchor, coreOptions, spinMs, logRequests };
      const task: ShardTask = { shard, ...memories, ...fixed, journal, bellPort };
      const run: Promise<unknown> = this.#pool.run(task, { transferList: [bellPort] });
      // A task that ends normally was told to; the other way, its thread is gone.
      this.#runs.push(run.then(ignore, (reason: unknown) => onDeath(shard, reason)));
    }
    this.ports = ports;
    this.replies = replies;
  }

  /** Ends the threads once all have left their loops, which they must have been told before, or after `timeoutMs`. */
  async close(timeoutMs: number): Promise<void> {
    const timeout = new AbortController();
    await Promise.race([Promise.all(this.#runs), setTimeout(timeoutMs, null, { signal: timeout.signal })]);
    timeout.abort();
    await this.destroy();
  }

  /** Ends the threads wherever they are. */
  async destroy(): Promise<void> {
    for (const port of this.#bellPorts) port.close();
    await this.#pool.destroy();
  }

  #openBell(onBell: () => void): MessagePort {
    const { port1, port2 } = new MessageChannel();
    port1.on('message', onBell);
    this.#bellPorts.push(port1);
    return port2;
  }
}

function ignore(): void {}
