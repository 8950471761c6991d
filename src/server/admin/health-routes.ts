import type { ServerStatus } from '../server-status.ts';
import type { AdminRoutes } from './admin-routes.ts';

/**
 * `/healthz`: 200 unless a part of the server is lost, when a supervisor should start another one. `/readyz`: 200 only
 * when requests are served, and not while it starts, stops, or has a shard that stands still or cannot write.
 */
export function healthRoutes(status: () => ServerStatus): AdminRoutes {
  return (app) => {
    app.get('/healthz', (_request, reply) => {
      const { failed, reason } = status();
      return reply.code(failed ? 503 : 200).send(failed ? { status: 'FAILED', reason } : { status: 'OK' });
    });
    app.get('/readyz', (_request, reply) => {
      const { serving, reason } = status();
      const body = serving ? { status: 'SERVING' } : { status: 'NOT_SERVING', reason };
      return reply.code(serving ? 200 : 503).send(body);
    });
  };
}
