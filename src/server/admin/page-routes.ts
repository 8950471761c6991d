import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ErrorAnswer, ServerSample, UnlockAnswer } from '../../contract/dashboard.ts';
import { GrpcStatus } from '../../contract/grpc-status.ts';
import type { LdlmServerError } from '../../contract/server-error.ts';
import { inspectionStatus } from '../inspection/inspection-status.ts';
import type { Inspector, UnlockOutcome } from '../inspection/inspector.ts';
import { unlockOnRecord } from '../inspection/unlock-on-record.ts';
import type { Logger } from '../logger.ts';
import type { AdminRoutes } from './admin-routes.ts';
import { EventStreams, TooManyStreamsError } from './event-streams.ts';
import type { PageFile } from './page-files.ts';
import { checkLockName, PageRequestError } from './page-request.ts';
import { lockWithShownKeys } from './shown-keys.ts';
import { readUnlockRequest } from './unlock-request.ts';

/** What the routes answer from. */
export interface PageSources {
  readonly inspector: Inspector;
  readonly sample: () => ServerSample;
  readonly files: readonly PageFile[];
  readonly logger: Logger;
}

/**
 * The dashboard: its page, and what feeds it. Keys are cut to what readers may see who have no right to use them; to
 * release a lock, that much of its key is enough.
 *
 * - `GET /` and `/page/...`: the files.
 * - `GET /api/events?prefix=...&locks=false`: the event stream, see {@link EventStreams}.
 * - `GET /api/lock?name=...`: one lock, with all that is told of holders and waiters.
 * - `POST /api/unlock`: releases one holder by its key, or all.
 */
export function pageRoutes({ inspector, sample, files, logger }: PageSources): AdminRoutes {
  return (app) => {
    const streams = new EventStreams(inspector, sample);
    app.addHook('preClose', async () => streams.close());
    for (const file of files) addFile(app, file);
    const get = (path: string, handler: Handler) => app.get(path, answering(handler));
    get('/api/events', (request, reply) => openStream(streams, request, reply));
    get('/api/lock', (request, reply) => sendLock(inspector, request, reply));
    app.post(
      '/api/unlock',
      answering((request, reply) => unlock(inspector, logger, request, reply)),
    );
  };
}

function addFile(app: FastifyInstance, { path, type, etag, body }: PageFile): void {
  app.get(path, (request, reply) => {
    // Asked for again each time, so that a page is never made of files of two versions.
    reply.header('cache-control', 'no-cache').header('etag', etag);
    const known = request.headers['if-none-match']?.split(/\s*,\s*/) ?? [];
    if (known.some((tag) => tag.replace(/^W\//, '') === etag)) return reply.code(304).send();
    return reply.type(type).send(body);
  });
}

function openStream(streams: EventStreams, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const prefix = queryText(request, 'prefix');
  checkLockName('prefix', prefix);
  const locks = queryText(request, 'locks') || 'true';
  if (locks !== 'true' && locks !== 'false') throw new PageRequestError('locks must be true or false');
  if (reply.raw.socket === null) return refuseBehindAnother(reply);
  streams.open(reply.raw, { prefix, locks: locks === 'true' });
  return reply.hijack();
}

/**
 * An answer that waits behind another one on its connection is told of nothing, not even that the connection has ended,
 * so a stream would keep its place for ever. Browsers never ask like that.
 */
function refuseBehindAnother(reply: FastifyReply): FastifyReply {
  const message = 'an event stream cannot wait behind another answer: ask for it on a connection of its own';
  const answer: ErrorAnswer = { code: 'LDLM_STREAM_PIPELINED', message };
  return reply.code(409).header('connection', 'close').send(answer);
}

async function sendLock(
  inspector: Inspector,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const name = queryText(request, 'name');
  if (name === '') throw new PageRequestError('name must be the name of a lock: /api/lock?name=...');
  checkLockName('name', name);
  const lock = await inspector.get(name);
  if (lock !== null) return reply.send(lockWithShownKeys(lock));
  const message = 'nobody holds a lock of that name or waits for it';
  return reply.code(404).send({ code: 'LDLM_LOCK_NOT_FOUND', message } satisfies ErrorAnswer);
}

async function unlock(
  inspector: Inspector,
  logger: Logger,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const query = readUnlockRequest(request.body);
  const remote = { remote_address: request.socket.remoteAddress };
  const outcome = await unlockOnRecord(inspector, query, logger, 'dashboard', remote);
  if (outcome.releasedCount === 0) return reply.code(409).send(refusalOf(outcome));
  return reply.send({ released: outcome.releasedCount } satisfies UnlockAnswer);
}

/** Nothing was released: the holder has gone since it was looked at, or several keys begin like this one. */
function refusalOf({ refusal, holderCount }: UnlockOutcome): ErrorAnswer {
  if (holderCount > 1) {
    const message = `${holderCount} holders are meant: send more of the key, or all for every one of them`;
    return { code: 'LDLM_UNLOCK_AMBIGUOUS', message };
  }
  return { code: 'LDLM_UNLOCK_REFUSED', message: refusal?.message ?? 'nothing was released' };
}

type Handler = (request: FastifyRequest, reply: FastifyReply) => FastifyReply | Promise<FastifyReply>;

/** Answers 503 where the server cannot do it for now, which is no fault of the request's, nor of the code's. */
function answering(
  handler: Handler,
): (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply> {
  return async (request, reply) => {
    try {
      return await handler(request, reply);
    } catch (error) {
      if (!isPassing(error)) throw error;
      const { code, message } = error as LdlmServerError;
      return reply.code(503).send({ code, message } satisfies ErrorAnswer);
    }
  };
}

function isPassing(error: unknown): boolean {
  if (error instanceof TooManyStreamsError) return true;
  const status = inspectionStatus(error);
  return status === GrpcStatus.Unavailable || status === GrpcStatus.ResourceExhausted;
}

/** The value of a query parameter; the last one where it stands there several times. */
function queryText(request: FastifyRequest, name: string): string {
  const value = (request.query as Record<string, string | string[] | undefined>)[name];
  return (Array.isArray(value) ? value.at(-1) : value) ?? '';
}
