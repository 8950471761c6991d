import type { Readable } from 'node:stream';
import {
  type CallOptions,
  type ChannelCredentials,
  Client,
  credentials,
  Metadata,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import { loadSync, type MethodDefinition } from '@grpc/proto-loader';
import { findProtosPath } from '../../server/services/proto-files.ts';
import type { ListLocksReply, ServerInfoReply, UnlockReply, WatchStepReply } from './admin-replies.ts';
import { CommandFailure, ReplyTooLong } from './command-failure.ts';
import type { LockTarget } from './lock-target.ts';
import { speaksTls } from './speaks-tls.ts';

/** For how long a server may think about one answer, in milliseconds. */
const ANSWER_MS_MAX = 30_000;

type AdminMethod = MethodDefinition<object, object>;

/** Calls `ldlm.Admin` of one server. Every failure is a {@link CommandFailure}. */
export class AdminClient {
  readonly #target: LockTarget;
  readonly #client: Client;
  readonly #metadata = new Metadata();
  readonly #methods = loadSync('ldlm-admin.proto', {
    includeDirs: [findProtosPath()],
    keepCase: true,
    longs: String,
    enums: String,
    defaults: true,
  })['ldlm.Admin'] as Readonly<Record<string, AdminMethod>>;

  constructor(target: LockTarget) {
    this.#target = target;
    const serverName = target.kind === 'address' ? (target.tls?.serverName ?? '') : '';
    const address = target.kind === 'address' ? target.address : `unix:${target.path}`;
    this.#client = new Client(address, credentialsFor(target), {
      'grpc.enable_retries': 0,
      'grpc.max_receive_message_length': -1,
      ...(serverName !== '' && {
        'grpc.ssl_target_name_override': serverName,
        'grpc.default_authority': serverName,
      }),
    });
    if (target.kind === 'address' && target.password !== '')
      this.#metadata.set('authorization', target.password);
  }

  listLocks(request: {
    prefix: string;
    page_size: number;
    page_token: string;
    waiters: boolean;
  }): Promise<ListLocksReply> {
    return this.#call('ListLocks', request);
  }

  unlock(request: { name: string; key: string; all: boolean }): Promise<UnlockReply> {
    return this.#call('Unlock', request);
  }

  serverInfo(): Promise<ServerInfoReply> {
    return this.#call('ServerInfo', {});
  }

  /**
   * The steps of a watch, as many at a time as have come; it ends by an error only, or when `signal` says so. What is not
   * read is not asked for.
   */
  async *watchLocks(
    request: { prefix: string },
    signal: AbortSignal,
  ): AsyncGenerator<readonly WatchStepReply[]> {
    const { path, requestSerialize, responseDeserialize } = this.#methods['WatchLocks']!;
    const stream = this.#client.makeServerStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      request,
      this.#metadata,
    );
    const cancel = (): void => stream.cancel();
    signal.addEventListener('abort', cancel);
    try {
      for await (const batch of batchesOf<WatchStepReply>(stream)) yield batch;
    } catch (error) {
      if (!signal.aborted) throw await this.#failureOf(error);
    } finally {
      signal.removeEventListener('abort', cancel);
      stream.cancel();
    }
  }

  close(): void {
    this.#client.close();
  }

  /** The caller says what the reply looks like; the .proto file does. */
  #call<Reply extends object>(name: string, request: object): Promise<Reply> {
    const { path, requestSerialize, responseDeserialize } = this.#methods[name]!;
    const options: CallOptions = { deadline: Date.now() + ANSWER_MS_MAX };
    return new Promise((resolve, reject) => {
      const done = (error: ServiceError | null, reply?: object): void => {
        if (error !== null) void this.#failureOf(error).then(reject);
        else resolve(reply as Reply);
      };
      this.#client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        request,
        this.#metadata,
        options,
        done,
      );
    });
  }

  async #failureOf(error: unknown): Promise<CommandFailure> {
    if (!(error instanceof Error) || !('details' in error) || !('code' in error)) {
      return new CommandFailure(String(error), { cause: error });
    }
    const details = String(error.details);
    if (error.code === status.RESOURCE_EXHAUSTED) return new ReplyTooLong(details, { cause: error });
    const connect =
      /^No connection established\. Last error: (?:Error: )?(.*?)\.?(?: Resolution note: .*)?$/s.exec(
        details,
      );
    if (connect !== null && this.#target.kind === 'address') {
      const { address, tls } = this.#target;
      const reason = (await whyNotConnected(address, tls !== null, details)) ?? connect[1];
      return new CommandFailure(`cannot connect to ${address}: ${reason}`, { cause: error });
    }
    if (error.code === status.UNAUTHENTICATED) {
      const isGiven = this.#target.kind === 'address' && this.#target.password !== '';
      const what = isGiven ? 'refuses the password' : 'asks for a password';
      const text = `the server ${what}: ${details}. See --password_file, or set LDLM_PASSWORD`;
      return new CommandFailure(text, { cause: error });
    }
    return new CommandFailure(details, { cause: error });
  }
}

/** What is wrong where one side speaks TLS and the other does not; null when it is something else. */
async function whyNotConnected(address: string, tls: boolean, details: string): Promise<string | null> {
  if (tls) return details.includes('wrong version number') ? 'the server does not speak TLS' : null;
  // A server that speaks TLS only hangs up, which may mean anything.
  const isRefused = !details.includes('Failed to connect') && !details.includes('ECONNRESET');
  if (isRefused || !(await speaksTls(address))) return null;
  return 'the server speaks TLS: use --tls, and --ca for the file with its CA';
}

/** Steps that may wait to be printed before no more are read. */
const WAITING_STEPS_MAX = 1_000;

/** What a stream gives, with all that came since the last batch in one. */
async function* batchesOf<Step>(stream: Readable): AsyncGenerator<readonly Step[]> {
  let batch: Step[] = [];
  let failure: unknown = null;
  let ended = false;
  let notify = (): void => {};
  stream.on('data', (step: Step) => {
    batch.push(step);
    if (batch.length >= WAITING_STEPS_MAX) stream.pause();
    notify();
  });
  stream.on('error', (error) => {
    failure = error;
    notify();
  });
  stream.on('end', () => {
    ended = true;
    notify();
  });
  for (;;) {
    if (batch.length > 0) {
      const full = batch;
      batch = [];
      stream.resume();
      yield full;
    } else if (failure !== null) {
      throw failure;
    } else if (ended) {
      return;
    } else {
      await new Promise<void>((resolve) => {
        notify = resolve;
      });
    }
  }
}

function credentialsFor(target: LockTarget): ChannelCredentials {
  if (target.kind === 'socket' || target.tls === null) return credentials.createInsecure();
  const { ca, key, cert, skipVerify } = target.tls;
  return credentials.createSsl(ca, key, cert, { rejectUnauthorized: !skipVerify });
}
