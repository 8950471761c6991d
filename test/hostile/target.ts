import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../../dist/src/cli/ldlm-server.js', import.meta.url));
const readyLine = /Listening on (?<host>[\d.]+):(?<port>\d+)/;
const MiB = 2 ** 20;

/** The built server in a process of its own. */
export class Target {
  readonly port: number;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.port = port;
  }

  static async start(...args: readonly string[]): Promise<Target> {
    const flags = [
      '--listen_address',
      '127.0.0.1:0',
      '--ipc_socket_file',
      '',
      '--log_level',
      'warn',
      ...args,
    ];
    const child = spawn(process.execPath, [program, ...flags], { stdio: ['ignore', 'ignore', 'pipe'] });
    let log = '';
    child.stderr!.setEncoding('utf8');
    for await (const text of child.stderr!) {
      log += text;
      const port = readyLine.exec(log)?.groups?.['port'];
      if (port !== undefined) return new Target(child, Number(port));
    }
    throw new Error(`the server did not start (is it built?): ${log}`);
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  get alive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** The memory that the server occupies, in MiB. Linux only. */
  rssMiB(): number {
    const status = readFileSync(`/proc/${this.#child.pid}/status`, 'latin1');
    return (Number(/^VmRSS:\s*(\d+) kB$/m.exec(status)![1]) * 1024) / MiB;
  }

  async stop(): Promise<void> {
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
  }
}
