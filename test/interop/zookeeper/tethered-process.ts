import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

/** A program that the kernel kills together with this process, even when it was stopped or this one was killed. */
export class TetheredProcess {
  readonly child: ChildProcess;
  readonly ended: Promise<void>;

  constructor(command: string, args: readonly string[], stdio: SpawnOptions['stdio']) {
    // setpriv becomes the program, so that the pid is the program's.
    this.child = spawn('setpriv', ['--pdeathsig', 'KILL', command, ...args], { stdio });
    this.ended = once(this.child, 'exit').then(() => {});
  }

  get pid(): number {
    return this.child.pid!;
  }

  get running(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  signal(signal: NodeJS.Signals): void {
    if (this.running) this.child.kill(signal);
  }

  /** Ends it so that it can do nothing about it. */
  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.ended;
  }

  /** Waits until it ends by itself, and kills it if it does not. */
  async endWithin(limitMs: number): Promise<void> {
    await Promise.race([this.ended, sleep(limitMs, undefined, { ref: false })]);
    await this.kill();
  }
}
