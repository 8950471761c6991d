import type { DashboardInfo, ErrorAnswer, UnlockAnswer, UnlockRequestBody } from '../contract/dashboard.ts';
import type { LockInfo } from '../contract/lock-info.ts';

/** The server said no, with its reason; `status` is 0 when it did not answer at all. */
export class RequestFailed extends Error {
  readonly status: number;

  constructor(message: string, status: number) {
    super(message);
    this.status = status;
  }
}

/** The requests that the page makes beside its event stream. */
export class AdminApi {
  #token = '';

  /** @throws RequestFailed */
  async info(): Promise<DashboardInfo> {
    const info = await ask<DashboardInfo>('/api/info');
    this.#token = info.token;
    return info;
  }

  /** @throws RequestFailed also when nobody holds the lock or waits for it */
  lock(name: string): Promise<LockInfo> {
    return ask<LockInfo>(`/api/lock?name=${encodeURIComponent(name)}`);
  }

  /** @throws RequestFailed */
  unlock(body: UnlockRequestBody): Promise<UnlockAnswer> {
    return ask<UnlockAnswer>('/api/unlock', {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-ldlm-token': this.#token },
      body: JSON.stringify(body),
    });
  }
}

async function ask<Answer>(path: string, init: RequestInit = {}): Promise<Answer> {
  let response: Response;
  try {
    response = await fetch(path, { cache: 'no-store', redirect: 'error', ...init });
  } catch {
    throw new RequestFailed('the server does not answer', 0);
  }
  const body: unknown = await response.json().catch(() => null);
  if (response.ok && body !== null) return body as Answer;
  const { message = `the server answers with status ${response.status}` } = (body ??
    {}) as Partial<ErrorAnswer>;
  throw new RequestFailed(message, response.status);
}
