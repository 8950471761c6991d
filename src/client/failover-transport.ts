import { ElapsedClock } from './elapsed-clock.ts';
import { pause } from './pause.ts';
import {
  type CallLimits,
  type FailureKind,
  type LockCall,
  type LockReply,
  type RenewCall,
  type Transport,
  TransportError,
  type UnlockCall,
  type UnlockReply,
} from './transport.ts';

/** A machine that is gone refuses no connection: one that is not open after so long is tried at the next server. */
const CONNECT_MS_MAX = 5_000;
/** Calls that fail because their server is gone do so one after another: the first has to wait so long for the last. */
const STRAGGLERS_MS = 50;
/** Once round all servers in so long is enough: each time costs all connections, and what is in doubt is asked for at once. */
const ROUND_MS_MIN = 1_000;

export interface FailoverOptions {
  /** Of servers that have their locks in common, in the order in which they are tried. */
  readonly addresses: readonly string[];
  /** Carries calls to one of them. It connects with the first. */
  readonly open: (address: string) => Transport;
  /** Whether the client holds a lock that nothing speaks against. */
  readonly holds: () => boolean;
  /** Default 5,000. */
  readonly connectMsMax?: number;
}

/** One server, for as long as its turn lasts. */
interface Turn {
  readonly address: string;
  readonly transport: Transport;
  /** Calls without an answer. */
  calls: number;
  connecting: NodeJS.Timeout | null;
}

/**
 * Carries calls to one of several servers, and to the next when that one does not answer. A session, and so a lock, lives at
 * the server that began it: while that may be the case, an answer that it is unavailable is passed on, and only a lost
 * session has the next one asked.
 */
export class FailoverTransport implements Transport {
  onDrop: () => void = () => {};
  readonly #options: FailoverOptions;
  /** Sessions that are being ended. */
  readonly #ending = new Set<Promise<void>>();
  readonly #clock = new ElapsedClock();
  /** When the last servers were left, one time for each that there is, oldest first. */
  readonly #leftMs: number[] = [];
  #next = 0;
  #turn: Turn;
  #closed = false;

  /** @throws InvalidOptionError for TLS material that cannot be used */
  constructor(options: FailoverOptions) {
    this.#options = options;
    this.#turn = this.#begin();
  }

  get isAlive(): boolean {
    return this.#turn.transport.isAlive;
  }

  lock(call: LockCall, limits?: CallLimits): Promise<LockReply> {
    const sentMs = this.#clock.nowMs();
    const ask = (transport: Transport): Promise<LockReply> => {
      const waitedMs = this.#clock.nowMs() - sentMs;
      return transport.lock(
        { ...call, waitTimeoutMs: shortened(call.waitTimeoutMs, waitedMs) },
        limits?.timeoutMs === undefined
          ? limits
          : { ...limits, timeoutMs: shortened(limits.timeoutMs, waitedMs) },
      );
    };
    return this.#call(ask, limits);
  }

  tryLock(call: LockCall, limits?: CallLimits): Promise<LockReply> {
    return this.#call((transport) => transport.tryLock(call, limits), limits);
  }

  unlock(call: UnlockCall, limits?: CallLimits): Promise<UnlockReply> {
    return this.#call((transport) => transport.unlock(call, limits), limits);
  }

  renew(call: RenewCall, limits?: CallLimits): Promise<LockReply> {
    return this.#call((transport) => transport.renew(call, limits), limits);
  }

