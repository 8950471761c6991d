/** What a client asks of a server, whatever carries it. Times in milliseconds; 0: none. */
export interface LockCall {
  readonly name: string;
  /** Null: a server decides, which takes it for 1. */
  readonly size: number | null;
  readonly permits: number;
  readonly shared: boolean;
  readonly holder: string;
  readonly lockTimeoutMs: number;
  /** 0: for ever. TryLock has none. */
  readonly waitTimeoutMs: number;
  readonly requestId: Uint8Array;
}

export interface UnlockCall {
  readonly name: string;
  readonly key: string;
  /** Instead of a key: gives back what this request was granted, or leaves the queue. */
  readonly requestId: Uint8Array | null;
}

export interface RenewCall {
  readonly name: string;
  readonly key: string;
  readonly lockTimeoutMs: number;
}

export interface ReplyError {
  readonly code: number;
  readonly message: string;
}

export interface LockReply {
  readonly locked: boolean;
  readonly key: string;
  readonly fencingToken: bigint;
  /** For how long it is certainly held from the sending of the request on; infinite where the lock timeout alone counts. */
  readonly certainMs: number;
  readonly error: ReplyError | null;
}

export interface UnlockReply {
  readonly unlocked: boolean;
  readonly error: ReplyError | null;
}

export interface CallLimits {
  readonly signal?: AbortSignal | undefined;
  /** The call fails when it has no answer after so long. Default: it waits. */
  readonly timeoutMs?: number | undefined;
  /** Nobody waits for it: the process may end before it, where the transport can tell that apart. Default false. */
  readonly background?: boolean;
  /** Marked before the call is made once more, at another server: the first one may have done it. */
  readonly mark?: { repeated: boolean };
}

/**
 * Why there is no answer. `cut`: a wait that lasted a while was ended by whoever stands between client and server, which is
 * there. `insecure`: TLS cannot be spoken with the server.
 */
export type FailureKind =
  | 'unavailable'
  | 'unanswered'
  | 'cut'
  | 'unauthenticated'
  | 'insecure'
  | 'aborted'
  | 'refused';

/** A call had no answer. Only `unavailable`, `unanswered` and `cut` are worth repeating. */
export class TransportError extends Error {
  readonly kind: FailureKind;

  constructor(kind: FailureKind, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'TransportError';
    this.kind = kind;
  }
}

/** Carries calls to one server over a connection that nobody else uses. Calls reject with {@link TransportError}. */
export interface Transport {
  lock(call: LockCall, limits?: CallLimits): Promise<LockReply>;
  tryLock(call: LockCall, limits?: CallLimits): Promise<LockReply>;
  unlock(call: UnlockCall, limits?: CallLimits): Promise<UnlockReply>;
  renew(call: RenewCall, limits?: CallLimits): Promise<LockReply>;
  /** Whether there is a session that may hold locks, or a connection that stands for one. */
  readonly isAlive: boolean;
  /** Called when the session that holds the locks is gone, or its connection, which it does not outlive as a rule. */
  onDrop: () => void;
  /** Drops now what may be gone, where time alone can tell: to be asked before anybody is told that a session holds locks. */
  checkSession?(): void;
  /** Ends the session and the connection. Calls without an answer fail. Never rejects. */
  close(): void | Promise<void>;
}
