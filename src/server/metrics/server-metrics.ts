import { Registry } from 'prom-client';
import type { ServerEngine } from '../../engine/engine.ts';
import { packageVersion } from '../package-version.ts';
import { type DoorSources, doorMetrics } from './door-metrics.ts';
import { collectionMetric, lockMetrics } from './lock-metrics.ts';
import { LoopLag, loopLagMetric } from './loop-lag.ts';
import { processRegistry } from './process-registry.ts';
import { registerRow } from './pulled-metric.ts';
import { shardMetrics } from './shard-metrics.ts';
import { ShardReadings } from './shard-readings.ts';

/** Everything that the metrics are read from. */
export interface MetricSources extends DoorSources {
  readonly engine: Pick<ServerEngine, 'shards' | 'metricMemory' | 'clock' | 'rings'>;
  /** False where the engine has neither threads nor rings nor journals to tell of. */
  readonly isSharded: boolean;
}

/**
 * The metrics of a server. Whoever does something counts it where it happens, in words of its own; here they are read,
 * and only when somebody asks. What that costs does not depend on the number of locks or connections.
 */
export class ServerMetrics {
  /** The type of what {@link scrape} gives. */
  readonly contentType = Registry.PROMETHEUS_CONTENT_TYPE;
  readonly shards: ShardReadings;
  readonly #registry = new Registry();
  readonly #process = processRegistry();
  readonly #lag = new LoopLag();

  constructor(sources: MetricSources) {
    const { engine, isSharded } = sources;
    this.shards = new ShardReadings(engine.metricMemory, engine.shards);
    const labels = { version: packageVersion(), node: process.version };
    registerRow(this.#registry, {
      name: 'ldlm_build_info',
      type: 'gauge',
      help: 'Always 1; the labels say what runs.',
      read: () => [{ value: 1, labels }],
    });
    const rows = [
      ...doorMetrics(sources),
      ...lockMetrics(this.shards),
      // What would be 0 for ever tells of nothing, and looks as if all were well.
      ...(isSharded ? [collectionMetric(this.shards), ...shardMetrics(this.shards, engine)] : []),
      loopLagMetric(this.#lag),
    ];
    for (const row of rows) registerRow(this.#registry, row);
  }

  /** All metrics in the text format of Prometheus. */
  async scrape(): Promise<string> {
    return `${await this.#registry.metrics()}\n${await this.#process.metrics()}`;
  }

  /** Stops measuring. */
  close(): void {
    this.#lag.close();
  }
}
