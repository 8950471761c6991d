import { register } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { processRegistry } from '../../../src/server/metrics/process-registry.ts';
import { parseScrape, sumIn } from './prometheus-text.ts';

describe('the registry of the process', () => {
  it("is one for all servers, and not the library's own", async () => {
    expect(processRegistry()).toBe(processRegistry());
    expect(register.getMetricsAsArray()).toEqual([]);
  });

  it('has nothing that takes longer the more connections there are, or that each scrape begins anew', async () => {
    const families = parseScrape(await processRegistry().metrics());
    expect(sumIn(families, 'process_resident_memory_bytes')).toBeGreaterThan(1e6);
    const costly = [...families.keys()].filter((name) => /open_fds|active|lag/.test(name));
    expect(costly).toEqual([]);
  });
});
