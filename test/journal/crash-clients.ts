import { GrpcStatus } from '../../src/contract/grpc-status.ts';
import { Method } from '../../src/contract/method.ts';
import { requestKey } from '../../src/core/request-key.ts';
import type { EngineEvents } from '../../src/engine/engine.ts';
import type { KeySource } from '../../src/shard/key-source.ts';
import { loadCoder, type ReplyMessage, type RequestMessage } from '../protocol/protobuf/ldlm-coder.ts';
import type { Draw } from './simulated-disk.ts';
import type { SimulatedShard } from './simulated-shard.ts';
import type { HeldClaim } from './state-text.ts';

type MethodName = keyof typeof Method;

interface Call {
  readonly number: number;
  readonly method: MethodName;
  readonly session: number;
  readonly message: RequestMessage;
  /** The request id, as its own text. */
  readonly requestId: string;
  /** Of an Unlock by key: the grant that is given back. 0 where the request id says which. */
  readonly grant: number;
}

/** A grant that somebody was told of. It is known by the call that it was made for. */
interface Acknowledged {
  readonly name: string;
  readonly token: bigint;
  readonly requestId: string;
  session: number;
  /** Nothing was done that may end it: it runs for ever, its session lives, and nobody asked for its release. */
  isSure: boolean;
}

interface NamePlan {
  readonly name: string;
  readonly size: number;
  readonly shared: boolean;
}

export class BrokenPromiseError extends Error {}

export function must(holds: boolean, what: string, ...values: unknown[]): asserts holds {
  if (!holds) throw new BrokenPromiseError(`${what}: ${values.map(String).join(', ')}`);
}

const CODERS = {
  Lock: loadCoder('Lock'),
  TryLock: loadCoder('TryLock'),
  Unlock: loadCoder('Unlock'),
  Renew: loadCoder('Renew'),
};

const NAMES: readonly NamePlan[] = [
  { name: 'a', size: 1, shared: false },
  { name: 'b', size: 1, shared: false },
  { name: 'c', size: 1, shared: false },
  { name: 'readers', size: 1, shared: true },
  { name: 'permits', size: 3, shared: false },
  // Only a digest of it is kept with its request ids.
  { name: `long/${'n'.repeat(90)}`, size: 2, shared: false },
];
const SESSIONS = 4;
const REMEMBERED_MS = 60_000;

/**
 * Clients of a shard that crashes: they call at random, and remember what they were told. All that they are told must
 * be true for ever.
 */
export class CrashClients implements EngineEvents {
  /** Grants and refusals so far, to see that a simulation does something. */
  readonly totals = { grants: 0, releases: 0, repeats: 0, unavailable: 0, suspensions: 0 };
  /** Replies since the last {@link takeReplies}. */
  #replies = 0;
  /** Whether the shard says so at this moment. */
  isSuspended = (): boolean => false;
  #wasSuspended = false;
  readonly #draw: Draw;
  readonly #hashSeed: number;
  readonly #nowMs: () => number;
  readonly #calls = new Map<number, Call>();
  /** Calls of Lock and TryLock that the shard has not taken yet, in their order: each is given its number as its key. */
  readonly #untaken: number[] = [];
  readonly #open = new Set<number>();
  readonly #acknowledged = new Map<number, Acknowledged>();
  /** When a grant was said to be released, 0 where it may have ended before. */
  readonly #released = new Map<number, number>();
  readonly #unavailable = new Set<number>();
  /** When an Unlock by request id was answered, also by that there is no such lock: late arrivals are refused from then on. */
  readonly #refusals = new Map<string, number>();
  /** What a shard may remember as released: of requests that were granted, or given up by their id. */
  readonly #releasable = new Set<string>();
  readonly #tokens = new Map<string, bigint>();
  /** Calls and request ids that something was done to. */
  readonly #touched = new Set<number | string>();
  /** By request id, the grant that was last told. */
  readonly #grantOfRequest = new Map<string, number>();
  #lastCall = 0;
  #sessions: number[] = [];
  #lastSession = 0;

  constructor(draw: Draw, hashSeed: number, nowMs: () => number) {
    this.#draw = draw;
    this.#hashSeed = hashSeed;
    this.#nowMs = nowMs;
    this.#connectAll();
  }

