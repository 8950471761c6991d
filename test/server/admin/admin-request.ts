import { Agent, type Dispatcher, request } from 'undici';
import type { RunningServer } from '../../../src/index.ts';
import { AdminGuard } from '../../../src/server/admin/admin-guard.ts';
import { AdminHttp } from '../../../src/server/admin/admin-http.ts';
import type { AdminRoutes } from '../../../src/server/admin/admin-routes.ts';
import { infoRoutes } from '../../../src/server/admin/info-routes.ts';
import { silentLogger } from '../../../src/server/logger.ts';
import { ArrivalCounts } from '../../../src/server/metrics/door-metrics.ts';
import { afterwards } from '../running-server.ts';

/** An answer with all of its body. */
export interface AdminAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** The body as JSON. */
  json(): unknown;
}

export interface AdminQuestion {
  readonly method?: Dispatcher.HttpMethod;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly dispatcher?: Dispatcher;
}

/** Asks the admin listener, with exactly these headers; `host` is the bound address when it is not among them. */
export async function ask(
  server: Pick<RunningServer, 'adminAddresses'>,
  path: string,
  question: AdminQuestion = {},
  scheme: 'http' | 'https' = 'http',
): Promise<AdminAnswer> {
  const { statusCode, headers, body } = await request(`${scheme}://${server.adminAddresses[0]!}${path}`, {
    method: question.method ?? 'GET',
    headers: question.headers ?? {},
    body: question.body ?? null,
    dispatcher: question.dispatcher ?? agent(),
  });
  const text = await body.text();
  return { status: statusCode, headers, text, json: () => JSON.parse(text) as unknown };
}

/** A listener with these routes and `/api/info`, and no server behind it, closed after the test. */
export async function openRoutes(
  ...routes: AdminRoutes[]
): Promise<Pick<RunningServer, 'adminAddresses'> & { readonly http: AdminHttp }> {
  const options = { adminListenAddress: '127.0.0.1:0', adminHosts: '', password: '', isTls: false };
  const guard = new AdminGuard(options);
  const all = [infoRoutes(guard, { startedMs: 0, shards: 1, isSharded: true }), ...routes];
  const http = await AdminHttp.open({
    ...{ ...options, tls: null, guard, routes: all },
    ...{ arrivals: new ArrivalCounts(), logger: silentLogger() },
  });
  afterwards(() => http.close());
  return { adminAddresses: http.addresses, http };
}

/** What a page sends along with a change, see `AdminGuard`. */
export async function pageHeaders(
  server: Pick<RunningServer, 'adminAddresses'>,
  extra: Readonly<Record<string, string>> = {},
): Promise<Record<string, string>> {
  const info = await ask(server, '/api/info', { headers: extra });
  const { token } = info.json() as { token: string };
  const cookie = String(info.headers['set-cookie']).split(';')[0]!;
  return { ...extra, cookie, origin: `http://${server.adminAddresses[0]}`, 'x-ldlm-token': token };
}

/** Connections of its own, closed after the test. */
export function agent(options: Agent.Options = {}): Agent {
  const made = new Agent(options);
  afterwards(() => made.destroy());
  return made;
}
