import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import type { FileLockOptions } from '../../src/filelock/file-hold.ts';
import type { AcquireOptions } from '../../src/filelock/file-lock.ts';

/** Where the program of the process is; it locks with what lies in `dist` two folders above. */
const programFolder = fileURLToPath(new URL('.', import.meta.url));

type ProcessAcquireOptions = Omit<AcquireOptions, 'signal'> & { readonly abortAfterMs?: number };

/** What another process answers: `done`, `not held` or the code (of an abort, the name) of an error, and when, by the wall clock. */
interface LockAnswer {
  readonly word: string;
  readonly atMs: number;
}

/** A FileLock in a process of its own, which ends with the test at the latest. One call at a time. */
export class LockProcess {
  readonly #child: ChildProcess;

  constructor(path: string, options: FileLockOptions = {}, folder = programFolder) {
    this.#child = fork(join(folder, 'file-lock-worker.mjs'), [path, JSON.stringify(options)]);
    onTestFinished(() => this.kill());
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** Resolves with what came of it. */
  acquire(options: ProcessAcquireOptions = {}): Promise<LockAnswer> {
    return this.#call('acquire', options);
  }

  release(): Promise<LockAnswer> {
    return this.#call('release');
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Ends it so that it can do nothing about it. */
  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill('SIGKILL');
    await once(this.#child, 'exit');
  }

  async #call(call: string, argument?: ProcessAcquireOptions): Promise<LockAnswer> {
    this.#child.send({ call, argument });
    const [answer] = (await once(this.#child, 'message')) as [LockAnswer];
    return answer;
  }
}

/** Starts a process that has the file locked. */
export async function startHolder(path: string, options: AcquireOptions = {}): Promise<LockProcess> {
  const holder = new LockProcess(path);
  const { word } = await holder.acquire(options);
  if (word !== 'done') throw new Error(`the holder has not locked ${path}: ${word}`);
  return holder;
}
