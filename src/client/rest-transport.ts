import { CallEnd } from './call-end.ts';
import type { TlsOptions } from './client-options.ts';
import { ElapsedClock } from './elapsed-clock.ts';
import type { HttpAnswer } from './http-exchange.ts';
import { HttpPool } from './http-pool.ts';
import { ProcessHold } from './process-hold.ts';
import { failureOf, isSessionGone } from './rest-answer.ts';
import {
  readLockReply,
  readUnlockReply,
  writeLock,
  writeRenew,
  writeTryLock,
  writeUnlock,
} from './rest-messages.ts';
import { SessionKeeper } from './session-keeper.ts';
import {
  type CallLimits,
  type LockCall,
  type LockReply,
  type RenewCall,
  type Transport,
  TransportError,
  type UnlockCall,
  type UnlockReply,
} from './transport.ts';

export interface RestTransportOptions {
  readonly address: string;
  /** Null: in clear. */
  readonly tls: TlsOptions | null;
  readonly password: string;
  /** After so long without any answer the session is given up, though it may go on. Default: never. */
  readonly certainMsMax?: number;
}

/** A wait that ended sooner was not cut by whoever ends long ones. */
const CUT_WAIT_MS_MIN = 500;

type Read<Reply> = (text: string) => Reply;

/** Calls over REST, in a session of its own. A connection that is lost takes nothing with it; the session does. */
export class RestTransport implements Transport {
  readonly #pool: HttpPool;
  readonly #sessions: SessionKeeper;
  readonly #hold = new ProcessHold();

  /** @throws InvalidOptionError for TLS files that cannot be used */
  constructor({ address, tls, password, certainMsMax }: RestTransportOptions) {
    this.#pool = new HttpPool(address, tls);
    const credentials = Buffer.from(`ldlm:${password}`, 'utf8').toString('base64');
    const headers = {
      'content-type': 'application/json',
      ...(password !== '' && { authorization: `Basic ${credentials}` }),
    };
    this.#sessions = new SessionKeeper(this.#pool, headers, new ElapsedClock(), certainMsMax);
  }

  get isAlive(): boolean {
    return this.#sessions.isAlive;
  }

  get onDrop(): () => void {
    return this.#sessions.onLost;
  }

  set onDrop(dropped: () => void) {
    this.#sessions.onLost = dropped;
  }

  lock(call: LockCall, limits?: CallLimits): Promise<LockReply> {
    return this.#hold.during(this.#wait(call, limits));
  }

  tryLock(call: LockCall, limits?: CallLimits): Promise<LockReply> {
    return this.#call('/v1/lock', writeTryLock(call), readLockReply, limits);
  }

  unlock(call: UnlockCall, limits?: CallLimits): Promise<UnlockReply> {
    return this.#call('/v1/unlock', writeUnlock(call), readUnlockReply, limits);
  }

  renew(call: RenewCall, limits?: CallLimits): Promise<LockReply> {
    return this.#call('/v1/renew', writeRenew(call), readLockReply, limits);
  }

  checkSession(): void {
    this.#sessions.check();
  }

  close(): Promise<void> {
    return this.#hold.during(this.#close());
  }

  async #close(): Promise<void> {
    await this.#sessions.close();
    await this.#pool.close();
  }

  async #wait(call: LockCall, limits?: CallLimits): Promise<LockReply> {
    const sentMs = performance.now();
    try {
      return await this.#call('/v1/lock/wait', writeLock(call), readLockReply, limits);
    } catch (error) {
      const isCut = error instanceof TransportError && error.kind === 'unavailable';
      if (!isCut || performance.now() - sentMs < CUT_WAIT_MS_MIN) throw error;
      throw (await this.#isHeard(limits)) ? new TransportError('cut', error.message, error) : error;
    }
  }

  async #isHeard(limits: CallLimits = {}): Promise<boolean> {
    const end = new CallEnd(limits);
    try {
      return await end.race(this.#sessions.isHeard());
    } finally {
      end.close();
    }
  }

  #call<Reply>(path: string, body: string, read: Read<Reply>, limits: CallLimits = {}): Promise<Reply> {
    const reply = this.#callAnyhow(path, body, read, limits);
    return limits.background === true ? reply : this.#hold.during(reply);
  }

  async #callAnyhow<Reply>(
    path: string,
    body: string,
    read: Read<Reply>,
    limits: CallLimits,
  ): Promise<Reply> {
    const end = new CallEnd(limits);
    try {
      const answer = await this.#ask(path, body, end);
      // A session that is gone has done nothing with the call, so that it can be made in another one.
      return readAnswer(isSessionGone(answer) ? await this.#ask(path, body, end) : answer, read);
    } finally {
      end.close();
    }
  }

  async #ask(path: string, body: string, end: CallEnd): Promise<HttpAnswer> {
    const session = await this.#sessions.current(end);
    return this.#sessions.ask(session, { method: 'POST', path, body }, end);
  }
}

function readAnswer<Reply>(answer: HttpAnswer, read: Read<Reply>): Reply {
  if (answer.status !== 200) throw failureOf(answer);
  try {
    return read(answer.body);
  } catch (error) {
    throw new TransportError('refused', 'the reply of the server cannot be read', error);
  }
}
