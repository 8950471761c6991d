import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { readResidentBytes } from './process-usage.ts';

const START_MS_MAX = 30_000;
const STOP_MS_MAX = 8_000;
const POLL_MS = 50;
const COLLECT_MS_MAX = 60_000;
const COLLECT_PAUSE_MS = 500;
const COLLECT_ROUNDS_MAX = 8;
/** Another round follows as long as one frees more than half a percent. */
const COLLECT_STEADY = 0.995;

const COLLECTOR = fileURLToPath(new URL('collect-garbage.js', import.meta.url));

/** A server under test in a process of its own. */
export class ServerProcess {
  readonly address: string;
  readonly pid: number;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, address: string) {
    this.#child = child;
    this.address = address;
    this.pid = child.pid ?? 0;
  }

  /**
   * Starts a program of Node.js and waits until it takes connections.
   *
   * @param args makes the arguments, from the script on, for an address
   * @param collectable whether `settledBytes` will be asked for; it loads collect-garbage.ts
   */
  static async node(
    args: (address: string) => readonly string[],
    collectable = false,
  ): Promise<ServerProcess> {
    const preload = collectable ? ['--expose-gc', '--import', COLLECTOR] : [];
    return ServerProcess.program(process.execPath, (address) => [...preload, ...args(address)], collectable);
  }

  /** The same for any program. */
  static async program(
    command: string,
    args: (address: string) => readonly string[],
    channel = false,
  ): Promise<ServerProcess> {
    const port = await freePort();
    const address = `127.0.0.1:${port}`;
    const child = spawn(command, args(address), {
      stdio: ['ignore', 'ignore', 'inherit', channel ? 'ipc' : 'ignore'],
    });
    const server = new ServerProcess(child, address);
    await server.#listening(port);
    return server;
  }

  /**
   * What the process holds in memory once everything collectable is collected, again and again until that frees no more.
   *
   * @param threads how many there are: the main thread and the shards
   */
  async settledBytes(threads: number): Promise<number> {
    let bytes = Number.POSITIVE_INFINITY;
    for (let round = 0; round < COLLECT_ROUNDS_MAX; round++) {
      this.#child.send(threads);
      await once(this.#child, 'message', { signal: AbortSignal.timeout(COLLECT_MS_MAX) });
      // What is collected is given back to the system by other threads, a little later.
      await sleep(COLLECT_PAUSE_MS);
      const left = readResidentBytes(this.pid);
      if (left > bytes * COLLECT_STEADY) break;
      bytes = left;
    }
    return readResidentBytes(this.pid);
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_MS_MAX);
    await ended;
    clearTimeout(timer);
  }

  async #listening(port: number): Promise<void> {
    const untilMs = performance.now() + START_MS_MAX;
    while (!(await accepts(port))) {
      const { exitCode } = this.#child;
      if (exitCode !== null) throw new Error(`the server ended with code ${exitCode} before it listened`);
      if (performance.now() > untilMs) {
        this.#child.kill('SIGKILL');
        throw new Error('the server did not listen in time');
      }
      await sleep(POLL_MS);
    }
  }
}

/** A port of 127.0.0.1 that nobody listens at now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
