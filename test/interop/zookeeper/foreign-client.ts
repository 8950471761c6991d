import { createInterface } from 'node:readline';
import { afterwards } from '../../server/running-server.ts';
import { EventQueue } from './event-queue.ts';
import { driverCommand, type ForeignProgram } from './foreign-program.ts';
import { TetheredProcess } from './tethered-process.ts';

/**
 * All programs have `mutex`, `read` and `write` with Curator's names, and exclude each other there. `lock` is kazoo's own,
 * `sem` is Curator's SemaphoreV2 or kazoo's Semaphore, `semmutex` and `multi` (paths with commas between) are Curator's. So is
 * a `sem` of two paths, the second of which is that of the SharedCount that says how many leases there are.
 */
export type ForeignKind = 'mutex' | 'read' | 'write' | 'lock' | 'sem' | 'semmutex' | 'multi';

export interface ForeignOptions {
  /** 10 s unless given. */
  readonly sessionMs?: number;
  /** Goes before all paths, without slashes around it. */
  readonly namespace?: string;
  /** "user:password", to which alone the nodes are open. */
  readonly credentials?: string;
}

export interface Owner {
  /** A thread of the program, "main" unless given. */
  readonly owner?: string;
  /** How many leases a `sem` or kazurator's `mutex` has in all; the same in every call. 1 unless given. */
  readonly n?: number;
}

export interface AcquireOptions extends Owner {
  /** Waits for ever unless given. With 0 it tries once. */
  readonly timeoutMs?: number;
  /** How many leases to acquire together, with Curator's `sem`. */
  readonly quantity?: number;
}

export interface AcquireResult {
  readonly acquired: boolean;
  /** The node that holds it, where the program tells. */
  readonly lockPath?: string;
  /** The message of kazoo's LockTimeout. */
  readonly reason?: string;
}

/** An exception that the program's library threw. */
export class ForeignError extends Error {
  readonly className: string;

  constructor(className: string, message: string) {
    super(message);
    this.className = className;
  }
}

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** Another library's ZooKeeper client in a process of its own, with one session. */
export class ForeignClient {
  readonly events = new EventQueue();
  readonly #process: TetheredProcess;
  readonly #pending = new Map<string, Pending>();
  #lastId = 0;
  #stderr = '';

