import { Agent, type Dispatcher, request } from 'undici';
import type { RunningServer } from '../../../src/index.ts';
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

/** Connections of its own, closed after the test. */
export function agent(options: Agent.Options = {}): Agent {
  const made = new Agent(options);
  afterwards(() => made.destroy());
  return made;
}
