import type { GrpcStatus } from '../../contract/grpc-status.ts';

/**
 * A call of a service other than `ldlm.LDLM`, as the service sees it. Those services run on the main thread and
 * are not in any hurry, so their calls are ordinary objects.
 */
export interface ServerCall {
  /** Sends one message of the reply. */
  send(message: Uint8Array): void;
  /** Ends the reply. Afterwards nothing more is delivered. */
  end(status: GrpcStatus, text?: string): void;
  /** Bytes that were sent on the call's connection, by it and by others, and that the peer has not taken yet. */
  readonly backlogBytes: number;
}

/** What a service does with the requests of one call. */
export interface CallListener {
  message(bytes: Buffer): void;
  /** The client will send no more messages. */
  halfClosed(): void;
  /** The call has ended without `end`: cancelled, its deadline passed, or its connection lost. */
  cancelled(): void;
}

/** A method of a service, by the path under which clients call it. */
export interface ServiceMethod {
  /** `/package.Service/Method` */
  readonly path: string;
  /** Whether it may be called without the password. */
  readonly open: boolean;
  start(call: ServerCall): CallListener;
}

/** What can be called on a listener: methods by path, and the names of their services, for the texts of UNIMPLEMENTED. */
export class ServiceRegistry {
  readonly #methods = new Map<string, ServiceMethod>();
  readonly #services = new Set<string>();
  readonly #elsewhere: ReadonlyMap<string, string>;

  /**
   * @param elsewhere services that this listener does not have, `ldlm.LDLM` not excepted, and the texts that say where
   * to call them.
   */
  constructor(methods: readonly ServiceMethod[], elsewhere: ReadonlyMap<string, string> = new Map()) {
    this.#elsewhere = elsewhere;
    for (const method of methods) {
      this.#methods.set(method.path, method);
      this.#services.add(method.path.slice(1, method.path.lastIndexOf('/')));
    }
  }

  find(path: string): ServiceMethod | null {
    return this.#methods.get(path) ?? null;
  }

  /** What callers are told of a service that is not here on purpose; null for all others. */
  whereElse(service: string): string | null {
    return this.#elsewhere.get(service) ?? null;
  }

  hasService(name: string): boolean {
    return this.#services.has(name);
  }
}
