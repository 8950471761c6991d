import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import { peers, root } from './peers.ts';
import { afterwards } from './server-process.ts';

/** What the caller prints for a call: the reply with the fields that are not at their defaults, or a gRPC status. */
export type GoReply = Readonly<Record<string, unknown>>;

/** A program on grpc-go with one connection, ended after the test. */
export class GoCaller {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: Interface;
  readonly #exited: Promise<unknown>;

  constructor(address: string, flags: readonly string[] = []) {
    this.#child = spawn(peers.goCaller, ['-address', address, '-protos', `${root}protos`, ...flags]);
    this.#child.stderr.pipe(process.stderr);
    this.#lines = createInterface(this.#child.stdout);
    this.#exited = once(this.#child, 'exit');
    afterwards(() => this.close());
  }

  /** Sends a call; there is one at a time. */
  async call(method: string, request: Readonly<Record<string, unknown>>): Promise<GoReply> {
    const line = once(this.#lines, 'line');
    this.#child.stdin.write(`${method} ${JSON.stringify(request)}\n`);
    const [text] = (await Promise.race([line, this.#exited.then(() => ['{"status":"exited"}'])])) as [string];
    return JSON.parse(text) as GoReply;
  }

  /** Stops the program where it stands, with its connection open. */
  freeze(): void {
    this.#child.kill('SIGSTOP');
  }

  /** Ends the program, and with it its connection. */
  async close(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exited;
  }
}
