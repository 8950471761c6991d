import { Gauge, type MetricType, type Registry } from 'prom-client';

/** One line of a scrape. */
export interface Sample {
  readonly value: number;
  readonly labels?: Readonly<Record<string, string>>;
  /** What a histogram puts behind its name. */
  readonly suffix?: '_bucket' | '_sum' | '_count';
}

/** A metric that is counted elsewhere, and read when somebody asks. */
export interface MetricRow {
  /** By the conventions of Prometheus: base units, and `_total` at the end of a counter. */
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram' | 'summary';
  readonly help: string;
  read(): readonly Sample[];
}

/** Adds a metric to a registry. */
export function registerRow(registry: Registry, row: MetricRow): void {
  registry.registerMetric(new PulledMetric(row));
}

/**
 * A {@link MetricRow} as the library knows metrics. Its own kinds keep what they show, and would have to be filled
 * again for each scrape; for histograms there is no way to fill them.
 */
class PulledMetric extends Gauge {
  readonly #row: MetricRow;

  constructor(row: MetricRow) {
    super({ name: row.name, help: row.help, registers: [] });
    this.#row = row;
  }

  override async get(): ReturnType<Gauge['get']> {
    const { name, help, type } = this.#row;
    const values = this.#row.read().map(({ value, labels = {}, suffix = '' }) => {
      return { value, labels, metricName: `${name}${suffix}` };
    });
    return {
      name,
      help,
      // The library's declarations number the types; its code has their names.
      type: type as unknown as MetricType,
      aggregator: 'sum',
      collect: () => {},
      values,
    };
  }
}
