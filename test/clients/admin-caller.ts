import {
  type ChannelCredentials,
  Client,
  type ClientReadableStream,
  credentials,
  Metadata,
  type ServiceError,
} from '@grpc/grpc-js';
import { loadSync, type MethodDefinition } from '@grpc/proto-loader';

const protos = new URL('../../protos/', import.meta.url).pathname;
const service = loadSync('ldlm-admin.proto', {
  includeDirs: [protos],
  keepCase: true,
  longs: Number,
  enums: String,
  defaults: true,
})['ldlm.Admin'] as Readonly<Record<string, MethodDefinition<object, object>>>;

export interface AdminLock {
  readonly name: string;
  readonly holder_count: number;
  readonly waiter_count: number;
  readonly holders: readonly { readonly key: string; readonly holder: string }[];
  readonly waiters: readonly { readonly holder: string }[];
}

/** A step of a watch, one of the last five being there. */
export interface AdminStep {
  readonly shard: number;
  readonly sequence: number;
  readonly snapshot_begin?: object;
  readonly lock?: AdminLock;
  readonly snapshot_end?: object;
  readonly event?: { readonly type: string; readonly name: string; readonly time_ms: number };
  readonly missed?: { readonly count: number };
}

/** A client of `ldlm.Admin` on @grpc/grpc-js; `target` may be `unix:/path`. */
export class AdminCaller {
  readonly #client: Client;
  readonly #metadata = new Metadata();

  constructor(target: string, password = '', creds: ChannelCredentials = credentials.createInsecure()) {
    this.#client = new Client(target, creds, {
      'grpc.use_local_subchannel_pool': 1,
      'grpc.enable_retries': 0,
    });
    if (password !== '') this.#metadata.set('authorization', password);
  }

  /** Calls a method with one reply. Rejects with grpc-js's error, which has a `code`. */
  call<Reply = object>(name: string, request: object = {}): Promise<Reply> {
    const { path, requestSerialize, responseDeserialize } = service[name]!;
    return new Promise((resolve, reject) => {
      const done = (error: ServiceError | null, reply?: object): void => {
        if (error !== null) reject(error);
        else resolve(reply as Reply);
      };
      this.#client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        request,
        this.#metadata,
        done,
      );
    });
  }

  /** Lists all locks, page by page. */
  async list(request: object = {}): Promise<AdminLock[]> {
    const locks: AdminLock[] = [];
    for (let page_token = ''; ; ) {
      const page: { locks: AdminLock[]; next_page_token: string } = await this.call('ListLocks', {
        ...request,
        page_token,
      });
      locks.push(...page.locks);
      page_token = page.next_page_token;
      if (page_token === '') return locks;
    }
  }

  watch(request: object = {}): ClientReadableStream<AdminStep> {
    const { path, requestSerialize, responseDeserialize } = service['WatchLocks']!;
    const decode = (bytes: Buffer) => responseDeserialize(bytes) as AdminStep;
    return this.#client.makeServerStreamRequest(path, requestSerialize, decode, request, this.#metadata);
  }

  close(): void {
    this.#client.close();
  }
}
