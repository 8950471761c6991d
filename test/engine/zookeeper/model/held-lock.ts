import { GrpcStatus } from '../../../../src/contract/grpc-status.ts';
import type { RequestMessage } from '../../../protocol/protobuf/ldlm-coder.ts';
import type { ClientSession } from './client-session.ts';
import type { EngineClient } from './engine-client.ts';
import type { EngineCall, EngineServer } from './engine-server.ts';
import { must } from './grants-checker.ts';
import type { ClientHolder } from './holder.ts';
import type { Round } from './round-plan.ts';

/** How often what cannot be answered now is asked again. */
const ATTEMPTS_MAX = 60;
const ATTEMPT_MS = 50;
/** A lease that ends so soon may be over when a message arrives that is about it. */
const MARGIN_MS = 150;
const FAULTY_MARGIN_MS = 5_000;

/** By what the grant came. */
interface Grant {
  readonly call: EngineCall;
  readonly bytes: Buffer;
  readonly session: ClientSession;
  readonly id: Buffer;
}

/** What a client does with a lock that it holds, until it does no more. */
export class HeldLock {
  readonly #client: EngineClient;
  readonly #round: Round;
  readonly #holder: ClientHolder;
  readonly #grant: Grant;
  #session: ClientSession;
  #isRepeated: boolean;

  constructor(client: EngineClient, round: Round, holder: ClientHolder, grant: Grant) {
    this.#client = client;
    this.#round = round;
    this.#holder = holder;
    this.#grant = grant;
    this.#session = grant.session;
    this.#isRepeated = round.meanwhile === 'repeat' || round.meanwhile === 'move';
    this.#join(grant.session);
  }

