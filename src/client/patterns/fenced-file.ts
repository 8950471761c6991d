import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { InvalidOptionError, StaleTokenError } from '../errors.ts';

/**
 * A file that is written under a lock and refuses writers with a token smaller than the largest it has seen. The tokens
 * are kept beside it, as names in the folder `<path>.fence`, which is for nobody else.
 *
 * What is guaranteed, on a file system where creating and renaming are atomic:
 *
 * - readers see the file as one writer left it, never a part of it;
 * - the largest token never becomes smaller, in whatever order writers come;
 * - a writer is refused when one with a larger token has called `write` or `fence` and that has come as far as the token,
 *   before the writer's own last look.
 *
 * What is not: that last look and the renaming of the file are two steps, and files have no way to make them one. A
 * writer whose process or machine stops between them for longer than its lock lasts overwrites what the next holder
 * wrote. A database can compare and write in one step, see `fencingCheckSql`. On network file systems, names that another
 * machine has created may be seen late, which makes the gap longer.
 */
export class FencedFile {
  readonly path: string;
  readonly #fence: string;

  constructor(path: string) {
    this.path = path;
    this.#fence = `${path}.fence`;
  }

  /**
   * Replaces what is in the file, and has it on disk when it resolves. Not to be called twice at a time with one token: the
   * order would be anyone's.
   *
   * @param fencingToken of the lock under which it is written
   * @throws StaleTokenError, in which case the file is as it was; InvalidOptionError for the token 0, which stands for a
   * server that gives none; or an error of the file system
   */
  async write(data: string | Uint8Array, fencingToken: bigint): Promise<void> {
    await this.fence(fencingToken);
    const temporary = `${this.path}.${randomUUID()}.tmp`;
    try {
      await writeToDisk(temporary, data);
      await this.#check(fencingToken);
      await rename(temporary, this.path);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
    await syncFolder(dirname(this.path));
  }

  /**
   * Shuts out writers with smaller tokens, without writing: for a new holder that reads the file before it writes.
   *
   * @throws as `write`
   */
  async fence(fencingToken: bigint): Promise<void> {
    if (fencingToken <= 0n) throw new InvalidOptionError('the fencing token must be greater than 0');
    const before = await this.#check(fencingToken);
    if (before.includes(fencingToken)) return;
    const isNew = (await mkdir(this.#fence, { recursive: true })) !== undefined;
    if (isNew) await syncFolder(dirname(this.path));
    await writeToDisk(`${this.#fence}/${fencingToken}`, '');
    await syncFolder(this.#fence);
    // A name is removed only beside a larger one that is there, so the largest stays whoever else comes.
    const tokens = await this.#check(fencingToken);
    const smaller = tokens.filter((token) => token < fencingToken);
    await Promise.all(smaller.map((token) => rm(`${this.#fence}/${token}`, { force: true })));
  }

  /** The largest token seen; 0 when there was none. */
  async largestToken(): Promise<bigint> {
    return largestOf(await this.#tokens());
  }

  async #check(fencingToken: bigint): Promise<readonly bigint[]> {
    const tokens = await this.#tokens();
    const largest = largestOf(tokens);
    if (largest > fencingToken) throw new StaleTokenError(this.path, fencingToken, largest);
    return tokens;
  }

  async #tokens(): Promise<readonly bigint[]> {
    try {
      const names = await readdir(this.#fence);
      return names.filter((name) => /^\d+$/.test(name)).map(BigInt);
    } catch (error) {
      if (isMissing(error)) return [];
      throw error;
    }
  }
}

function largestOf(tokens: readonly bigint[]): bigint {
  let largest = 0n;
  for (const token of tokens) if (token > largest) largest = token;
  return largest;
}

async function writeToDisk(path: string, data: string | Uint8Array): Promise<void> {
  const file = await open(path, 'w');
  try {
    await file.writeFile(data);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Names are on disk only once their folder is. Windows has no such call. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && (error as NodeJS.ErrnoException).code === 'ENOENT';
}
