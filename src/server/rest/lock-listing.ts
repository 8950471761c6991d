import { Limits } from '../../base/limits.ts';
import { GrpcStatus } from '../../contract/grpc-status.ts';
import type { ClaimInfo, HolderInfo, LockInfo } from '../../contract/lock-info.ts';
import { httpStatusOf } from '../../protocol/rest/status-json.ts';
import { inspectionStatus } from '../inspection/inspection-status.ts';
import { type Inspector, type ListQuery, shownKey } from '../inspection/inspector.ts';
import type { RestApi } from './rest-api.ts';
import type { RawRequest, RawResponse } from './rest-call.ts';
import type { RestSession } from './rest-session.ts';

const PAGE_SIZE = 100;

/** The parameters of a request as fastify has read them. */
type Parameters = Readonly<Record<string, string | string[] | undefined>>;

/** Listings of locks for administrators. Keys are cut: who reads them here may not use them. */
export class LockListing {
  readonly #inspector: Inspector;
  readonly #api: RestApi;
  readonly #nowMs: () => number;

  constructor(inspector: Inspector, api: RestApi, nowMs: () => number) {
    this.#inspector = inspector;
    this.#api = api;
    this.#nowMs = nowMs;
  }

  list(request: RawRequest, response: RawResponse, parameters: Parameters): void {
    const session = this.#api.enter(request, response);
    if (session === null) return;
    const query = readQuery(parameters);
    if (typeof query === 'string') {
      return this.#api.refuse(response, GrpcStatus.InvalidArgument, 400, query, session);
    }
    this.#inspector.list(query).then(
      (page) => {
        const locks = page.locks.map((lock) => lockJson(lock, page.nowMs));
        this.#answer(response, { locks, next_page_token: page.nextPageToken }, session);
      },
      (error: unknown) => this.#refuse(response, error, session),
    );
  }

  get(request: RawRequest, response: RawResponse, name: string): void {
    const session = this.#api.enter(request, response);
    if (session === null) return;
    this.#inspector.get(name).then(
      (lock) => {
        if (lock === null) {
          this.#api.refuse(
            response,
            GrpcStatus.NotFound,
            404,
            'nobody holds or awaits a lock by that name',
            session,
          );
        } else {
          this.#answer(response, lockJson(lock, this.#nowMs()), session);
        }
      },
      (error: unknown) => this.#refuse(response, error, session),
    );
  }

  #answer(response: RawResponse, body: object, session: RestSession): void {
    this.#api.answer(response, 200, JSON.stringify(body), session);
  }

  #refuse(response: RawResponse, error: unknown, session: RestSession): void {
    const status = inspectionStatus(error);
    const text = error instanceof Error ? error.message : String(error);
    this.#api.refuse(response, status, httpStatusOf(status), text, session);
  }
}

/** The query of a listing, or what is wrong with it. */
function readQuery(parameters: Parameters): ListQuery | string {
  const {
    prefix = '',
    page_size: size = String(PAGE_SIZE),
    page_token: pageToken = '',
    waiters = 'false',
  } = parameters;
  if (typeof prefix !== 'string' || typeof pageToken !== 'string') {
    return 'prefix and page_token may be given once each';
  }
  const pageSize = typeof size === 'string' && /^[0-9]{1,9}$/.test(size) ? Number(size) : 0;
  if (pageSize < 1 || pageSize > Limits.pageSizeMax) {
    return `page_size must be a number from 1 to ${Limits.pageSizeMax}`;
  }
  if (waiters !== 'true' && waiters !== 'false') return 'waiters must be true or false';
  return { prefix, pageSize, pageToken, waiters: waiters === 'true' };
}

function lockJson(lock: LockInfo, nowMs: number): object {
  return {
    name: lock.name,
    size: lock.size,
    shard: lock.shard,
    holder_count: lock.holderCount,
    waiter_count: lock.waiterCount,
    holders: lock.holders.map((holder) => holderJson(holder, nowMs)),
    waiters: lock.waiters.map((waiter) => claimJson(waiter, nowMs)),
  };
}

function holderJson(holder: HolderInfo, nowMs: number): object {
  return {
    key: shownKey(holder.key),
    ...claimJson(holder, nowMs),
    lock_timeout_ms: Math.round(holder.lockTimeoutMs),
    fencing_token: holder.fencingToken,
    ...(holder.isSinceAsked === true && { age_at_most: true }),
  };
}

function claimJson(claim: ClaimInfo, nowMs: number): object {
  return {
    session: { session_id: claim.sessionId, address: claim.address, protocol: claim.protocol },
    holder: claim.holder,
    mode: claim.mode,
    permits: claim.permits,
    age_ms: Math.max(0, Math.round(nowMs - claim.sinceMs)),
    ...(claim.deadlineMs !== null && { remaining_ms: Math.max(0, Math.round(claim.deadlineMs - nowMs)) }),
    claim_id: claim.claimId,
  };
}
