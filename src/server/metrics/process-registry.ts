import { collectDefaultMetrics, Registry } from 'prom-client';

/**
 * What the library knows of a process and would take time for that grows with its connections: it reads a folder that
 * has a file for each, or makes a list of them all. Ten thousand took 40 ms, in which nobody is served.
 */
const COSTLY: readonly string[] = [
  'process_open_fds',
  'nodejs_active_handles',
  'nodejs_active_handles_total',
  'nodejs_active_requests',
  'nodejs_active_requests_total',
  'nodejs_active_resources',
  'nodejs_active_resources_total',
];

let registry: Registry | null = null;

/** Names of a measurement that every scrape begins anew: two scrapers spoil it for each other. See `LoopLag`. */
const LOOP_LAG = 'nodejs_eventloop_lag';
/** How often that measurement is taken, which nobody asks for. */
const NEVER_MS = 2 ** 31 - 1;

/**
 * What there is to know of the process: processor time, memory, garbage collections. There is one for all servers of a
 * process, because what it measures with cannot be ended.
 */
export function processRegistry(): Registry {
  if (registry !== null) return registry;
  registry = new Registry();
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: NEVER_MS });
  for (const { name } of registry.getMetricsAsArray()) {
    if (COSTLY.includes(name) || name.startsWith(LOOP_LAG)) registry.removeSingleMetric(name);
  }
  return registry;
}
