import fastify, {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify';
import type { TSchema } from 'typebox';
import { GrpcStatus } from '../../contract/grpc-status.ts';
import { Method } from '../../contract/method.ts';
import type { LockListing } from './lock-listing.ts';
import type { RestApi } from './rest-api.ts';
import type { RawRequest, RawResponse } from './rest-call.ts';
import { documentRoutes, serveDocs } from './rest-docs.ts';
import {
  BegunReply,
  ListedLock,
  ListingQuery,
  LockHeaders,
  LockPage,
  LockReply,
  RequestFault,
  requestSchema,
  SessionFault,
  SessionReply,
  UnlockReply,
} from './rest-schemas.ts';

interface LockRoute {
  readonly path: string;
  readonly method: Method;
  readonly summary: string;
  readonly reply: TSchema;
}

const LOCK_ROUTES: readonly LockRoute[] = [
  { path: '/v1/lock', method: Method.TryLock, summary: 'Take a lock if it is free', reply: LockReply },
  { path: '/v1/lock/wait', method: Method.Lock, summary: 'Wait for a lock', reply: LockReply },
  { path: '/v1/unlock', method: Method.Unlock, summary: 'Give a lock back', reply: UnlockReply },
  { path: '/v1/renew', method: Method.Renew, summary: 'Restart the timeout of a lock', reply: LockReply },
  { path: '/v1/refreshlock', method: Method.Renew, summary: 'The older name of renew', reply: LockReply },
];

export interface RestAppOptions {
  readonly api: RestApi;
  /** Null where locks are not listed over REST. */
  readonly listing: LockListing | null;
  /** Whether one is asked for; the document says so. */
  readonly password: boolean;
}

/**
 * The routes. Requests of the API are taken over as soon as fastify has found their route, before it would look at the
 * type of their body, which counts for nothing here; answers are written by {@link RestApi}.
 */
export async function createRestApp(options: RestAppOptions): Promise<FastifyInstance> {
  const { api, listing, password } = options;
  const allowed = new Map<string, string>([['/session', 'POST, DELETE']]);
  const notFound = (request: FastifyRequest, reply: FastifyReply): void => {
    reply.hijack();
    answerUnknown(api, allowed, request.raw, reply.raw);
  };
  const app = fastify({
    logger: false,
    // The longest that fits the head of a request.
    routerOptions: { maxParamLength: 65_536 },
    frameworkErrors: (_error, request, reply) => notFound(request, reply),
  });
  // Schemas are there for the document only.
  app.setValidatorCompiler(() => () => true);
  app.setSerializerCompiler(() => JSON.stringify);
  app.setNotFoundHandler(notFound);
  // Nothing but the answers of the API reads a body, so none of fastify's own parsers has a say.
  app.removeAllContentTypeParsers();
  app.setErrorHandler((error: FastifyError, request, reply) => {
    if (error.statusCode !== undefined && error.statusCode < 500) return notFound(request, reply);
    reply.hijack();
    api.refuse(reply.raw, GrpcStatus.Internal, 500, error.message, null);
  });
  await documentRoutes(app, password);
  const security = password ? [{ session: [], password: [] }] : [{ session: [] }];
  const refused = refusedSchema(password);

  addSessionRoutes(app, api, password);
  for (const { path, method, summary, reply: replySchema } of LOCK_ROUTES) {
    allowed.set(path, 'POST');
    const body = requestSchema(method);
    const response = {
      200: replySchema,
      ...faults(400, 403, 405, 408, 409, 413, 429, 500, 503, 504),
      ...refused,
    };
    app.post(
      path,
      {
        schema: { summary, tags: ['locks'], security, headers: LockHeaders, body, response },
        onRequest: (request, reply) => {
          reply.hijack();
          api.lock(method, request.raw, reply.raw);
        },
      },
      unreachable,
    );
  }
  if (listing !== null) {
    allowed.set('/v1/locks', 'GET');
    addListingRoutes(app, listing, security, refused);
  }
  await serveDocs(app, api);
  await app.ready();
  return app;
}

type Security = readonly { readonly [scheme: string]: readonly string[] }[];

function addSessionRoutes(app: FastifyInstance, api: RestApi, password: boolean): void {
  const tags = ['sessions'];
  const open = password ? [{ password: [] }] : [];
  const closing = password ? [{ session: [], password: [] }] : [{ session: [] }];
  app.post(
    '/session',
    {
      schema: {
        ...{ summary: 'Begin a session', tags, security: open },
        response: { 201: BegunReply, ...faults(403, 405), ...refusedSchema(password), 429: SessionFault },
      },
      onRequest: (request, reply) => {
        reply.hijack();
        api.beginSession(request.raw, reply.raw);
      },
    },
    unreachable,
  );
  app.delete(
    '/session',
    {
      schema: {
        ...{ summary: 'End the session: what it locked is released', tags, security: closing },
        response: { 200: SessionReply, ...faults(403, 405), ...refusedSchema(password), 409: SessionFault },
      },
      onRequest: (request, reply) => {
        reply.hijack();
        api.endSession(request.raw, reply.raw);
      },
    },
    unreachable,
  );
}

function addListingRoutes(
  app: FastifyInstance,
  listing: LockListing,
  security: Security,
  refused: Responses,
): void {
  const tags = ['administration'];
  app.get<{ Querystring: Record<string, string> }>(
    '/v1/locks',
    {
      schema: {
        ...{ summary: 'List locks that are held or waited for', tags, security, querystring: ListingQuery },
        response: { 200: LockPage, ...faults(400, 405, 429, 503), ...refused },
      },
      onRequest: (request, reply) => {
        reply.hijack();
        listing.list(request.raw, reply.raw, request.query);
      },
    },
    unreachable,
  );
  app.get<{ Params: { name: string } }>(
    '/v1/locks/:name',
    {
      schema: {
        ...{ summary: 'Show one lock', tags, security },
        params: { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] },
        response: { 200: ListedLock, ...faults(404, 405, 429, 503), ...refused },
      },
      onRequest: (request, reply) => {
        reply.hijack();
        listing.get(request.raw, reply.raw, request.params.name);
      },
    },
    unreachable,
  );
}

