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

/** Methods by path, and the names of their services, for the texts of UNIMPLEMENTED. */
export class ServiceRegistry {
  readonly #methods = new Map<string, ServiceMethod>();
  readonly #services = new Set<string>();

  constructor(methods: readonly ServiceMethod[]) {
    for (const method of methods) {
      this.#methods.set(method.path, method);
      this.#services.add(method.path.slice(1, method.path.lastIndexOf('/')));
    }
  }

  find(path: string): ServiceMethod | null {
    return this.#methods.get(path) ?? null;
  }

  hasService(name: string): boolean {
    return this.#services.has(name);
  }
}
