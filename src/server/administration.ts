import type { ServerOptions } from '../config/server-options.ts';
import type { Engine } from '../engine/engine.ts';
import { IpcServer } from './ipc/ipc-server.ts';
import { AdminService, type AdminSource } from './services/admin-service.ts';
import type { HealthService } from './services/health-service.ts';
import { operatorServices } from './services/services.ts';

/** The administration of one server: its service, and the operator's socket, where that can always be called. */
export class Administration {
  readonly service: AdminService;
  readonly #source: AdminSource;
  #ipc: IpcServer | null = null;
  #closed = false;

  constructor(source: AdminSource) {
    this.#source = source;
    this.service = new AdminService(source);
  }

  /**
   * Opens the operator's socket, unless it is switched off.
   *
   * @throws IpcSocketError
   */
  async open(options: ServerOptions, health: HealthService, engine: Engine): Promise<void> {
    const { logger } = this.#source;
    const { ipcSocketFile: path, keepaliveIntervalMs, keepaliveTimeoutMs } = options;
    if (path === '') return logger.warn('IPC server disabled because of empty socket file path');
    this.#ipc = await IpcServer.open({
      path,
      services: operatorServices(health, this.service),
      engine,
      nowMs: () => this.#source.nowMs(),
      keepaliveIntervalMs,
      keepaliveTimeoutMs,
      logger,
    });
    // The server may have come to its end meanwhile.
    if (this.#closed) this.#ipc.destroy();
  }

  /** Removes the socket, accepts nothing more, and ends all watches. Other calls are still answered. */
  close(): void {
    this.#closed = true;
    this.service.close();
    this.#ipc?.close();
  }

  /** Ends the connections of the operator's socket in order. */
  async drain(): Promise<void> {
    await this.#ipc?.drain();
  }

  /** Answers every call in flight on the operator's socket with UNAVAILABLE. */
  failAll(text: string): void {
    this.#ipc?.failAll(text);
  }

  destroy(): void {
    this.close();
    this.#ipc?.destroy();
  }
}
