import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** A proxy between a client and a server that can be told to misbehave. */
export class TcpProxy {
  /** Bytes from the server are thrown away while this is set. */
  swallowsReplies = false;
  /** What either side says arrives so much later. */
  delayMs = 0;
  /** Connections are refused while this is set. */
  isDown = false;
  connections = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #pairs = new Map<Socket, Socket>();
  readonly #stranded: Socket[] = [];

  private constructor(target: string) {
    const colon = target.lastIndexOf(':');
    this.#server = createServer((near) => {
      if (this.isDown) {
        near.destroy();
        return;
      }
      this.connections++;
      const far = connect(Number(target.slice(colon + 1)), target.slice(0, colon));
      this.#pairs.set(near, far);
      for (const socket of [near, far]) {
        this.#sockets.add(socket);
        socket.on('error', () => {});
        socket.on('close', () => {
          this.#sockets.delete(socket);
          this.#pairs.delete(near);
          near.destroy();
          far.destroy();
        });
      }
      near.on('data', (bytes) => this.#pass(bytes, far));
      far.on('data', (bytes) => {
        if (!this.swallowsReplies) this.#pass(bytes, near);
      });
    });
  }

  static async open(target: string): Promise<TcpProxy> {
    const proxy = new TcpProxy(target);
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** How many sockets are open, on both sides. */
  get open(): number {
    return this.#sockets.size;
  }

  #pass(bytes: Buffer, to: Socket): void {
    if (this.delayMs === 0) to.write(bytes);
    // Timers of equal length end in the order in which they began, so bytes keep their order while the delay stays.
    else setTimeout(() => to.write(bytes), this.delayMs);
  }

  /** Cuts the clients off, of which the server hears nothing until {@link cutStranded}. */
  strand(): void {
    for (const [near, far] of this.#pairs) {
      near.removeAllListeners('close');
      near.destroy();
      this.#stranded.push(far);
    }
    this.#pairs.clear();
  }

  cutStranded(): void {
    for (const far of this.#stranded.splice(0)) far.destroy();
  }

  /** Cuts all connections; with `down`, no new ones are taken until `isDown` is cleared. */
  cut(down = false): void {
    this.isDown = down;
    for (const socket of this.#sockets) socket.destroy();
  }

  close(): void {
    this.cut();
    this.#server.close();
  }
}
