import { GrpcStatus } from '../../contract/grpc-status.ts';
import type { Method } from '../../contract/method.ts';
import { parseGrpcTimeoutMs } from '../../protocol/grpc/timeout.ts';
import { statusJson } from '../../protocol/rest/status-json.ts';
import { peerAddress } from '../session-directory.ts';
import { answerJson, askForPassword, wasDelivered } from './answer.ts';
import type { BodyReader } from './body-reader.ts';
import { PipelinedResponses } from './pipelined-responses.ts';
import type { RawRequest, RawResponse, RestCall } from './rest-call.ts';
import type { RestCalls } from './rest-calls.ts';
import type { RestSession } from './rest-session.ts';
import type { RestSessions } from './rest-sessions.ts';
import { readSessionCookie, type SessionCookies } from './session-cookie.ts';

export interface RestApiOptions {
  readonly sessions: RestSessions;
  readonly calls: RestCalls;
  readonly bodies: BodyReader;
  readonly cookies: SessionCookies;
  /** Null when no password is asked for. */
  readonly authorized: ((header: string | undefined) => boolean) | null;
  /** A client at this address did not have the password. */
  readonly refused: (address: string) => void;
  readonly nowMs: () => number;
  /** See `Engine`. */
  readonly certainMs: () => number | null;
}

/** For how long from its answer on a session certainly goes on, in milliseconds. */
const TIMEOUT_HEADER = 'Ldlm-Session-Timeout-Ms';

const NO_COOKIE = '{"error": "session cookie not found. create a new session at /session"}';
export const DEAD_COOKIE = '{"error": "session cookie invalid or expired. create a new session at /session"}';

/** Finds the call of a response when that is closed, without a closure for each. */
const callOf = Symbol('call');

type CalledResponse = RawResponse & { [callOf]?: RestCall | null };

/**
 * What each request meets, in LDLM's order: the password, the paths of sessions, the session's cookie, and then
 * what it asks for.
 */
export class RestApi {
  /** No connection is to outlive the answer that it waits for. */
  closing = false;
  readonly #options: RestApiOptions;
  readonly #pipelined = new PipelinedResponses((response) => this.#responseClosed(response));
  readonly #onClose: (this: CalledResponse) => void;

  constructor(options: RestApiOptions) {
    this.#options = options;
    const api = this;
    this.#onClose = function () {
      api.#responseClosed(this);
    };
  }

  /** True when the request has the password; otherwise it was answered. */
  admit(request: RawRequest, response: RawResponse): boolean {
    const { authorized, refused } = this.#options;
    if (authorized === null || authorized(request.headers.authorization)) return true;
    refused(peerAddress(request.socket.remoteAddress, request.socket.remotePort));
    askForPassword(response, this.closing);
    return false;
  }

  /** The session of a request that has the password, whose time begins anew; null when it was answered. */
  enter(request: RawRequest, response: RawResponse): RestSession | null {
    if (!this.admit(request, response)) return null;
    const { sessions } = this.#options;
    const id = readSessionCookie(request.headers.cookie);
    const session = id === null ? null : sessions.find(id);
    if (session === null) this.answer(response, 401, id === null ? NO_COOKIE : DEAD_COOKIE, null);
    else sessions.touch(session);
    return session;
  }

  beginSession(request: RawRequest, response: RawResponse): void {
    if (!this.admit(request, response)) return;
    const { sessions, cookies } = this.#options;
    const session = sessions.begin(request.socket.remoteAddress ?? '');
    if (session === null) return this.answer(response, 429, '{"error": "too many sessions"}', null);
    // The cookie tells whole seconds, by a clock that whoever stands between may have changed.
    response.setHeader(TIMEOUT_HEADER, Math.floor(cookies.timeoutMs));
    this.answer(response, 201, `{"session_id": "${session.id}"}`, session);
  }

  endSession(request: RawRequest, response: RawResponse): void {
    if (!this.admit(request, response)) return;
    const { sessions, cookies } = this.#options;
    const id = readSessionCookie(request.headers.cookie);
    if (id === null) return this.answer(response, 401, '{"error":"http: named cookie not present"}', null);
    const session = sessions.find(id);
    if (session === null) return this.answer(response, 409, '{"error": "session not found"}', null);
    sessions.end(session);
    answerJson(response, 200, '{"session_id": ""}', cookies.cleared, this.closing);
  }

  /** A lock operation: its body is read, and what becomes of it is told by the calls. */
  lock(method: Method, request: RawRequest, response: RawResponse): void {
    const session = this.enter(request, response);
    if (session === null) return;
    const { headers } = request;
    if (isOverridden(headers['x-http-method-override'])) {
      return this.refuseMethod(response, 'POST', session);
    }
    const timeout = headers['grpc-timeout'];
    let deadlineMs = Number.POSITIVE_INFINITY;
    if (timeout !== undefined) {
      deadlineMs = this.#options.nowMs() + parseGrpcTimeoutMs(String(timeout));
      if (Number.isNaN(deadlineMs)) {
        return this.refuse(
          response,
          GrpcStatus.InvalidArgument,
          400,
          `invalid grpc-timeout: ${timeout}`,
          session,
        );
      }
    }
    const call = this.#options.calls.begin(method, session, request, response, deadlineMs);
    if (typeof call === 'string') {
      return this.refuse(response, GrpcStatus.ResourceExhausted, 429, call, session);
    }
    const called: CalledResponse = response;
    called[callOf] = call;
    called.on('close', this.#onClose);
    if (response.socket === null) this.#pipelined.add(request.socket, response);
    this.#options.bodies.read(call);
  }

  refuseMethod(response: RawResponse, allow: string, session: RestSession): void {
    response.setHeader('Allow', allow);
    this.refuse(response, GrpcStatus.Unimplemented, 405, 'Method Not Allowed', session);
  }

  refuse(
    response: RawResponse,
    status: GrpcStatus,
    httpStatus: number,
    message: string,
    session: RestSession | null,
  ): void {
    this.answer(response, httpStatus, statusJson(status, message), session);
  }

  /** Answers a request, of a session or of none. */
  answer(
    response: RawResponse,
    status: number,
    body: string,
    session: RestSession | null,
    closing = this.closing,
  ): void {
    const { cookies, nowMs } = this.#options;
    const cookie = session === null || session.ended ? null : cookies.renewed(session.id, nowMs());
    const certainMs = cookie === null ? null : this.#options.certainMs();
    // What the session holds may be somebody else's before, should this server be gone.
    if (certainMs !== null)
      response.setHeader(TIMEOUT_HEADER, Math.floor(Math.min(cookies.timeoutMs, certainMs)));
    answerJson(response, status, body, cookie, closing || this.closing);
  }

  #responseClosed(response: CalledResponse): void {
    const call = response[callOf];
    if (call == null) return;
    response[callOf] = null;
    const request = call.request!;
    if (this.#pipelined.sockets > 0) this.#pipelined.remove(request.socket, response);
    this.#options.bodies.drop(call);
    this.#options.calls.closed(call, wasDelivered(request, response));
  }
}

function isOverridden(method: string | string[] | undefined): boolean {
  return method !== undefined && String(method).toUpperCase() !== 'POST';
}