  checkSession(): void {
    this.#turn.transport.checkSession?.();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#end(this.#turn);
    await Promise.all(this.#ending);
  }

  async #call<Reply>(ask: (transport: Transport) => Promise<Reply>, limits: CallLimits = {}): Promise<Reply> {
    const failures: string[] = [];
    for (;;) {
      const turn = this.#turn;
      try {
        return await this.#callOnce(turn, ask);
      } catch (error) {
        if (!(error instanceof TransportError)) throw error;
        const mayAskNext = await this.#mayAskNext(turn, error, limits);
        failures.push(`${turn.address}: ${error.message}`);
        // Once round is enough: whoever calls knows how often to try again, and when.
        if (!mayAskNext || failures.length === this.#options.addresses.length)
          throw new TransportError(
            mayAskNext ? 'unavailable' : error.kind,
            failures.join('; '),
            error.cause ?? error,
          );
        if (limits.mark !== undefined) limits.mark.repeated = true;
      }
    }
  }

  async #callOnce<Reply>(turn: Turn, ask: (transport: Transport) => Promise<Reply>): Promise<Reply> {
    turn.calls++;
    this.#limitConnecting(turn);
    try {
      return await ask(turn.transport);
    } finally {
      turn.calls--;
    }
  }

  /** Whether a call that has failed is to be made again, of whoever's turn it is then. */
  async #mayAskNext(turn: Turn, { kind }: TransportError, limits: CallLimits): Promise<boolean> {
    const { signal, background } = limits;
    if (turn === this.#turn && kind === 'unavailable' && !this.#mayLeave(turn))
      await pause(STRAGGLERS_MS, [signal], background);
    if (this.#closed || signal?.aborted === true) return false;
    // Ended together with its turn.
    if (turn !== this.#turn) return kind === 'unavailable' || kind === 'aborted';
    if (isServers(kind, turn.transport.isAlive) && this.#mayLeave(turn) && this.#mayGoOn()) {
      this.#leave();
      return kind === 'unavailable';
    }
    return false;
  }

  /** What is held, or waited for, would be lost together with the session. */
  #mayLeave({ transport, calls }: Turn): boolean {
    return !transport.isAlive || (calls === 0 && !this.#options.holds());
  }

  /** Where all servers are unavailable it is not by going round faster that one is found. */
  #mayGoOn(): boolean {
    const { length } = this.#options.addresses;
    return this.#leftMs.length < length || this.#clock.nowMs() - this.#leftMs[0]! >= ROUND_MS_MIN;
  }

  #leave(): void {
    if (this.#leftMs.push(this.#clock.nowMs()) > this.#options.addresses.length) this.#leftMs.shift();
    const left = this.#turn;
    this.#turn = this.#begin();
    this.#end(left);
    // A grant that came a moment ago is not yet among those that are held.
    this.onDrop();
  }

  #begin(): Turn {
    const { addresses, open } = this.#options;
    const address = addresses[this.#next]!;
    this.#next = (this.#next + 1) % addresses.length;
    const transport = open(address);
    transport.onDrop = () => this.onDrop();
    return { address, transport, calls: 0, connecting: null };
  }

  #end(turn: Turn): void {
    if (turn.connecting !== null) clearTimeout(turn.connecting);
    turn.transport.onDrop = () => {};
    const ending = Promise.resolve(turn.transport.close()).finally(() => this.#ending.delete(ending));
    this.#ending.add(ending);
  }

  #limitConnecting(turn: Turn): void {
    if (turn.connecting !== null || turn.transport.isAlive) return;
    turn.connecting = setTimeout(() => {
      turn.connecting = null;
      if (turn === this.#turn && turn.calls > 0 && !turn.transport.isAlive) this.#leave();
    }, this.#options.connectMsMax ?? CONNECT_MS_MAX);
    turn.connecting.unref();
  }
}

/** Whether a failure is one of the server, and the next one may do better. */
function isServers(kind: FailureKind, isAlive: boolean): boolean {
  if (kind === 'unanswered') return !isAlive;
  // Of these the caller is told at once, and only the next call goes elsewhere: as a rule they are wrong everywhere.
  return kind === 'unavailable' || kind === 'unauthenticated' || kind === 'insecure';
}

/** What is left of a time of which a part is over; 0 is none. */
function shortened(ms: number, byMs: number): number {
  return ms === 0 ? 0 : Math.max(1, Math.ceil(ms - byMs));
}
