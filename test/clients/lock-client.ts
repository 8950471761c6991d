import {
  type CallOptions,
  type ChannelCredentials,
  Client,
  type ClientUnaryCall,
  credentials,
  Metadata,
  type ServiceError,
} from '@grpc/grpc-js';
import { loadSync, type MethodDefinition } from '@grpc/proto-loader';

export interface LockRequest {
  readonly name?: string;
  readonly key?: string;
  readonly size?: number;
  readonly permits?: number;
  readonly mode?: 'EXCLUSIVE' | 'SHARED' | number;
  readonly lock_timeout_seconds?: number;
  readonly wait_timeout_seconds?: number;
  readonly lock_timeout_ms?: string | number;
  readonly wait_timeout_ms?: string | number;
  readonly request_id?: Buffer;
  readonly holder?: string;
}

export interface LockReply {
  readonly locked?: boolean;
  readonly unlocked?: boolean;
  readonly name: string;
  readonly key: string;
  readonly fencing_token: string;
  readonly error?: { readonly code: number; readonly message: string } | null;
}

export type LockMethod = 'Lock' | 'TryLock' | 'Unlock' | 'Renew' | 'RefreshLock';

type LockMethodDefinition = MethodDefinition<LockRequest, LockReply>;

const protos = new URL('../../protos/', import.meta.url).pathname;
const service = loadSync('ldlm.proto', {
  includeDirs: [protos],
  keepCase: true,
  longs: String,
  defaults: true,
})['ldlm.LDLM'] as Record<LockMethod, LockMethodDefinition>;

export interface LockClientOptions {
  readonly password?: string;
  readonly credentials?: ChannelCredentials;
}

/** A client on @grpc/grpc-js with a connection of its own, whose replies are the bare messages. */
export class LockClient {
  readonly #client: Client;
  readonly #password: string | undefined;

  constructor(address: string, options: LockClientOptions = {}) {
    this.#password = options.password;
    this.#client = new Client(address, options.credentials ?? credentials.createInsecure(), {
      'grpc.use_local_subchannel_pool': 1,
      'grpc.enable_retries': 0,
    });
  }

  /** Sends a call. `sent` receives the call, to be cancelled. Rejects with grpc-js's error, which has a `code`. */
  call(
    method: LockMethod,
    request: LockRequest,
    options: CallOptions = {},
    sent: (call: ClientUnaryCall) => void = () => {},
  ): Promise<LockReply> {
    const { path, requestSerialize, responseDeserialize } = service[method];
    const metadata = new Metadata();
    if (this.#password !== undefined) metadata.set('authorization', this.#password);
    return new Promise((resolve, reject) => {
      const done = (error: ServiceError | null, reply?: LockReply): void => {
        if (error !== null) reject(error);
        else resolve(withoutCertainty(reply!));
      };
      sent(
        this.#client.makeUnaryRequest(
          path,
          requestSerialize,
          responseDeserialize,
          request,
          metadata,
          options,
          done,
        ),
      );
    });
  }

  lock(request: LockRequest, options?: CallOptions): Promise<LockReply> {
    return this.call('Lock', request, options);
  }

  tryLock(request: LockRequest): Promise<LockReply> {
    return this.call('TryLock', request);
  }

  unlock(name: string, key: string): Promise<LockReply> {
    return this.call('Unlock', { name, key });
  }

  close(): void {
    this.#client.close();
  }
}

/** Which only servers over ZooKeeper say, and which differs from call to call. */
function withoutCertainty({
  certain_ms: _certainMs,
  ...reply
}: LockReply & { certain_ms?: number }): LockReply {
  return reply;
}

/** The gRPC status of a call that is expected to fail. */
export async function statusOf(call: Promise<LockReply>): Promise<{ code: number; details: string }> {
  try {
    const reply = await call;
    throw new Error(`the call succeeded: ${JSON.stringify(reply)}`);
  } catch (error) {
    if (error instanceof Error && 'code' in error && 'details' in error) {
      return { code: Number(error.code), details: String(error.details) };
    }
    throw error;
  }
}
