import { Limits } from '../../base/limits.ts';
import { GrpcStatus } from '../../contract/grpc-status.ts';
import type { WatchStep } from '../../contract/lock-info.ts';
import { type Refusal, Refusals } from '../../contract/refusal.ts';
import { LdlmServerError } from '../../contract/server-error.ts';
import type { CallListener, ServerCall, ServiceMethod } from '../../protocol/grpc/service-method.ts';
import { inspectionStatus } from '../inspection/inspection-status.ts';
import { type Inspector, type ListPage, nothingReleased, PageTokenError } from '../inspection/inspector.ts';
import { unlockOnRecord } from '../inspection/unlock-on-record.ts';
import type { Logger } from '../logger.ts';
import type { ServerInfo } from '../server-info.ts';
import { AdminMessages, serverInfoMessage } from './admin-messages.ts';
import { asyncUnaryMethod, type ReplyParts, ReplyTooLongError } from './async-unary-method.ts';
import { LockWatch } from './lock-watch.ts';
import { loadMethod, type MethodCoder } from './proto-files.ts';
import { SingleRequest } from './single-request.ts';
import { CallRefusal } from './unary-method.ts';

/** What the service tells of. */
export interface AdminSource {
  readonly logger: Logger;
  inspector(): Inspector;
  /** The server's time, in wall milliseconds. */
  nowMs(): number;
  /** Resolves when the next piece of long work may be done. */
  pace(): Promise<void>;
  info(): ServerInfo;
}

interface ListLocksRequest {
  readonly prefix: string;
  readonly page_size: number;
  readonly page_token: string;
  readonly waiters: boolean;
}

interface UnlockRequest {
  readonly name: string;
  readonly key: string;
  readonly all: boolean;
}

interface PrefixRequest {
  readonly prefix: string;
}

interface NameRequest {
  readonly name: string;
}

const SERVICE = '/ldlm.Admin';
const WATCH = `${SERVICE}/WatchLocks`;
const PAGE_SIZE_DEFAULT = 100;
/** Longer than any page token that there is. */
const PAGE_TOKEN_BYTES_MAX = 256;

/** A request that cannot be answered as it is; the text says what would be right. */
class InvalidArgumentError extends LdlmServerError {
  constructor(message: string) {
    super('LDLM_INVALID_ARGUMENT', message);
  }
}

/** How one listener serves administration. */
export interface AdminDoor {
  /** What log lines call it. */
  readonly name: 'IPC' | 'remote';
  /** Keys are shown whole to those who may use them. */
  readonly wholeKeys: boolean;
}

/** `ldlm.Admin`, see protos/ldlm-admin.proto. */
export class AdminService {
  readonly #source: AdminSource;
  readonly #watches = new Map<ServerCall, LockWatch>();
  #closed = false;

  constructor(source: AdminSource) {
    this.#source = source;
  }

