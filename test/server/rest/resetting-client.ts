import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeSync } from 'node:fs';
import { afterwards } from '../running-server.ts';

/** Sends bytes from a process of its own, over TLS or in clear, and resets the connection without a look at the answer. */
const program = `
const [port, isTls, bytes] = process.argv.slice(1);
const socket = require('node:net').connect(Number(port), '127.0.0.1');
const sender = isTls === 'true' ? require('node:tls').connect({ socket, rejectUnauthorized: false }) : socket;
for (const some of [socket, sender]) some.on('error', () => {});
sender.write(bytes);
process.stdin.once('data', () => {
  socket.resetAndDestroy();
  process.stdin.destroy();
});
`;

/** A client that this thread does not have to run: it goes away also while this thread is busy. */
export class ResettingClient {
  readonly #child;

  constructor(address: string, isTls: boolean, bytes: string) {
    const args = ['-e', program, '--', address.split(':')[1]!, String(isTls), bytes];
    this.#child = spawn(process.execPath, args, { stdio: ['pipe', 'inherit', 'inherit'] });
    afterwards(() => this.#child.kill());
  }

  /** Makes it reset its connection, and keeps this thread busy until it surely has. */
  resetMeanwhile(): void {
    const { fd } = (this.#child.stdin as unknown as { _handle: { fd: number } })._handle;
    writeSync(fd, 'x');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
  }

  get gone(): Promise<unknown> {
    return once(this.#child, 'exit');
  }
}
