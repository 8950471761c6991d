import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { StaleTokenError } from '../../../src/client/errors.ts';
import { FenceFolder, hasCode, syncFolder } from '../../../src/client/patterns/fence-folder.ts';
import { afterwards } from '../../server/running-server.ts';

const LARGEST = 2n ** 64n - 1n;

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'ldlm-fence-'));
  afterwards(() => rmSync(folder, { recursive: true }));
  return folder;
}

function fence() {
  const file = join(makeFolder(), 'a');
  const path = `${file}.fence`;
  return { file, path, folder: new FenceFolder(file), names: () => readdirSync(path).sort() };
}

/** A file at which the holder of a token writes. */
function beginToWrite(folder: FenceFolder, token: bigint): string {
  const path = folder.temporary(token);
  writeFileSync(path, '');
  return basename(path);
}

describe('the folder of a fence', () => {
  it('is made beside the file with the first token, whose name it has', async () => {
    const { folder, file, names } = fence();
    expect(await folder.largest()).toBe(0n);
    await folder.check(1n);
    expect(readdirSync(dirname(file))).toEqual([]);
    await folder.shutOut(1n);
    expect([names(), await folder.largest()]).toEqual([['1'], 1n]);
  });

  it('keeps the name of the largest token alone, and goes by numbers, not by texts', async () => {
    const { folder, names } = fence();
    for (const token of [9n, 10n, 10n, LARGEST]) await folder.shutOut(token);
    expect([names(), await folder.largest()]).toEqual([[String(LARGEST)], LARGEST]);
  });

  it('refuses what is smaller, with both tokens, and changes nothing', async () => {
    const { folder, file, names } = fence();
    await folder.shutOut(10n);
    for (const ask of [() => folder.shutOut(9n), () => folder.check(9n)]) {
      const refused = ask();
      await expect(refused).rejects.toBeInstanceOf(StaleTokenError);
      await expect(refused).rejects.toMatchObject({
        ...{ fencingToken: 9n, largestToken: 10n, message: `${file}: token 9 is stale, 10 was seen` },
      });
    }
    await folder.check(10n);
    await folder.check(11n);
    expect(names()).toEqual(['10']);
  });

  it('takes away what smaller tokens have begun to write, and leaves what others have', async () => {
    const { folder, names } = fence();
    await folder.shutOut(2n);
    beginToWrite(folder, 2n);
    await folder.shutOut(3n);
    expect(names()).toEqual(['3']);
    const [same, larger] = [beginToWrite(folder, 3n), beginToWrite(folder, 4n)];
    await folder.shutOut(3n);
    expect(names()).toEqual(['3', same, larger].sort());
    // Who only writes has shut nobody out.
    expect(await folder.largest()).toBe(3n);
    await folder.check(3n);
  });

  it('names each writing by itself', async () => {
    const { folder, path } = fence();
    const [one, other] = [folder.temporary(7n), folder.temporary(7n)];
    expect(one).not.toBe(other);
    for (const name of [one, other]) {
      expect(dirname(name)).toBe(path);
      expect(basename(name)).toMatch(/^7\.[0-9a-f-]{36}\.tmp$/);
    }
  });

  it('leaves alone what it has not put there, and goes by none of it', async () => {
    const { folder, path, names } = fence();
    mkdirSync(path);
    const foreign = ['README', '1.txt', '1.tmp', 'x1', '1.XYZ.tmp', '.nfs0001'];
    for (const name of foreign) writeFileSync(join(path, name), '');
    // This one is not how a token is written.
    writeFileSync(join(path, '0099'), '');
    expect(await folder.largest()).toBe(0n);
    await folder.shutOut(5n);
    expect(names()).toEqual([...foreign, '0099', '5'].sort());
  });

  it('is one for all, however many come at a time', async () => {
    const { file, names } = fence();
    const tokens = Array.from({ length: 32 }, (_, i) => BigInt(((i * 13) % 32) + 1));
    const ends = await Promise.allSettled(tokens.map((token) => new FenceFolder(file).shutOut(token)));
    for (const end of ends) {
      if (end.status === 'rejected') expect(end.reason).toBeInstanceOf(StaleTokenError);
    }
    expect(ends[tokens.indexOf(32n)]!.status).toBe('fulfilled');
    expect(await new FenceFolder(file).largest()).toBe(32n);
    expect(names()).toEqual(['32']);
  });

  it('says what the system says where it cannot be read or made', async () => {
    const { folder, path } = fence();
    writeFileSync(path, '');
    await expect(folder.largest()).rejects.toMatchObject({ code: 'ENOTDIR' });
    await expect(folder.shutOut(1n)).rejects.toMatchObject({ code: 'ENOTDIR' });
    const nowhere = new FenceFolder(join(makeFolder(), 'none', 'a'));
    await expect(nowhere.shutOut(1n)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('names on disk', () => {
  it('are those of a folder that there is', async () => {
    await syncFolder(makeFolder());
    await expect(syncFolder(join(makeFolder(), 'none'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('leave no folder open', async () => {
    const path = makeFolder();
    const before = await open(path, 'r');
    afterwards(() => before.close());
    for (let i = 0; i < 20; i++) await syncFolder(path);
    const after = await open(path, 'r');
    afterwards(() => after.close());
    expect(after.fd - before.fd).toBeLessThan(20);
  });
});

describe('the code of an error', () => {
  it('is its own, and nobody else’s', () => {
    expect(hasCode(Object.assign(new Error('x'), { code: 'ENOENT' }), 'ENOENT')).toBe(true);
    expect(hasCode(Object.assign(new Error('x'), { code: 'EEXIST' }), 'ENOENT')).toBe(false);
    for (const other of [new Error('ENOENT'), { code: 'ENOENT' }, 'ENOENT', null]) {
      expect(hasCode(other, 'ENOENT')).toBe(false);
    }
  });
});