  async run(): Promise<void> {
    const { holdMs, renews, repeatsHeld } = this.#round;
    await this.#client.pause(holdMs / 2);
    if (renews !== 'no' && this.#isBelieved) await this.#renew();
    if (repeatsHeld) await this.#repeatUntilTold();
    await this.#client.pause(holdMs / 2);
    if (repeatsHeld && this.#holder.isDurable && this.#holder.keeper === null) await this.#repeatUntilTold();
    if (!this.#holder.isOver) await this.#end();
    if (this.#session !== this.#grant.session) this.#session.end();
  }

  get #isBelieved(): boolean {
    return this.#client.place.checker.isBelieved(this.#holder);
  }

  /** Whether nothing can have come between him and the lock until now, nor will before an answer. */
  get #isSure(): boolean {
    const { plan, time } = this.#client.place;
    const marginMs = plan.isCalm || plan.isRolling ? MARGIN_MS : FAULTY_MARGIN_MS;
    return this.#isBelieved && this.#holder.endsMs - time.nowMs > marginMs;
  }

  #join(session: ClientSession): void {
    this.#session = session;
    session.onLost = () => {
      if (session.server.isHandedOver) this.#handedOver();
      else if (!this.#holder.isDurable) this.#over('its session is lost');
    };
  }

  /** The next server begins with a whole lease, and gives one to a lock that had none. */
  #handedOver(): void {
    const { place } = this.#client;
    const holder = this.#holder;
    if (holder.isOver) return;
    place.count('handedOver');
    holder.isHandedOver = true;
    if (holder.endsMs === Number.POSITIVE_INFINITY)
      holder.endsMs = place.time.nowMs + place.plan.defaultLockTimeoutMs;
  }

  #over(why: string): void {
    const { place } = this.#client;
    if (this.#holder.isOver) return;
    place.log(() => `${place.name} holds ${this.#holder.lock} by ${this.#holder.token} no more: ${why}`);
    place.checker.over(this.#holder);
  }

  async #renew(): Promise<void> {
    const { place } = this.#client;
    const { renews, renewedMs } = this.#round;
    const holder = this.#holder;
    const { lock: name, key, server, keeper } = holder;
    const asked = renews === 'here' && keeper !== null ? keeper : this.#client.elsewhere(server);
    const sentMs = place.time.nowMs;
    const isSure = this.#isSure;
    // Whether a shorter lease has begun, he does not know before the answer.
    holder.endsMs = Math.min(holder.endsMs, sentMs + renewedMs);
    const answer = await this.#call(asked, 'Renew', { name, key, lock_timeout_ms: String(renewedMs) });
    if (answer === 'unavailable' || holder.isOver) return;
    must(answer === 'done' || !isSure || !this.#isBelieved, 'what is held can be renewed', place.name, name);
    place.count(answer === 'done' ? 'renewed' : 'notRenewed');
    if (answer === 'done') holder.endsMs = sentMs + renewedMs;
  }

  async #repeatUntilTold(): Promise<void> {
    while (this.#isBelieved && !(await this.#repeat())) await this.#client.pause(ATTEMPT_MS);
  }

  /**
   * The same request once more, by another session: the same grant, which is that session's from now on.
   *
   * @returns false: it may be granted later, by a server that has yet to find that the one is gone which has granted it
   */
  async #repeat(): Promise<boolean> {
    const { place } = this.#client;
    const { leaseMs } = this.#round;
    const holder = this.#holder;
    const asked = holder.keeper ?? this.#client.elsewhere(holder.server);
    // One that has not granted it can do so only for a lock that outlives its server.
    if (!asked.isServing || (asked !== holder.keeper && !holder.isDurable)) return true;
    const sentMs = place.time.nowMs;
    const isSure = this.#isSure;
    if (leaseMs > 0) holder.endsMs = Math.min(holder.endsMs, sentMs + leaseMs);
    const before = this.#session;
    const isMoved = asked !== holder.keeper;
    const session = this.#client.open(asked);
    const call = this.#client.ask(session, this.#round, this.#grant.id);
    const answer = await call.answer;
    const isGranted = answer.kind === 'reply' && answer.message.locked === true;
    if (!isGranted) {
      session.end();
      must(
        isMoved || answer.kind === 'none' || answer.status !== GrpcStatus.Ok || !isSure || !this.#isBelieved,
        ...(['a grant is repeated', place.name, holder.lock] as const),
      );
      return !isMoved || answer.kind === 'none' || answer.status !== GrpcStatus.Unavailable;
    }
    place.count('repeatedHeld');
    const { key, fencing_token } = answer.message;
    const isSame = key === holder.key && BigInt(fencing_token!) === holder.token;
    // Another server grants anew what has ended meanwhile. Nobody wants that, and it ends by its lease.
    const isAnother = !isSame && isMoved && !this.#isBelieved;
    must(isSame || isAnother, 'a request is granted once', place.name);
    this.#isRepeated = true;
    if (holder.isOver || isAnother) {
      session.end();
      return true;
    }
    if (isMoved) {
      place.count('inherited');
      holder.move(asked);
    }
    if (leaseMs > 0) holder.endsMs = sentMs + leaseMs;
    this.#join(session);
    before.onLost = () => {};
    if (before !== this.#grant.session) before.end();
    return true;
  }

  async #end(): Promise<void> {
    const { place } = this.#client;
    const { server, endsMs } = this.#holder;
    const leftMs = endsMs - place.time.nowMs;
    const end = this.#endOf(leftMs);
    place.count(`ends by ${end}`);
    switch (end) {
      case 'expire':
        await this.#client.pause(Math.max(0, leftMs) + 1);
        return this.#over('its lease is over');
      case 'endSession':
        if (!this.#holder.isDurable) this.#over('it ends its session');
        this.#session.end(this.#round.afterMs);
        return this.#holder.isDurable ? this.#unlock(false, true) : undefined;
      case 'cancel':
      case 'undelivered':
        this.#over(end);
        if (end === 'cancel') server.cancel(this.#grant.call);
        else server.giveBack(this.#grant.bytes);
        // A grant that more than one call was told of, none of them gives back.
        if (this.#isRepeated) this.#session.end();
        return;
      default:
        return this.#unlock(end.startsWith('unlockById'), end.endsWith('Elsewhere'));
    }
  }

  #endOf(leftMs: number): Round['end'] {
    const { end } = this.#round;
    // The next server knows nothing of the session, nor of the call.
    const isGone = this.#holder.isHandedOver && ['endSession', 'cancel', 'undelivered'].includes(end);
    return isGone || (end === 'expire' && leftMs > 2_000) ? 'unlock' : end;
  }

  async #unlock(byId: boolean, isElsewhere: boolean): Promise<void> {
    const { place } = this.#client;
    const { lock: name, key, server, keeper } = this.#holder;
    const message: RequestMessage = byId ? { name, request_id: this.#grant.id } : { name, key };
    const isSure = this.#isSure;
    this.#over(`it unlocks ${byId ? 'by its id' : ''} ${isElsewhere ? 'elsewhere' : ''}`);
    for (let attempts = 1; attempts <= ATTEMPTS_MAX; attempts++) {
      const asked = isElsewhere || !keeper?.isServing ? this.#client.elsewhere(server) : keeper;
      const answer = await this.#call(asked, 'Unlock', message);
      const isDue = isSure && this.#holder.isKept && attempts === 1;
      must(answer !== 'refused' || !isDue, 'what is held can be unlocked', place.name, name, key);
      place.count(answer === 'done' ? 'unlocked' : answer === 'refused' ? 'notUnlocked' : 'notAnswered');
      if (answer !== 'unavailable') return;
      await this.#client.pause(ATTEMPT_MS);
    }
    this.#session.end();
  }

  async #call(
    server: EngineServer,
    method: 'Unlock' | 'Renew',
    message: RequestMessage,
  ): Promise<'done' | 'refused' | 'unavailable'> {
    const { plan, name, log } = this.#client.place;
    const session = this.#client.open(server);
    const answer = await server.send(session, method, message).answer;
    session.end();
    log(() => `${name} asks ${server.name} to ${method}: ${JSON.stringify(answer)}`);
    if (answer.kind === 'none') return 'unavailable';
    const { status, message: reply } = answer;
    must(status === GrpcStatus.Ok || !plan.isCalm, 'nothing is out of reach in a calm', name, method, status);
    must(
      status === GrpcStatus.Ok || status === GrpcStatus.Unavailable,
      'nothing fails',
      name,
      method,
      status,
    );
    if (status !== GrpcStatus.Ok) return 'unavailable';
    return reply.error === undefined ? 'done' : 'refused';
  }
}