  constructor(program: ForeignProgram, connectString: string, options: ForeignOptions) {
    const [command, args] = driverCommand(program);
    const { sessionMs = 10_000, namespace = '', credentials = '' } = options;
    const words = [...args, connectString, String(sessionMs), namespace, credentials];
    this.#process = new TetheredProcess(command, words, ['pipe', 'pipe', 'pipe']);
    const { stdin, stdout, stderr } = this.#process.child;
    // A program that was killed does not read what is written to it.
    stdin!.on('error', () => {});
    stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text;
    });
    createInterface(stdout!).on('line', (line) => this.#take(line));
    this.#process.child.on('close', () => this.#fail(new Error(`${program} ended: ${this.#stderr}`)));
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** What it wrote to stderr: the warnings of its library, and why it ended. */
  get stderr(): string {
    return this.#stderr;
  }

  acquire(kind: ForeignKind, path: string, options: AcquireOptions = {}): Promise<AcquireResult> {
    const { owner = 'main', timeoutMs = -1, n = 1, quantity = 1 } = options;
    return this.#call('acquire', kind, path, owner, timeoutMs, n, quantity) as Promise<AcquireResult>;
  }

  async release(kind: ForeignKind, path: string, { owner = 'main', n = 1 }: Owner = {}): Promise<void> {
    await this.#call('release', kind, path, owner, n);
  }

  /** The node with which the owner holds the lock, or null. */
  lockPath(kind: ForeignKind, path: string, { owner = 'main', n = 1 }: Owner = {}): Promise<string | null> {
    return this.#call('lockPath', kind, path, owner, n) as Promise<string | null>;
  }

  /** Whether the owner certainly holds the lock; `node` alone can tell. */
  isHeld(kind: ForeignKind, path: string, { owner = 'main' }: Owner = {}): Promise<boolean> {
    return this.#call('held', kind, path, owner) as Promise<boolean>;
  }

  /** The paths of the nodes in their order; of kazoo the names of the owners, which is what it tells. */
  participants(kind: ForeignKind, path: string, n = 1): Promise<readonly string[]> {
    return this.#call('participants', kind, path, n) as Promise<readonly string[]>;
  }

  /** The names of the nodes below a path, sorted. */
  children(path: string): Promise<readonly string[]> {
    return this.#call('children', path) as Promise<readonly string[]>;
  }

  /** Curator's SharedCount at a path; from then on an event `count` tells of each change. */
  count(path: string): Promise<number> {
    return this.#call('count', path) as Promise<number>;
  }

  async setCount(path: string, count: number): Promise<void> {
    await this.#call('setCount', path, count);
  }

  /** Whether nobody has written it since Curator has read it. */
  trySetCount(path: string, count: number): Promise<boolean> {
    return this.#call('trySetCount', path, count) as Promise<boolean>;
  }

  /** Lets an event `revoked` tell when somebody wants the mutex of that path, which is acquired after this. */
  async revocable(path: string): Promise<void> {
    await this.#call('revocable', path);
  }

  /** Asks the holder of that node to give up its mutex. */
  async revoke(lockPath: string): Promise<void> {
    await this.#call('revoke', lockPath);
  }

  /** The state of the connection, in the library's word. */
  state(): Promise<string> {
    return this.#call('state') as Promise<string>;
  }

  /** In hexadecimal digits, as ZooKeeper's `dump` has it behind "0x". */
  sessionId(): Promise<string> {
    return this.#call('sessionId') as Promise<string>;
  }

  /** Sends it a signal; after SIGKILL it waits until it has ended, with the session left to the server. */
  async kill(signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): Promise<void> {
    this.#process.signal(signal);
    if (signal === 'SIGKILL') await this.#process.ended;
  }

  /** Lets it close its session and end. */
  async close(): Promise<void> {
    this.#process.signal('SIGCONT');
    this.#process.child.stdin!.end();
    await this.#process.endWithin(3_000);
  }

  #call(verb: string, ...args: readonly (string | number)[]): Promise<unknown> {
    const id = String(++this.#lastId);
    const answer = new Promise((resolve, reject) => this.#pending.set(id, { resolve, reject }));
    // A test may end its program while it waits for a lock, and not look at the answer again.
    answer.catch(() => {});
    if (!this.#process.running) this.#fail(new Error(`the program has ended: ${this.#stderr}`));
    else this.#process.child.stdin!.write(`${[id, verb, ...args.map(encodeURIComponent)].join(' ')}\n`);
    return answer;
  }

  #take(line: string): void {
    const [first, second, ...rest] = line.split(' ');
    if (first === 'event') {
      this.events.push({ name: second!, value: rest.join(' ') });
      return;
    }
    const pending = this.#pending.get(first!);
    if (pending === undefined) return;
    this.#pending.delete(first!);
    if (second === 'ok') pending.resolve(JSON.parse(rest.join(' ')));
    else pending.reject(new ForeignError(rest[0]!, rest.slice(1).join(' ')));
  }

  #fail(failure: Error): void {
    this.events.fail(failure);
    for (const { reject } of this.#pending.values()) reject(failure);
    this.#pending.clear();
  }
}

/** A client for the test, which has a session when this resolves. */
export async function startForeignClient(
  program: ForeignProgram,
  connectString: string,
  options: ForeignOptions = {},
): Promise<ForeignClient> {
  const client = new ForeignClient(program, connectString, options);
  afterwards(() => client.close());
  await client.events.until('ready', undefined, 20_000);
  return client;
}