  /** The methods for a listener. */
  methodsFor(door: AdminDoor): readonly ServiceMethod[] {
    const messages = new AdminMessages(door.wholeKeys);
    const unary = <Request extends object>(
      name: string,
      handle: (request: Request) => Promise<ReplyParts<object>>,
    ) => asyncUnaryMethod(`${SERVICE}/${name}`, handle, refusalFor);
    const watchCoder = loadMethod<PrefixRequest, object>(WATCH);
    return [
      unary('ListLocks', (request: ListLocksRequest) => {
        this.#source.logger.debug(`Handling ${door.name} ListLocks request`);
        return this.#list(request, messages);
      }),
      unary('GetLock', (request: NameRequest) => this.#get(request, messages)),
      unary('Unlock', (request: UnlockRequest) => this.#unlock(request, messages, door)),
      unary('ServerInfo', async () => [serverInfoMessage(this.#source.info())]),
      { path: WATCH, open: false, start: (call) => this.#startWatch(call, watchCoder, messages) },
    ];
  }

  /** Ends all watches with UNAVAILABLE: they would hold up the end of their connections. None begins afterwards. */
  close(): void {
    this.#closed = true;
    for (const [call, watch] of this.#watches) {
      watch.close();
      call.end(GrpcStatus.Unavailable, SHUTTING_DOWN);
    }
    this.#watches.clear();
  }

  async #list(request: ListLocksRequest, messages: AdminMessages): Promise<AsyncIterable<object>> {
    const { prefix, page_size, page_token, waiters } = request;
    checkPrefix(prefix);
    if (Buffer.byteLength(page_token) > PAGE_TOKEN_BYTES_MAX) throw new PageTokenError();
    const pageSize = page_size === 0 ? PAGE_SIZE_DEFAULT : page_size;
    if (pageSize < 1 || pageSize > Limits.pageSizeMax) {
      const text = `page_size must be between 1 and ${Limits.pageSizeMax}, or 0 for ${PAGE_SIZE_DEFAULT}, got ${page_size}`;
      throw new InvalidArgumentError(text);
    }
    const page = await this.#source.inspector().list({ prefix, pageSize, pageToken: page_token, waiters });
    return partsOfPage(page, messages, () => this.#source.pace());
  }

  async #get({ name }: NameRequest, messages: AdminMessages): Promise<object[]> {
    const fault = faultOfName(name);
    if (fault !== null) throw new InvalidArgumentError(fault.message);
    const lock = await this.#source.inspector().get(name);
    if (lock === null) throw new NoSuchLockError();
    return [{ lock: messages.lock(lock, this.#source.nowMs()) }];
  }

  async #unlock(
    { name, key, all }: UnlockRequest,
    messages: AdminMessages,
    door: AdminDoor,
  ): Promise<object[]> {
    const fault = faultOfUnlock(name, key);
    const { logger } = this.#source;
    const inspector =
      fault === null ? this.#source.inspector() : { unlock: async () => nothingReleased(fault) };
    const outcome = await unlockOnRecord(inspector, { name, key, all }, logger, door.name);
    return [messages.unlock(outcome, this.#source.nowMs())];
  }

  #startWatch(
    call: ServerCall,
    coder: MethodCoder<PrefixRequest, object>,
    messages: AdminMessages,
  ): CallListener {
    const encode = (step: WatchStep) => coder.responseSerialize(messages.step(step, this.#source.nowMs()));
    return new SingleRequest(call, coder.requestDeserialize, {
      requested: ({ prefix }) => this.#watch(call, prefix, new LockWatch(call, encode)),
      cancelled: () => this.#endWatch(call),
    });
  }

  #watch(call: ServerCall, prefix: string, watch: LockWatch): void {
    if (this.#closed) return call.end(GrpcStatus.Unavailable, SHUTTING_DOWN);
    try {
      checkPrefix(prefix);
      this.#watches.set(call, watch);
      watch.start((listener) => this.#source.inspector().watch({ prefix }, listener));
    } catch (error) {
      this.#endWatch(call);
      const { status, text } = refusalFor(error);
      call.end(status, text);
    }
  }

  #endWatch(call: ServerCall): void {
    this.#watches.get(call)?.close();
    this.#watches.delete(call);
  }
}

/** A page is put into bytes a few locks at a time, a third of a millisecond's work each. */
async function* partsOfPage(
  page: ListPage,
  messages: AdminMessages,
  pace: () => Promise<void>,
): AsyncGenerator<object> {
  for (let at = 0; at < page.locks.length; at += LOCKS_PER_PART) {
    if (at > 0) await pace();
    const locks = page.locks.slice(at, at + LOCKS_PER_PART);
    yield { locks: locks.map((lock) => messages.lock(lock, page.nowMs)) };
  }
  yield { next_page_token: page.nextPageToken };
}

const LOCKS_PER_PART = 12;

const SHUTTING_DOWN = 'the server is shutting down';

class NoSuchLockError extends LdlmServerError {
  constructor() {
    super('LDLM_NO_SUCH_LOCK', 'nobody holds a lock by that name or waits for it');
  }
}

function checkPrefix(prefix: string): void {
  if (Buffer.byteLength(prefix) > Limits.nameBytesMax)
    throw new InvalidArgumentError(`prefix must not be longer than ${Limits.nameBytesMax} bytes`);
}

function faultOfName(name: string): Refusal | null {
  if (name === '') return Refusals.nameEmpty;
  return Buffer.byteLength(name) > Limits.nameBytesMax ? Refusals.nameTooLong : null;
}

function faultOfUnlock(name: string, key: string): Refusal | null {
  // LDLM's answer: there is no lock without a name.
  if (name === '') return Refusals.lockDoesNotExist;
  if (Buffer.byteLength(key) > Limits.keyBytesMax) return Refusals.keyTooLong;
  return faultOfName(name);
}

/** The status that stands for an error. */
function refusalFor(error: unknown): CallRefusal {
  const text = error instanceof Error ? error.message : String(error);
  if (error instanceof InvalidArgumentError) return new CallRefusal(GrpcStatus.InvalidArgument, text);
  if (error instanceof NoSuchLockError) return new CallRefusal(GrpcStatus.NotFound, text);
  if (error instanceof ReplyTooLongError) return new CallRefusal(GrpcStatus.ResourceExhausted, text);
  return new CallRefusal(inspectionStatus(error), text);
}
