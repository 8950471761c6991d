import type { Stats } from 'node:fs';
import { type FileHandle, open, readlink, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { hasCode } from './fence-folder.ts';

/** As many as Linux follows. */
const LINKS_MAX = 40;
const PERMISSIONS = 0o7777;
/** What the group may do, and what a program gets that runs the file. */
const OF_OWNER_AND_GROUP = 0o6070;

/**
 * Where the file is that a path leads to, or is to be made, without symbolic links: what is put in its place is to leave
 * the links alone, and to be fenced together with those who come by another path.
 *
 * @throws Error of node:fs, also when the folder is not there
 */
export async function findTarget(path: string): Promise<string> {
  let place = path;
  for (let links = 0; links < LINKS_MAX; links++) {
    const found = await unlessMissing(realpath(place));
    if (found !== null) return found;
    const folder = await realpath(dirname(place));
    // A link that leads to nothing, or nothing; or a file that somebody has made by now.
    const link = await readlink(place).catch((error: unknown) => {
      if (hasCode(error, 'ENOENT') || hasCode(error, 'EINVAL')) return null;
      throw error;
    });
    if (link === null) return join(folder, basename(place));
    place = resolve(folder, link);
  }
  throw new Error(`too many symbolic links: ${path}`);
}

/**
 * Writes a file that is to take the place of another one, with the mode and owner of that, and has it on disk. Until it is
 * complete nobody but this user can read it. Without another one it gets what new files get.
 */
export async function writeLike(model: string, path: string, data: string | Uint8Array): Promise<void> {
  const stats = await unlessMissing(stat(model));
  const file = await open(path, 'wx', stats === null ? 0o666 : 0o600);
  try {
    await file.writeFile(data);
    if (stats !== null) await dressLike(stats, file);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** The owner first: changing it takes bits of the mode away. */
async function dressLike({ uid, gid, mode }: Stats, file: FileHandle): Promise<void> {
  const own = await file.stat();
  const isSame = own.uid === uid && own.gid === gid;
  const isOwned =
    isSame ||
    (await file.chown(uid, gid).then(
      () => true,
      () => false,
    ));
  // What its group might do is not for the group of this process.
  await file.chmod(mode & PERMISSIONS & (isOwned ? PERMISSIONS : ~OF_OWNER_AND_GROUP));
}

async function unlessMissing<Value>(work: Promise<Value>): Promise<Value | null> {
  try {
    return await work;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return null;
    throw error;
  }
}