  readonly keys: KeySource = {
    next: (key) => {
      Object.assign(key, { a: this.#untaken.shift()!, b: 0x4000, c: 0x8000_0000 | 0, d: 0 });
    },
  };

  // ---- calls --------------------------------------------------------------------------------------------------

  act(shard: SimulatedShard): void {
    const choice = this.#draw(100);
    if (choice < 45) this.#lock(shard);
    else if (choice < 55) this.#repeat(shard);
    else if (choice < 82) this.#unlock(shard);
    else if (choice < 91) this.#renew(shard);
    else if (choice < 97) this.#cancel(shard);
    else this.#endSession(shard);
  }

  #lock(shard: SimulatedShard): void {
    const draw = this.#draw;
    const { name, size, shared } = NAMES[draw(NAMES.length)]!;
    const timeoutMs = [0, 0, 1 + draw(300), 1 + draw(20_000)][draw(4)]!;
    this.#send(shard, draw(3) === 0 ? 'TryLock' : 'Lock', {
      ...{ name, size, permits: size > 1 ? 1 + draw(size) : 1, mode: shared ? draw(2) : 0 },
      ...{ lock_timeout_ms: `${timeoutMs}`, wait_timeout_ms: `${draw(2) * (1 + draw(500))}` },
      holder: draw(3) === 0 ? `holder ${'h'.repeat(draw(30))}` : undefined,
      request_id: draw(2) === 0 ? undefined : Buffer.from(`request-${this.#lastCall + 1}`),
    });
  }

  /** The same again, perhaps from another session, as after a connection that was lost. */
  #repeat(shard: SimulatedShard): void {
    const earlier = this.#earlierCall();
    if (earlier === undefined || earlier.requestId === '') return;
    this.#touch(earlier);
    const timeoutMs = this.#draw(2) * (1 + this.#draw(1000));
    this.totals.repeats++;
    this.#send(shard, 'Lock', { ...earlier.message, lock_timeout_ms: `${timeoutMs}` });
  }

  #unlock(shard: SimulatedShard): void {
    const earlier = this.#draw(4) === 0 ? this.#earlierCall() : this.#toldCall();
    if (earlier === undefined) return;
    this.#touch(earlier);
    const { name = '' } = earlier.message;
    if (earlier.requestId !== '' && this.#draw(3) === 0) {
      this.#releasable.add(this.#memoryKey(earlier));
      this.#send(shard, 'Unlock', { name, request_id: Buffer.from(earlier.requestId) });
    } else {
      const grant = this.#grantOf(earlier);
      this.#send(shard, 'Unlock', { name, key: keyText(grant) }, grant);
    }
  }

  #renew(shard: SimulatedShard): void {
    const earlier = this.#toldCall();
    if (earlier === undefined) return;
    // One that runs for ever cannot be renewed, but after a crash it no longer does.
    this.#touch(earlier);
    const key = keyText(this.#grantOf(earlier));
    this.#send(shard, 'Renew', {
      name: earlier.message.name,
      key,
      lock_timeout_ms: `${1 + this.#draw(1000)}`,
    });
  }

  #cancel(shard: SimulatedShard): void {
    const earlier = this.#earlierCall();
    if (earlier === undefined || !this.#sessions.includes(earlier.session)) return;
    this.#touch(earlier);
    this.#giveUp(earlier.number);
    shard.cancel(earlier.session, earlier.number);
  }

  #endSession(shard: SimulatedShard): void {
    const place = this.#draw(SESSIONS);
    const session = this.#sessions[place]!;
    this.#sessions[place] = ++this.#lastSession;
    for (const known of this.#acknowledged.values()) if (known.session === session) known.isSure = false;
    for (const number of [...this.#open]) {
      if (this.#calls.get(number)!.session === session) this.#giveUp(number);
    }
    shard.endSession(session);
  }

  /** Nobody waits for the reply any more. What it says may be on the disk though nobody has seen it. */
  #giveUp(number: number): void {
    const call = this.#calls.get(number)!;
    this.#open.delete(number);
    if (call.requestId !== '') this.#releasable.add(this.#memoryKey(call));
  }

  #send(shard: SimulatedShard, method: MethodName, message: RequestMessage, grant = 0): void {
    const number = ++this.#lastCall;
    const session = this.#sessions[this.#draw(SESSIONS)]!;
    const requestId = message.request_id?.toString('latin1') ?? '';
    this.#calls.set(number, { number, method, session, message, requestId, grant });
    this.#open.add(number);
    if (method === 'Lock' || method === 'TryLock') this.#untaken.push(number);
    shard.submit(Method[method], number, session, CODERS[method].requestSerialize(message));
  }

  /** One of the last calls of Lock or TryLock. */
  #earlierCall(): Call | undefined {
    const call = this.#calls.get(this.#lastCall - this.#draw(40));
    return call?.method === 'Lock' || call?.method === 'TryLock' ? call : undefined;
  }

  /** A call whose grant was told and, for all that anybody knows, is held. */
  #toldCall(): Call | undefined {
    const grants = [...this.#acknowledged.keys()].filter((grant) => !this.#released.has(grant)).slice(-12);
    return this.#calls.get(grants[this.#draw(grants.length)] ?? 0);
  }

  /** The grant that answered this call, or would answer it if it is the first with its request id. */
  #grantOf({ requestId, number }: Call): number {
    return this.#grantOfRequest.get(requestId) ?? number;
  }

  /** Something is done that may end the grant of this call, now or before anybody is told of it. */
  #touch(call: Call): void {
    const { requestId } = call;
    this.#touched.add(requestId === '' ? call.number : requestId);
    const known = this.#acknowledged.get(this.#grantOf(call));
    if (known !== undefined) known.isSure = false;
  }

  // ---- replies ------------------------------------------------------------------------------------------------

  reply(
    _shard: number,
    _route: number,
    number: number,
    session: number,
    _form: number,
    status: number,
    granted: boolean,
    bytes: Buffer,
    offset: number,
    headersBytes: number,
    dataBytes: number,
  ): void {
    const call = this.#calls.get(number)!;
    must(call.session === session, 'a reply names its session', number, session);
    this.#replies++;
    // What was cancelled, or whose session has ended, may have crossed with its reply.
    this.#open.delete(number);
    if (status !== GrpcStatus.Ok) return this.#ended(call, status);
    const data = bytes.subarray(offset + headersBytes, offset + headersBytes + dataBytes);
    const message = CODERS[call.method].responseDeserialize(Buffer.from(data));
    must(!granted || message.locked === true, 'a grant is told as one', number);
    if (call.method === 'Unlock' && call.requestId !== '')
      this.#refusals.set(this.#memoryKey(call), this.#nowMs());
    if (granted) this.#granted(call, message);
    else if (call.method === 'Unlock' && message.error === undefined) this.#unlocked(call);
  }

  #ended(call: Call, status: number): void {
    if (status !== GrpcStatus.Unavailable) return;
    this.totals.unavailable++;
    if (call.method !== 'Lock' && call.method !== 'TryLock') return;
    // A waiter that a repeat has taken over is told so, or that nothing could be recorded, but waits on with its key.
    if (!this.#isTouched(call)) this.#unavailable.add(call.number);
    if (call.requestId !== '') this.#releasable.add(this.#memoryKey(call));
  }

  #granted(call: Call, message: ReplyMessage): void {
    must(!this.isSuspended(), 'nobody is granted anything while the journal has no room', call.number);
    const grant = parseInt(message.key!.slice(0, 8), 16);
    const token = BigInt(message.fencing_token!);
    const known = this.#acknowledged.get(grant);
    const { name = '' } = call.message;
    must(!this.#released.has(grant), 'what was released is not granted again', call.number, grant);
    must(!this.#unavailable.has(grant), 'what was undone is not granted', call.number, grant);
    this.totals.grants++;
    if (call.requestId !== '') {
      this.#releasable.add(this.#memoryKey(call));
      this.#grantOfRequest.set(call.requestId, grant);
    }
    if (known !== undefined) {
      must(known.token === token, 'a repeat has the token of the first', call.number, known.token, token);
      known.session = call.session;
      return;
    }
    const last = this.#tokens.get(name) ?? -1n;
    if (grant === call.number) must(token > last, 'tokens of a name grow', name, last, token);
    if (token > last) this.#tokens.set(name, token);
    const { session, requestId } = call;
    const isForEver = grant === call.number && call.message.lock_timeout_ms === '0';
    const isSure = isForEver && !this.#isTouched(call) && this.#sessions.includes(session);
    this.#acknowledged.set(grant, { name, token, requestId, session, isSure });
  }

  #isTouched({ requestId, number }: Call): boolean {
    return this.#touched.has(requestId === '' ? number : requestId);
  }

  #unlocked(call: Call): void {
    const grant = call.grant === 0 ? this.#grantOfRequest.get(call.requestId) : call.grant;
    must(!this.isSuspended(), 'nobody is told of a release while the journal has no room', grant);
    this.totals.releases++;
    // A request that was given up while it waited was never granted.
    if (grant === undefined) return;
    // By its id, a request may have been given up that waited anew after its grant was long gone.
    this.#released.set(grant, call.grant === 0 ? 0 : this.#nowMs());
  }

  /** How many replies came since the last time. */
  takeReplies(): number {
    const replies = this.#replies;
    this.#replies = 0;
    return replies;
  }

  suspended(_shard: number, suspended: boolean): void {
    must(suspended !== this.#wasSuspended, 'a suspension begins before it ends', suspended);
    this.#wasSuspended = suspended;
    if (suspended) this.totals.suspensions++;
  }

  drained(): void {}
  room(): void {}
  notice(): void {}
  debug(): void {}

  failed(error: Error): void {
    throw error;
  }

  // ---- crashes ------------------------------------------------------------------------------------------------

  /** Sees what is held at some moment, whoever was told of it. */
  see(held: readonly HeldClaim[]): void {
    for (const { key, requestId } of held) {
      if (requestId !== '') this.#releasable.add(this.#memoryKey(this.#calls.get(key.a)!));
    }
  }

  /** All connections end; nobody is told anything about what was still open. */
  disconnect(): void {
    for (const number of [...this.#open]) this.#giveUp(number);
    this.#untaken.length = 0;
    this.#wasSuspended = false;
    this.#connectAll();
  }

  #connectAll(): void {
    this.#sessions = Array.from({ length: SESSIONS }, () => ++this.#lastSession);
  }

  /** Each thing that is held was asked for, in just this way, and nobody was told that it is not held. */
  checkAskedFor(held: readonly HeldClaim[]): void {
    for (const claim of held) {
      const number = claim.key.a;
      const call = this.#calls.get(number);
      must(call !== undefined, 'what is held was asked for', number);
      const { name, size, permits = 1, mode, holder = '', request_id } = call.message;
      const asked = [name, size, permits, mode, holder, request_id?.toString('latin1') ?? ''].join();
      const is = [claim.name, claim.size, claim.permits, claim.mode, claim.holder, claim.requestId].join();
      must(asked === is, 'what is held is what was asked for', number, asked, is);
      must(!this.#unavailable.has(number), 'what was undone is not held', number);
      const { token } = this.#acknowledged.get(number) ?? claim;
      must(claim.token === token, 'a grant keeps its token', number, token, claim.token);
    }
  }

  /** Nothing that anybody was told is lost. */
  checkNothingLost(held: readonly HeldClaim[]): void {
    const keys = new Set(held.map(({ key }) => key.a));
    for (const [grant, { isSure }] of this.#acknowledged) {
      if (isSure) must(keys.has(grant), 'what was granted is held', grant);
    }
    for (const grant of this.#released.keys()) must(!keys.has(grant), 'what was released is not held', grant);
  }

  /** Request ids are remembered of what was released, and of nothing else. */
  checkRequests(remembered: ReadonlySet<string>, isWhole: boolean): void {
    for (const key of remembered) must(this.#releasable.has(key), 'only what was granted is refused', key);
    if (!isWhole) return;
    for (const [grant, releasedMs] of this.#released) {
      const call = this.#calls.get(grant)!;
      if (call.requestId === '' || this.#nowMs() >= releasedMs + REMEMBERED_MS) continue;
      must(remembered.has(this.#memoryKey(call)), 'a released request is remembered', grant);
    }
    for (const [key, refusedMs] of this.#refusals) {
      if (this.#nowMs() < refusedMs + REMEMBERED_MS)
        must(remembered.has(key), 'an Unlock by its id refuses a request', key);
    }
  }

  /**
   * Begins anew with what is held after a crash, where a part of what was told is lost.
   *
   * @param isForEver whether locks that had no timeout are kept for so long as a simulation takes
   */
  accept(held: readonly HeldClaim[], isLossy: boolean, isForEver: boolean): void {
    if (isLossy) {
      this.#acknowledged.clear();
      this.#released.clear();
      this.#refusals.clear();
      this.#tokens.clear();
      this.#grantOfRequest.clear();
    }
    this.#touched.clear();
    for (const known of this.#acknowledged.values()) known.isSure &&= isForEver;
    for (const { key, name, token, requestId, lockTimeoutMs } of held) {
      const isSure = isForEver && lockTimeoutMs === 0;
      this.#acknowledged.set(key.a, { name, token, requestId, session: 0, isSure });
      if (requestId !== '') this.#grantOfRequest.set(requestId, key.a);
    }
  }

  /** The key under which a core remembers the request of a call. */
  #memoryKey({ message: { name = '' }, requestId }: Call): string {
    return requestKey(name, requestId, this.#hashSeed);
  }
}

function keyText(grant: number): string {
  return `${grant.toString(16).padStart(8, '0')}-0000-4000-8000-000000000000`;
}