type Responses = Readonly<Record<number, object>>;

/** Without its cookie a request is told why; without the password it is told nothing. */
function refusedSchema(password: boolean): Responses {
  const description = password
    ? 'The password or the session is missing or wrong'
    : 'There is no such session';
  return { 401: password ? { description, type: 'null' } : { ...SessionFault, description } };
}

function faults(...statuses: readonly number[]): Responses {
  return Object.fromEntries(statuses.map((status) => [status, RequestFault]));
}

/** Routes are done before their handlers. */
function unreachable(): void {}

const BADLY_ENCODED = 'the path is not properly percent-encoded';

function isEncodedProperly(path: string): boolean {
  try {
    decodeURIComponent(path);
    return true;
  } catch {
    return false;
  }
}

/** What no route takes: a path that is none, a method that a path does not know, or a path that nobody knows. */
function answerUnknown(
  api: RestApi,
  allowed: ReadonlyMap<string, string>,
  request: RawRequest,
  response: RawResponse,
): void {
  const session = api.enter(request, response);
  if (session === null) return;
  const path = (request.url ?? '').split('?', 1)[0]!;
  if (!isEncodedProperly(path)) {
    return api.refuse(response, GrpcStatus.InvalidArgument, 400, BADLY_ENCODED, session);
  }
  const isNamedLock = allowed.has('/v1/locks') && /^\/v1\/locks\/[^/]+$/.test(path);
  const allow = isNamedLock ? 'GET' : allowed.get(path);
  if (allow !== undefined) api.refuseMethod(response, allow, session);
  else api.refuse(response, GrpcStatus.NotFound, 404, 'Not Found', session);
}
