import { checkInt, checkOptions } from '../client-options.ts';
import { checkPath, parentOf } from '../node-path.ts';
import type { Nodes } from '../nodes.ts';
import { BadVersionError, NodeExistsError, NoNodeError } from '../server-refusal.ts';
import { tell } from '../session/tell.ts';
import type { Stat } from '../wire/records.ts';
import { ClientClosedError, ConnectionLossError } from '../zookeeper-error.ts';
import { Changes } from './changes.ts';
import { checkClient } from './lock-arguments.ts';
import { NotACountError } from './lock-error.ts';
import { makeParents } from './lock-parents.ts';
import { isSessionOver, isUnanswered, pause } from './node-removal.ts';

const COUNT_BYTES = 4;
/** How long a server is left alone that could not say what is in the node. */
const RETRY_MS = 1_000;

export interface SharedCountOptions {
  /** What is written where there is no node yet. Default 0. */
  readonly seed?: number;
}

/** A count, and the version of the node that said so. */
export interface VersionedCount {
  readonly count: number;
  readonly version: number;
}

/**
 * A whole number of 32 bits that all who use the path know and may change, as Curator's SharedCount: the data of a node, which
 * is watched. What is known here may be old while the session is not connected.
 */
export class SharedCount implements Disposable {
  readonly path: string;
  readonly #nodes: Nodes;
  readonly #changes: Changes;
  readonly #listeners = new Set<(count: number) => void>();
  #known: VersionedCount = { count: 0, version: 0 };
  /** The transaction that wrote what is known. Answers may come in another order than that in which they were true. */
  #mzxid = -1n;

  private constructor(nodes: Nodes, path: string) {
    this.#nodes = nodes;
    this.path = path;
    this.#changes = new Changes(nodes);
  }

  /**
   * Reads the count, and follows it from then on. Where there is none, it is made, and is there to stay.
   *
   * @throws NotACountError when the node has something else in it, or another ZooKeeperError
   */
  static async open(nodes: Nodes, path: string, options: SharedCountOptions = {}): Promise<SharedCount> {
    checkClient(nodes);
    checkPath(path);
    checkOptions(options, '{ seed: 5 }', path);
    const { seed = 0 } = options;
    checkInt('seed', seed, path);
    const shared = new SharedCount(nodes, path);
    while (!(await shared.#readFirst())) await shared.#make(seed);
    void shared.#follow();
    return shared;
  }

  /** What was read or written last. */
  get count(): number {
    return this.#known.count;
  }

  /** The count with the version of its node, which belong together: see {@link SharedCount.trySetCount}. */
  get versioned(): VersionedCount {
    return this.#known;
  }

  /** Writes the count, whatever it was. @throws ZooKeeperError: after a ConnectionLossError nobody knows whether it is written */
  async setCount(count: number): Promise<void> {
    await this.#write(count, -1);
  }

  /**
   * Writes the count unless it was written since it had this version.
   *
   * @param version default: the one known here
   * @returns false: it was, and what it is now is known here
   * @throws ZooKeeperError: after a ConnectionLossError nobody knows whether it is written
   */
  async trySetCount(count: number, version = this.#known.version): Promise<boolean> {
    try {
      await this.#write(count, version);
      return true;
    } catch (error) {
      if (!(error instanceof BadVersionError)) throw error;
      const { data, stat } = await this.#nodes.getData(this.path);
      this.#take(data, stat);
      return false;
    }
  }

  /** Calls at each change that is noticed, whoever has made it; of several changes at once, at the last. Returns what ends it. */
  onChange(listener: (count: number) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Follows the count no more. The node stays. */
  close(): void {
    this.#changes.cancel();
    this.#listeners.clear();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async #readFirst(): Promise<boolean> {
    try {
      const { data, stat } = await this.#nodes.getData(this.path);
      if (!this.#take(data, stat)) throw new NotACountError(this.path, data.length);
      return true;
    } catch (error) {
      if (error instanceof NoNodeError) return false;
      throw error;
    }
  }

  /** What it comes to is seen at the next look. */
  async #make(seed: number): Promise<void> {
    try {
      await this.#nodes.create(this.path, { data: bytesOf(seed) });
    } catch (error) {
      if (error instanceof NoNodeError) await makeParents(this.#nodes, parentOf(this.path));
      else if (!(error instanceof NodeExistsError || error instanceof ConnectionLossError)) throw error;
    }
  }

  async #write(count: number, version: number): Promise<void> {
    checkInt('a count', count, this.path);
    const data = bytesOf(count);
    this.#take(data, await this.#nodes.setData(this.path, data, version));
  }

  async #follow(): Promise<void> {
    while (!this.#changes.isCancelled)
      await this.#changes.wait([this.path], (wake) => this.#look(wake).catch((error) => this.#bear(error)));
  }

  /** Whether there is something to wait for. */
  async #look(wake: () => void): Promise<boolean> {
    try {
      const { data, stat } = await this.#nodes.getData(this.path, wake);
      if (!this.#changes.isCancelled) this.#take(data, stat);
      return true;
    } catch (error) {
      if (error instanceof NoNodeError) return (await this.#nodes.exists(this.path, wake)) === null;
      throw error;
    }
  }

  /** Whoever follows cannot be told that a look has failed: there is another one, as long as there may be one. */
  async #bear(error: unknown): Promise<boolean> {
    if (error instanceof ClientClosedError) this.close();
    else if (!isUnanswered(error) && !isSessionOver(error)) {
      await pause(this.#nodes.clock, RETRY_MS);
      return false;
    }
    return true;
  }

  /** False: this is no count, and what was known is kept. */
  #take(data: Buffer, { mzxid, version }: Stat): boolean {
    // Curator does not look behind the first bytes either.
    if (data.length < COUNT_BYTES) return false;
    if (mzxid <= this.#mzxid) return true;
    this.#mzxid = mzxid;
    this.#known = { count: data.readInt32BE(), version };
    for (const listener of [...this.#listeners]) tell(listener, this.count);
    return true;
  }
}

function bytesOf(count: number): Buffer {
  const bytes = Buffer.alloc(COUNT_BYTES);
  bytes.writeInt32BE(count);
  return bytes;
}
