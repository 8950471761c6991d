import { GrpcStatus } from '../../../../src/contract/grpc-status.ts';
import { keyOfRequest } from '../../../../src/engine/zookeeper/claim.ts';
import { byteStringOf } from '../../../../src/engine/zookeeper/lock-place.ts';
import type { RequestMessage } from '../../../protocol/protobuf/ldlm-coder.ts';
import type { VirtualTime } from '../../../zookeeper/model/virtual-time.ts';
import { judgeLock } from './answer-judge.ts';
import { ClientSession } from './client-session.ts';
import type { Counted } from './engine-counts.ts';
import type { EnginePlan } from './engine-plan.ts';
import type { Answer, EngineCall, EngineServer } from './engine-server.ts';
import { type GrantsChecker, must } from './grants-checker.ts';
import { HeldLock } from './held-lock.ts';
import { ClientHolder } from './holder.ts';
import type { Round } from './round-plan.ts';

export interface ClientPlace {
  readonly name: string;
  readonly plan: EnginePlan;
  readonly time: VirtualTime;
  readonly servers: readonly EngineServer[];
  readonly home: number;
  readonly checker: GrantsChecker;
  readonly newNumber: () => number;
  readonly log: (what: () => string) => void;
  readonly count: (what: Counted) => void;
}

/** How often a request is asked again that another server has still, and what it waits for that. */
const MOVES_MAX = 30;
const MOVE_MS = 60;
/** How soon a request has left the queue whose node may yet have to be made. */
const LEFT_MS = 250;

/** What a client's request has come to, by which call of which session. */
interface Asked {
  readonly call: EngineCall;
  readonly answer: Answer;
  readonly session: ClientSession;
}

/** One client: wants locks, holds them and gives them back, time and again, and sees to it that it is treated rightly. */
export class EngineClient {
  readonly place: ClientPlace;
  #session: ClientSession | null = null;

  constructor(place: ClientPlace) {
    this.place = place;
  }

  /** @throws ViolationError */
  async run(rounds: readonly Round[]): Promise<void> {
    for (const [index, round] of rounds.entries()) {
      await this.pause(round.gapMs);
      const session = this.#enter();
      if (session === null) return;
      await this.#round(round, session, Buffer.from(`${this.place.name} round ${index}`));
    }
    this.#session?.end();
  }

  pause(waitMs: number): Promise<void> {
    return new Promise((resolve) => void this.place.time.after(waitMs, resolve));
  }

  /** A session with this server, beside the others. */
  open(server: EngineServer): ClientSession {
    return new ClientSession(this.place.newNumber(), server);
  }

  /** Another server that takes calls, if there is one. */
  elsewhere(than: EngineServer): EngineServer {
    const { servers } = this.place;
    const from = servers.indexOf(than);
    const others = servers.map((_server, index) => servers[(from + 1 + index) % servers.length]!);
    return others.find(({ isServing }) => isServing) ?? than;
  }

  ask(session: ClientSession, round: Round, id: Buffer): EngineCall {
    const { locks } = this.place.plan;
    const { lock, size, isShared, leaseMs, waitMs, deadlineMs, tries, hasId } = round;
    const message: RequestMessage = {
      ...{ name: locks[lock]!, size, mode: isShared ? 1 : 0 },
      ...{ lock_timeout_ms: String(leaseMs), wait_timeout_ms: tries ? undefined : String(waitMs) },
      ...(hasId && { request_id: id }),
    };
    const call = session.server.send(session, tries ? 'TryLock' : 'Lock', message, deadlineMs);
    this.place.log(
      () =>
        `${this.place.name} asks ${session.server.name} by call ${call.number} of session ${session.number}: ` +
        `${call.method} ${JSON.stringify({ ...round, id: hasId ? String(id) : '' })}`,
    );
    return call;
  }

  /** The session that it works in: at its own server as long as that is there. */
  #enter(): ClientSession | null {
    const { servers, home } = this.place;
    if (this.#session?.isOpen === true && this.#session.server.isServing) return this.#session;
    this.#session?.end();
    const own = servers[home]!;
    const server = own.isServing ? own : this.elsewhere(own);
    this.#session = server.isServing ? this.open(server) : null;
    return this.#session;
  }

