/** A metric with all of its lines, as a scrape shows it. */
export interface Family {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly samples: readonly ScrapedSample[];
}

interface ScrapedSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export class ScrapeError extends Error {}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const SAMPLE = new RegExp(`^(${NAME})(?:\\{(.*)\\})? (\\S+)$`);
const LABEL = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/;
const UNITS = ['_ms', '_milliseconds', '_kilobytes', '_minutes'];

/**
 * Reads the text format of Prometheus and checks all that its documents ask for: one HELP and one TYPE in front of each
 * metric, names and units, no series twice, counters named `_total` and not below 0, histograms whose buckets ascend and add up.
 *
 * Specification: https://prometheus.io/docs/instrumenting/exposition_formats/
 */
export function parseScrape(text: string): ReadonlyMap<string, Family> {
  if (!text.endsWith('\n')) throw new ScrapeError('the last line has no end');
  const families = new Map<string, Family & { samples: ScrapedSample[] }>();
  const series = new Set<string>();
  let help: [name: string, help: string] | null = null;
  let family: (Family & { samples: ScrapedSample[] }) | null = null;
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const comment = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line);
    if (comment !== null) {
      const [, kind, name, rest] = comment as unknown as [string, string, string, string];
      if (kind === 'HELP') {
        help = [name, rest];
        continue;
      }
      if (help?.[0] !== name) throw new ScrapeError(`TYPE of ${name} without its HELP in front`);
      if (families.has(name)) throw new ScrapeError(`${name} is there twice`);
      family = { name, type: rest, help: help[1], samples: [] };
      families.set(name, family);
      continue;
    }
    const sample = parseSample(line);
    if (family === null || !belongsTo(sample, family)) throw new ScrapeError(`a stray line: ${line}`);
    const key = `${sample.name}${JSON.stringify(Object.entries(sample.labels).sort())}`;
    if (series.has(key)) throw new ScrapeError(`a series twice: ${line}`);
    series.add(key);
    family.samples.push(sample);
  }
  for (const one of families.values()) checkFamily(one);
  return families;
}

function parseSample(line: string): ScrapedSample {
  const match = SAMPLE.exec(line);
  if (match === null) throw new ScrapeError(`no sample: ${line}`);
  const labels: Record<string, string> = {};
  for (let rest = match[2] ?? ''; rest !== ''; ) {
    const label = LABEL.exec(rest);
    if (label === null) throw new ScrapeError(`no label: ${rest}`);
    if (label[1]! in labels) throw new ScrapeError(`a label twice: ${line}`);
    labels[label[1]!] = label[2]!;
    rest = rest.slice(label[0].length);
  }
  const value = match[3] === '+Inf' ? Number.POSITIVE_INFINITY : Number(match[3]);
  if (Number.isNaN(value) && match[3] !== 'NaN') throw new ScrapeError(`no number: ${line}`);
  return { name: match[1]!, labels, value };
}

function belongsTo({ name }: ScrapedSample, family: Family): boolean {
  if (family.type !== 'histogram') return name === family.name;
  return ['_bucket', '_sum', '_count'].some((suffix) => name === family.name + suffix);
}

function checkFamily(family: Family): void {
  const { name, type, samples } = family;
  if (!['counter', 'gauge', 'histogram', 'summary'].includes(type))
    throw new ScrapeError(`${name}: type ${type}`);
  if (UNITS.some((unit) => name.includes(unit))) throw new ScrapeError(`${name} is not in a base unit`);
  if (type !== 'counter' && name.endsWith('_total')) throw new ScrapeError(`${name} is no counter`);
  if (type === 'counter') {
    if (!name.endsWith('_total')) throw new ScrapeError(`${name}: a counter ends in _total`);
    if (samples.some(({ value }) => !(value >= 0))) throw new ScrapeError(`${name} is below 0`);
  }
  if (type === 'histogram') checkHistogram(family);
  const reserved = { le: 'histogram', quantile: 'summary' } as const;
  for (const [label, owner] of Object.entries(reserved)) {
    if (type !== owner && samples.some(({ labels }) => label in labels))
      throw new ScrapeError(`${name} has the label ${label} and is no ${owner}`);
  }
}

/** One histogram for each combination of the other labels. */
function checkHistogram({ name, samples }: Family): void {
  const groups = new Map<string, ScrapedSample[]>();
  for (const sample of samples) {
    const { le: _le, ...others } = sample.labels;
    const key = JSON.stringify(Object.entries(others).sort());
    groups.set(key, [...(groups.get(key) ?? []), sample]);
  }
  for (const group of groups.values()) {
    const buckets = group.filter((sample) => sample.name === `${name}_bucket`);
    const bounds = buckets.map(({ labels }) =>
      labels['le'] === '+Inf' ? Number.POSITIVE_INFINITY : Number(labels['le']),
    );
    const counts = buckets.map(({ value }) => value);
    const total = group.find((sample) => sample.name === `${name}_count`)?.value;
    const ascends = (values: readonly number[], strictly: boolean): boolean =>
      values.every((value, i) => i === 0 || value > values[i - 1]! || (!strictly && value === values[i - 1]));
    if (!ascends(bounds, true) || bounds.at(-1) !== Number.POSITIVE_INFINITY)
      throw new ScrapeError(`${name}: bounds ${bounds}`);
    if (!ascends(counts, false) || counts.at(-1) !== total)
      throw new ScrapeError(`${name}: counts ${counts}`);
    if (group.filter((sample) => sample.name === `${name}_sum`).length !== 1)
      throw new ScrapeError(`${name} has no sum`);
  }
}

/** The sum over all series of a metric with these labels; NaN when there is none. */
export function sumIn(
  families: ReadonlyMap<string, Family>,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number {
  const family = families.get(name) ?? families.get(name.replace(/_(bucket|sum|count)$/, ''));
  const found = (family?.samples ?? []).filter(
    (sample) =>
      sample.name === name &&
      Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
  );
  return found.length === 0 ? Number.NaN : found.reduce((sum, { value }) => sum + value, 0);
}
