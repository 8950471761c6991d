import type { DashboardInfo } from '../../contract/dashboard.ts';
import { packageVersion } from '../package-version.ts';
import type { AdminGuard } from './admin-guard.ts';
import type { AdminRoutes } from './admin-routes.ts';

/** `GET /api/info`: which server this is, and the token with which a page may change something, see `PageTokens`. */
export function infoRoutes(
  guard: AdminGuard,
  { startedMs, shards, isSharded }: Pick<DashboardInfo, 'startedMs' | 'shards' | 'isSharded'>,
): AdminRoutes {
  const version = packageVersion();
  return (app) => {
    app.get('/api/info', (request, reply) => {
      const { token, setCookie } = guard.issueToken(request.raw);
      if (setCookie !== null) reply.header('set-cookie', setCookie);
      return reply.send({ version, startedMs, shards, isSharded, token } satisfies DashboardInfo);
    });
  };
}