  async #round(round: Round, session: ClientSession, id: Buffer): Promise<void> {
    const { count, log, name } = this.place;
    const call = this.ask(session, round, id);
    const asked = await this.#answer(round, call, id);
    if (asked === null) {
      count('withdrawn');
      return this.#checkLeft(round, id);
    }
    const verdict = judgeLock(this.place, round, asked);
    count(verdict);
    log(() => `${name}: call ${asked.call.number} is ${verdict}`);
    if (verdict === 'granted') await this.#hold(round, asked, id);
    else this.#checkLeft(round, id);
    if (asked.session !== session) asked.session.end();
  }

  /** When nothing is broken, nothing is left soon of a request that came to nothing. */
  #checkLeft({ hasId, lock, meanwhile }: Round, id: Buffer): void {
    const { plan, time, checker } = this.place;
    // A server that its client has left may notice late.
    if (!plan.isCalm || !hasId || meanwhile === 'move' || meanwhile === 'repeat') return;
    // What was granted before it was given up goes back with its session, or stays until its lease is over.
    if (plan.isDurable) return;
    const name = plan.locks[lock]!;
    const key = keyOfRequest(byteStringOf(name), id.toString('latin1'));
    time.after(LEFT_MS, () => checker.left(name, key));
  }

  /** Waits for the answer, or does meanwhile what the plan says. Null: nothing is wanted any more. */
  async #answer(round: Round, first: EngineCall, id: Buffer): Promise<Asked | null> {
    const { session } = first;
    const { server } = session;
    const isEarly = round.meanwhile !== 'nothing' && !(await this.#isAnsweredIn(first, round.afterMs));
    if (round.meanwhile === 'nothing' || !isEarly)
      return { call: first, answer: await first.answer, session };
    this.place.count(`meanwhile ${round.meanwhile}`);
    this.place.log(() => `${this.place.name} meanwhile: ${round.meanwhile}`);
    switch (round.meanwhile) {
      case 'cancel':
        server.cancel(first);
        return null;
      case 'cancelAndRepeat': {
        server.cancel(first);
        await this.pause(round.afterMs % 5);
        const call = this.ask(session, round, id);
        return { call, answer: await call.answer, session };
      }
      case 'repeat': {
        const other = this.open(server);
        const call = this.ask(other, round, id);
        const answer = await call.answer;
        session.end();
        return { call, answer, session: other };
      }
      case 'move':
        session.end(round.afterMs);
        return this.#askElsewhere(round, server, id);
      default: {
        const meant = round.afterMs % 2 === 0 ? server : this.elsewhere(server);
        const unlocker = this.open(meant);
        const message = { name: this.place.plan.locks[round.lock]!, request_id: id };
        let isReleased = false;
        void meant.send(unlocker, 'Unlock', message).answer.then((answer) => {
          isReleased = answer.kind === 'reply' && answer.status === 0 && answer.message.error === undefined;
          this.place.log(() => `${this.place.name} is told of the release: ${JSON.stringify(answer)}`);
          unlocker.end();
        });
        const answer = await first.answer;
        if (isReleased) this.#checkReleased(round, answer);
        // What was granted all the same goes back with the session.
        session.end();
        return answer.kind === 'reply' && answer.message.locked === true
          ? null
          : { call: first, answer, session };
      }
    }
  }

  /** A grant may cross the message that its request is released, but then the lock is gone. */
  #checkReleased({ lock }: Round, answer: Answer): void {
    const { plan, checker, name } = this.place;
    if (!plan.isCalm || answer.kind !== 'reply' || answer.message.locked !== true) return;
    const isThere = checker.isThere(plan.locks[lock]!, BigInt(answer.message.fencing_token!));
    must(!isThere, 'what was released is not granted', name, plan.locks[lock]);
  }

  async #askElsewhere(round: Round, from: EngineServer, id: Buffer): Promise<Asked> {
    for (let moves = 1; ; moves++) {
      const session = this.open(this.elsewhere(from));
      const call = this.ask(session, round, id);
      const answer = await call.answer;
      const isRefused = answer.kind === 'reply' && answer.status === GrpcStatus.Unavailable;
      if (!isRefused || moves === MOVES_MAX) return { call, answer, session };
      session.end();
      await this.pause(MOVE_MS);
    }
  }

  #isAnsweredIn(call: EngineCall, waitMs: number): Promise<boolean> {
    return Promise.race([call.answer.then(() => true), this.pause(waitMs).then(() => false)]);
  }

  async #hold(round: Round, { call, answer, session }: Asked, id: Buffer): Promise<void> {
    const { plan, checker, time } = this.place;
    if (answer.kind !== 'reply' || !session.isOpen) return;
    const { key, fencing_token } = answer.message;
    const { server } = session;
    const holder = new ClientHolder({
      ...{ lock: plan.locks[round.lock]!, isShared: round.isShared, size: round.size },
      ...{ isDurable: plan.isDurable, key: key!, token: BigInt(fencing_token!), server, line: server.line },
      endsMs: round.leaseMs > 0 ? time.nowMs + round.leaseMs : Number.POSITIVE_INFINITY,
    });
    checker.granted(holder, !round.hasId);
    await new HeldLock(this, round, holder, { call, bytes: answer.bytes, session, id }).run();
  }
}
