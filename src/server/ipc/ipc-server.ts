import { Limits } from '../../base/limits.ts';
import type { SessionInfo } from '../../contract/lock-info.ts';
import type { Engine } from '../../engine/engine.ts';
import { AnswerCounts } from '../../protocol/grpc/answer-counts.ts';
import { AssemblyBudget } from '../../protocol/grpc/incoming-message.ts';
import type { ServiceRegistry } from '../../protocol/grpc/service-method.ts';
import { Connections } from '../connections.ts';
import { FailureLog } from '../failure-log.ts';
import type { Logger } from '../logger.ts';
import { IpcListener } from './ipc-listener.ts';

export interface IpcServerOptions {
  /** Path of the socket. */
  readonly path: string;
  readonly services: ServiceRegistry;
  readonly engine: Engine;
  readonly nowMs: () => number;
  readonly keepaliveIntervalMs: number;
  readonly keepaliveTimeoutMs: number;
  readonly logger: Logger;
}

/**
 * gRPC on the operator's socket. Its connections are apart from those of clients: they have no lock sessions, and share
 * neither places nor memory with them.
 */
export class IpcServer {
  readonly #connections: Connections;
  readonly #listener: IpcListener;
  readonly #failures: FailureLog;

  private constructor(connections: Connections, listener: IpcListener, failures: FailureLog) {
    this.#connections = connections;
    this.#failures = failures;
    this.#listener = listener;
  }

  /** @throws IpcSocketError */
  static async open(options: IpcServerOptions): Promise<IpcServer> {
    const { path, services, engine, nowMs, keepaliveIntervalMs, keepaliveTimeoutMs, logger } = options;
    let connectionCount = 0;
    const peer: SessionInfo = { sessionId: '', address: `unix:${path}`, protocol: 'grpc' };
    const failures = new FailureLog(logger, { find: () => peer });
    const connections = new Connections({
      // Whoever can open the socket is the operator.
      grpc: {
        services,
        authorize: () => null,
        assembly: new AssemblyBudget(Limits.assemblyBytesMax, null),
        answers: new AnswerCounts(),
      },
      sessions: { begin: () => ++connectionCount, end() {} },
      failures,
      nowMs,
      keepaliveIntervalMs,
      keepaliveTimeoutMs,
      keepsGrants: false,
      peerFailed() {},
    });
    connections.attach(engine);
    try {
      const listener = await IpcListener.open(path, {
        accept: (socket) => connections.accept(socket),
        failed: (error) => logger.error({ error: error.message }, 'cannot accept IPC connections'),
      });
      logger.info({ socket: path }, 'IPC server started');
      return new IpcServer(connections, listener, failures);
    } catch (error) {
      connections.destroy();
      throw error;
    }
  }

  /** Removes the socket and accepts nothing more. */
  close(): void {
    this.#listener.close();
  }

  /** Ends all connections in order. */
  drain(): Promise<void> {
    return this.#connections.drain();
  }

  /** Answers every call in flight with UNAVAILABLE. */
  failAll(text: string): void {
    this.#connections.failAll(text);
  }

  destroy(): void {
    this.#listener.close();
    this.#connections.destroy();
    this.#failures.close();
  }
}
