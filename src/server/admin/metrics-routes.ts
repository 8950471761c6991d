import type { ServerMetrics } from '../metrics/server-metrics.ts';
import type { AdminRoutes } from './admin-routes.ts';

/** `GET /metrics`, for Prometheus. */
export function metricsRoutes(metrics: ServerMetrics): AdminRoutes {
  return (app) => {
    app.addHook('onClose', async () => metrics.close());
    app.get('/metrics', async (_request, reply) => {
      const text = await metrics.scrape();
      return reply.type(metrics.contentType).send(text);
    });
  };
}
