import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isDiskFull } from '../../src/base/disk-full.ts';
import { nodeDisk, readOnlyDisk } from '../../src/journal/node-disk.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ldlm-disk-'));
});

afterEach(() => rmSync(folder, { recursive: true }));

describe('nodeDisk', () => {
  it('writes, reads, cuts and extends a file that only its owner may read', () => {
    const path = join(folder, 'file');
    const file = nodeDisk.open(path, true);
    expect(file.write(Buffer.from('--hello--'), 2, 5, 10)).toBe(5);
    file.sync();
    expect(file.size()).toBe(15);
    const into = Buffer.alloc(20, '.');
    expect(file.read(into, 3, 5, 10)).toBe(5);
    expect(into.toString()).toBe('...hello............');
    expect(file.read(into, 0, 20, 12)).toBe(3);
    expect(file.read(into, 0, 20, 15)).toBe(0);
    file.truncate(12);
    expect(file.size()).toBe(12);
    file.close();
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('opens a file as it is, or makes it empty', () => {
    const path = join(folder, 'file');
    expect(() => nodeDisk.open(path, false)).toThrow(expect.objectContaining({ code: 'ENOENT' }));
    const file = nodeDisk.open(path, true);
    file.write(Buffer.from('hello'), 0, 5, 0);
    file.close();
    const again = nodeDisk.open(path, false);
    expect(again.size()).toBe(5);
    again.close();
    const anew = nodeDisk.open(path, true);
    expect(anew.size()).toBe(0);
    anew.close();
  });

  it('renames, removes and lists what stands beside', () => {
    const path = (name: string): string => join(folder, name);
    for (const name of ['a', 'b']) nodeDisk.open(path(name), true).close();
    expect(nodeDisk.listBeside(path('none')).sort()).toEqual(['a', 'b']);
    nodeDisk.rename(path('a'), path('b'));
    nodeDisk.syncFolderOf(path('b'));
    expect([nodeDisk.exists(path('a')), nodeDisk.exists(path('b'))]).toEqual([false, true]);
    nodeDisk.remove(path('b'));
    nodeDisk.remove(path('b'));
    expect(nodeDisk.listBeside(path('b'))).toEqual([]);
  });

  it('says with the error of the system that there is no room', () => {
    // Every write to it fails with ENOSPC (full(4)).
    const full = nodeDisk.open('/dev/full', false);
    let error: unknown;
    try {
      full.write(Buffer.from('a'), 0, 1, 0);
    } catch (caught) {
      error = caught;
    }
    full.close();
    expect(isDiskFull(error)).toBe(true);
  });

  it('opens files for a look so that nothing can be written', () => {
    const path = join(folder, 'file');
    expect(() => readOnlyDisk.open(path, true)).toThrow(expect.objectContaining({ code: 'ENOENT' }));
    writeFileSync(path, 'hello');
    const file = readOnlyDisk.open(path, false);
    const bytes = Buffer.alloc(5);
    expect([file.size(), file.read(bytes, 0, 5, 0), bytes.toString()]).toEqual([5, 5, 'hello']);
    expect(() => file.write(bytes, 0, 1, 0)).toThrow(expect.objectContaining({ code: 'EBADF' }));
    expect(() => file.truncate(0)).toThrow();
    file.close();
  });
});
