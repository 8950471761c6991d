import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { ask } from '../server/admin/admin-request.ts';
import { type Family, parseScrape } from '../server/metrics/prometheus-text.ts';
import { runServer } from '../server/running-server.ts';

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly gridPos: { readonly h: number; readonly w: number; readonly x: number; readonly y: number };
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
}

const path = new URL('../../src/page/assets/grafana-dashboard.json', import.meta.url);
const { panels } = JSON.parse(readFileSync(path, 'utf8')) as { readonly panels: readonly Panel[] };
const targets = panels.flatMap(({ targets = [] }) => targets);
/** Labels that Prometheus adds to what it scrapes. */
const ADDED = ['instance', 'job'];
let families: ReadonlyMap<string, Family>;

/** A metric by one of its names: those of a histogram's lines are longer. */
function familyOf(name: string): Family | undefined {
  return families.get(name) ?? families.get(name.replace(/_(bucket|sum|count)$/, ''));
}

function metricsIn(expr: string): readonly string[] {
  return expr.match(/\b(ldlm|process|nodejs)_[a-z0-9_]+/g) ?? [];
}

/** Labels that an expression and its legend look at. */
function labelsIn({ expr, legendFormat }: { expr: string; legendFormat: string }): readonly string[] {
  const matchers = [...expr.matchAll(/\b([a-z_]+)(?:=|!=|=~)"/g)].map((match) => match[1]!);
  const groups = [...expr.matchAll(/\b(?:by|on) \(([^)]*)\)/g)].flatMap((match) => match[1]!.split(/, */));
  const legend = [...legendFormat.matchAll(/\{\{([a-z_]+)\}\}/g)].map((match) => match[1]!);
  return [...matchers, ...groups, ...legend];
}

beforeAll(async () => {
  const server = await runServer({ adminListenAddress: '127.0.0.1:0' });
  families = parseScrape((await ask(server, '/metrics')).text);
});

describe('the Grafana dashboard', () => {
  it('asks for metrics and labels that the server has', () => {
    expect(targets.length).toBeGreaterThan(20);
    for (const target of targets) {
      const metrics = metricsIn(target.expr);
      expect(metrics.length, target.expr).toBeGreaterThan(0);
      const labels = new Set(ADDED);
      for (const metric of metrics) {
        const family = familyOf(metric);
        expect(family, `${metric} in ${target.expr}`).toBeDefined();
        for (const sample of family!.samples)
          for (const label of Object.keys(sample.labels)) labels.add(label);
      }
      for (const label of labelsIn(target)) expect(labels, `${label} in ${target.expr}`).toContain(label);
    }
  });

  it('takes rates of counters, and of nothing else', () => {
    for (const { expr } of targets) {
      for (const metric of metricsIn(expr)) {
        const counts = ['counter', 'histogram'].includes(familyOf(metric)!.type);
        expect(expr.includes(`rate(${metric}`), `${metric} in ${expr}`).toBe(counts);
      }
    }
  });

  it('shows every metric of the locks', () => {
    const shown = new Set(targets.flatMap(({ expr }) => metricsIn(expr)).map((name) => familyOf(name)!.name));
    const hidden = [...families.keys()].filter((name) => name.startsWith('ldlm_') && !shown.has(name));
    // What these say is in others, or of interest only in a search for something.
    expect(hidden.sort()).toEqual([
      'ldlm_collections_total',
      'ldlm_grants_total',
      'ldlm_renewals_total',
      'ldlm_repeats_total',
      'ldlm_shard_locks',
      'ldlm_shard_turns_total',
    ]);
  });

  it('says which panels have nothing to show with ZooKeeper, or not all', () => {
    const ofShards = /\bldlm_(shard|ring|journal|collections)_/;
    for (const { title, description = '', targets: shown = [] } of panels) {
      const isConcerned = shown.some(({ expr }) => ofShards.test(expr));
      expect(description.includes('--engine zookeeper'), title).toBe(isConcerned);
    }
  });

  it('has a place for each panel', () => {
    const taken = new Set<string>();
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    for (const { title, gridPos } of panels) {
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          expect(x, title).toBeLessThan(24);
          expect(taken.has(`${x} ${y}`), title).toBe(false);
          taken.add(`${x} ${y}`);
        }
      }
    }
  });
});
