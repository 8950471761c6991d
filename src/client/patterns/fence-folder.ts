import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { StaleTokenError } from '../errors.ts';

/** The names of a token, and of a file that its holder is writing. */
const NAME = /^(\d+)(?:\.[0-9a-f-]+\.tmp)?$/;

/** The names of a fence, with the tokens in them. */
interface Fence {
  readonly names: readonly { readonly name: string; readonly token: bigint }[];
  readonly largest: bigint;
}

/**
 * The tokens that a file has seen, as names in a folder, and what their holders write before it becomes the file.
 *
 * A larger token shuts smaller ones out in two steps: first its name is there, then what is there of smaller ones is
 * removed. What a smaller one begins to write before the second step is gone, so it cannot be put in the place of the file;
 * what it begins later is begun after the first, which it sees when it looks once more.
 */
export class FenceFolder {
  readonly #file: string;
  readonly #path: string;

  /** @param file what is fenced; the folder is beside it. */
  constructor(file: string) {
    this.#file = file;
    this.#path = `${file}.fence`;
  }

  /** @throws StaleTokenError */
  async shutOut(token: bigint): Promise<void> {
    const before = await this.#check(token);
    if (!before.names.some((known) => known.token === token)) {
      if (await this.#make()) await syncFolder(dirname(this.#file));
      await makeFile(this.#nameOf(String(token)));
      await syncFolder(this.#path);
    }
    // A name is removed only beside a larger one that is there, so the largest stays whoever else comes.
    const { names } = await this.#check(token);
    const smaller = names.filter((known) => known.token < token);
    await Promise.all(smaller.map(({ name }) => rm(this.#nameOf(name), { force: true })));
  }

  /** Where the holder of a token may write what is to become the file. */
  temporary(token: bigint): string {
    return this.#nameOf(`${token}.${randomUUID()}.tmp`);
  }

  /** @throws StaleTokenError */
  async check(token: bigint): Promise<void> {
    await this.#check(token);
  }

  async largest(): Promise<bigint> {
    return (await this.#read()).largest;
  }

  async #check(token: bigint): Promise<Fence> {
    const fence = await this.#read();
    if (fence.largest > token) throw new StaleTokenError(this.#file, token, fence.largest);
    return fence;
  }

  async #read(): Promise<Fence> {
    const found = await readdir(this.#path).catch((error: unknown) => {
      if (hasCode(error, 'ENOENT')) return [];
      throw error;
    });
    const names = found.flatMap((name) => {
      const token = NAME.exec(name)?.[1];
      return token === undefined ? [] : [{ name, token: BigInt(token) }];
    });
    let largest = 0n;
    for (const { name, token } of names) if (token > largest && name === String(token)) largest = token;
    return { names, largest };
  }

  /** Whether it was not there. */
  async #make(): Promise<boolean> {
    try {
      await mkdir(this.#path);
      return true;
    } catch (error) {
      if (hasCode(error, 'EEXIST')) return false;
      throw error;
    }
  }

  #nameOf(name: string): string {
    return join(this.#path, name);
  }
}

async function makeFile(path: string): Promise<void> {
  const file = await open(path, 'w');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Names are on disk only once their folder is. Windows has no such call. */
export async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
