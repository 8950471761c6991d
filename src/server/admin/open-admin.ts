import type { TlsOptions } from 'node:tls';
import type { ServerOptions } from '../../config/server-options.ts';
import type { Inspector } from '../inspection/inspector.ts';
import type { Logger } from '../logger.ts';
import type { ArrivalCounts } from '../metrics/door-metrics.ts';
import { type MetricSources, ServerMetrics } from '../metrics/server-metrics.ts';
import type { ServerStatus } from '../server-status.ts';
import type { AdminGuard } from './admin-guard.ts';
import { AdminHttp } from './admin-http.ts';
import { healthRoutes } from './health-routes.ts';
import { infoRoutes } from './info-routes.ts';
import { metricsRoutes } from './metrics-routes.ts';
import { loadPageFiles } from './page-files.ts';
import { pageRoutes } from './page-routes.ts';
import { sampleServer } from './server-sample.ts';

/** What the admin listener shows. */
export interface AdminSources {
  readonly status: () => ServerStatus;
  readonly metrics: MetricSources & { readonly arrivals: ArrivalCounts };
  readonly inspector: Inspector;
}

/**
 * Opens the admin listener with all of its routes.
 *
 * @throws BindError, PageMissingError
 */
export async function openAdmin(
  options: ServerOptions,
  guard: AdminGuard,
  tls: TlsOptions | null,
  sources: AdminSources,
  logger: Logger,
): Promise<AdminHttp> {
  const { arrivals, isSharded } = sources.metrics;
  const metrics = new ServerMetrics(sources.metrics);
  const routes = [
    healthRoutes(sources.status),
    infoRoutes(guard, { startedMs: Date.now(), shards: metrics.shards.shards, isSharded }),
    metricsRoutes(metrics),
    pageRoutes({
      inspector: sources.inspector,
      sample: () => sampleServer(metrics.shards, sources.metrics),
      files: loadPageFiles(),
      logger,
    }),
  ];
  const { adminListenAddress } = options;
  return AdminHttp.open({ adminListenAddress, tls, guard, routes, arrivals, logger });
}
