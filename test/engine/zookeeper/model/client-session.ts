import type { EngineServer } from './engine-server.ts';

/** A client's connection to a server. */
export class ClientSession {
  readonly number: number;
  readonly server: EngineServer;
  /** Whether it is open for its client. */
  isOpen = true;
  /** Whether its server knows of it. */
  isHeardOf = true;
  /** Is called when the connection is lost, and with it what is held. */
  onLost: () => void = () => {};

  constructor(number: number, server: EngineServer) {
    this.number = number;
    this.server = server;
    server.enter(this);
  }

  /** Its client leaves. @param afterMs when the server notices */
  end(afterMs = 0): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.server.leave(this, afterMs);
  }

  /** The server is gone, or has closed the connection. */
  lose(): void {
    this.end();
    this.onLost();
  }
}
