import {
  type ChannelCredentials,
  Client,
  type ClientOptions,
  type ClientUnaryCall,
  connectivityState,
  Metadata,
  type ServiceError,
} from '@grpc/grpc-js';
import { GrpcStatus } from '../contract/grpc-status.ts';
import { failureKindOf } from './failure-kinds.ts';
import {
  decodeLockReply,
  decodeUnlockReply,
  encodeLock,
  encodeRenew,
  encodeTryLock,
  encodeUnlock,
} from './messages.ts';
import { TIMER_MS_MAX } from './pause.ts';
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

const RENEW = '/ldlm.LDLM/Renew';
/** What servers of the first age call it. */
const REFRESH = '/ldlm.LDLM/RefreshLock';

/**
 * What @grpc/grpc-js would do otherwise, and why a lock client must not: connections of equal address are shared, so that
 * the locks of a closed client would live on; one without calls is dropped after half an hour, and its locks with it; a
 * server that is gone without a word is noticed only by the next call.
 */
const CHANNEL_OPTIONS: ClientOptions = {
  'grpc.use_local_subchannel_pool': 1,
  'grpc.client_idle_timeout_ms': TIMER_MS_MAX,
  'grpc.keepalive_time_ms': 20_000,
  'grpc.keepalive_timeout_ms': 10_000,
  'grpc.keepalive_permit_without_calls': 1,
  // Repeating calls is the client's own business: it knows which may be repeated, and for how long.
  'grpc.enable_retries': 0,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.min_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 5_000,
};

export interface GrpcTransportOptions {
  readonly address: string;
  readonly credentials: ChannelCredentials;
  readonly password: string;
  readonly channelOptions: ClientOptions;
}

type Decode<Reply> = (bytes: Buffer) => Reply;

/** Calls over gRPC, on a connection of its own. */
export class GrpcTransport implements Transport {
  onDrop: () => void = () => {};
  readonly #client: Client;
  readonly #metadata = new Metadata();
  /** Calls without an answer yet: a channel that is closed lets them go on. */
  readonly #calls = new Set<ClientUnaryCall>();
  #renewPath = RENEW;
  #closed = false;

  constructor({ address, credentials, password, channelOptions }: GrpcTransportOptions) {
    this.#client = new Client(address, credentials, { ...CHANNEL_OPTIONS, ...channelOptions });
    if (password !== '') this.#metadata.set('authorization', password);
    this.#watchConnection();
  }

  get isAlive(): boolean {
    return !this.#closed && this.#client.getChannel().getConnectivityState(false) === connectivityState.READY;
  }

  lock(call: LockCall, limits?: CallLimits): Promise<LockReply> {
    return this.#call('/ldlm.LDLM/Lock', encodeLock(call), decodeLockReply, limits);
  }

  tryLock(call: LockCall, limits?: CallLimits): Promise<LockReply> {
    return this.#call('/ldlm.LDLM/TryLock', encodeTryLock(call), decodeLockReply, limits);
  }

  unlock(call: UnlockCall, limits?: CallLimits): Promise<UnlockReply> {
    return this.#call('/ldlm.LDLM/Unlock', encodeUnlock(call), decodeUnlockReply, limits);
  }

  async renew(call: RenewCall, limits?: CallLimits): Promise<LockReply> {
    const message = encodeRenew(call);
    try {
      return await this.#call(this.#renewPath, message, decodeLockReply, limits);
    } catch (error) {
      if (this.#renewPath === REFRESH || !isUnimplemented(error)) throw error;
      this.#renewPath = REFRESH;
      return this.#call(REFRESH, message, decodeLockReply, limits);
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const call of this.#calls) call.cancel();
    this.#client.close();
  }

  #call<Reply>(
    path: string,
    message: Buffer,
    decode: Decode<Reply>,
    limits: CallLimits = {},
  ): Promise<Reply> {
    if (this.#closed) return Promise.reject(new TransportError('unavailable', 'the connection is closed'));
    const { signal, timeoutMs } = limits;
    const options = timeoutMs === undefined ? {} : { deadline: Date.now() + timeoutMs };
    return new Promise((resolve, reject) => {
      const abort = (): void => call.cancel();
      const call = withoutStack(() =>
        this.#client.makeUnaryRequest<Buffer, Reply>(
          path,
          asIs,
          decode,
          message,
          this.#metadata,
          options,
          (error, reply) => {
            this.#calls.delete(call);
            signal?.removeEventListener('abort', abort);
            if (error !== null) reject(transportError(error));
            else resolve(reply!);
          },
        ),
      );
      this.#calls.add(call);
      if (signal?.aborted === true) abort();
      else signal?.addEventListener('abort', abort, { once: true });
    });
  }

  /** A channel that was ready and is not any more has lost its connection. */
  #watchConnection(): void {
    const channel = this.#client.getChannel();
    const state = channel.getConnectivityState(false);
    channel.watchConnectivityState(state, Number.POSITIVE_INFINITY, () => {
      if (this.#closed) return;
      this.#watchConnection();
      if (state === connectivityState.READY) this.onDrop();
    });
  }
}

/** grpc-js keeps the stack of every caller for the error that may follow, at a tenth of the cost of a call. Ours have their own. */
function withoutStack<Value>(start: () => Value): Value {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return start();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

function asIs(message: Buffer): Buffer {
  return message;
}

function isUnimplemented(error: unknown): boolean {
  const cause =
    error instanceof TransportError ? (error.cause as Partial<ServiceError> | undefined) : undefined;
  return cause?.code === GrpcStatus.Unimplemented;
}

function transportError(error: ServiceError): TransportError {
  return new TransportError(failureKindOf(error.code, error.details), error.details || error.message, error);
}
