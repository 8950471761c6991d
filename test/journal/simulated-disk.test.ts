import { describe, expect, it } from 'vitest';
import { seededIntegers } from '../core/random.ts';
import { type Draw, PowerCutError, SimulatedDisk, StaleHandleError } from './simulated-disk.ts';

const A = '/state/a';
const B = '/state/b';
const PAGE = 512;

/** What may be on the disk after a power loss, by many draws. */
function outcomes(
  prepare: (disk: SimulatedDisk) => void,
  look: (disk: SimulatedDisk) => string,
): Set<string> {
  const seen = new Set<string>();
  for (let seed = 0; seed < 300; seed++) {
    const disk = new SimulatedDisk(seededIntegers(seed));
    prepare(disk);
    disk.losePower();
    seen.add(look(disk));
  }
  return seen;
}

/** The letters of a file's pages, `.` for zeros. */
function pagesOf(disk: SimulatedDisk, path = A): string {
  if (!disk.exists(path)) return 'missing';
  const bytes = disk.contentOf(path);
  let text = '';
  for (let at = 0; at < bytes.length; at += PAGE)
    text += bytes[at] === 0 ? '.' : String.fromCharCode(bytes[at]!);
  return text;
}

function fill(disk: SimulatedDisk, letters: string, position = 0, path = A): void {
  const file = disk.open(path, false);
  letters.split('').forEach((letter, i) => {
    file.write(Buffer.alloc(PAGE, letter), 0, PAGE, position + i * PAGE);
  });
}

describe('SimulatedDisk', () => {
  it('keeps or loses each page that was not synced, and never one that was', () => {
    const seen = outcomes((disk) => {
      disk.put(A, Buffer.alloc(3 * PAGE, 'x'));
      fill(disk, 'ab');
    }, pagesOf);
    expect([...seen].sort()).toEqual(['abx', 'axx', 'xbx', 'xxx']);
  });

  it('loses what a file has grown by, in whole or in part, with zeros in between', () => {
    const seen = outcomes((disk) => {
      disk.put(A, Buffer.alloc(PAGE, 'x'));
      fill(disk, 'abc', PAGE);
    }, pagesOf);
    for (const state of ['x', 'xabc', 'x.bc', 'xa', 'x..c']) expect(seen).toContain(state);
    for (const state of seen) expect(state).toMatch(/^x[a.]?[b.]?[c.]?$/);
  });

  it('keeps all that was synced, and what processes see until then', () => {
    const disk = new SimulatedDisk(seededIntegers(1));
    disk.put(A, Buffer.alloc(0));
    fill(disk, 'abc');
    disk.kill();
    expect(pagesOf(disk)).toBe('abc');
    disk.open(A, false).sync();
    disk.losePower();
    expect(pagesOf(disk)).toBe('abc');
  });

  it('brings back what was cut off when that was not synced', () => {
    const cut = (sync: boolean) =>
      outcomes((disk) => {
        disk.put(A, Buffer.alloc(3 * PAGE, 'x'));
        const file = disk.open(A, false);
        file.truncate(PAGE);
        if (sync) file.sync();
      }, pagesOf);
    expect(cut(true)).toEqual(new Set(['x']));
    expect(cut(false)).toContain('x');
    expect(cut(false)).toContain('xxx');
  });

  it('loses changes of the folder from the last one backwards', () => {
    const seen = outcomes(
      (disk) => {
        disk.put(A, Buffer.alloc(PAGE, 'x'));
        disk.open(B, true);
        fill(disk, 'n', 0, B);
        disk.open(B, false).sync();
        disk.rename(B, A);
        disk.open(B, true);
      },
      (disk) => `${disk.names} ${pagesOf(disk)}`,
    );
    expect([...seen].sort()).toEqual(['a n', 'a x', 'a,b n', 'a,b x']);
    const synced = outcomes(
      (disk) => {
        disk.open(B, true);
        disk.rename(B, A);
        disk.syncFolderOf();
      },
      ({ names }) => names.join(),
    );
    expect(synced).toEqual(new Set(['a']));
  });

  it('may have written anything back that was not synced', () => {
    const disk = (draw: Draw): SimulatedDisk => new SimulatedDisk(draw);
    const seen = new Set<string>();
    for (let seed = 0; seed < 200; seed++) {
      const one = disk(seededIntegers(seed));
      one.put(A, Buffer.alloc(2 * PAGE, 'x'));
      fill(one, 'ab');
      one.writeBack();
      fill(one, 'cd');
      one.losePower();
      seen.add(pagesOf(one));
    }
    expect([...seen].sort()).toEqual(['ab', 'ad', 'ax', 'cb', 'cd', 'cx', 'xb', 'xd', 'xx']);
  });

  it('shows what a failed sync has not written until the power is lost', () => {
    const seen = outcomes((disk) => {
      disk.put(A, Buffer.alloc(2 * PAGE, 'x'));
      fill(disk, 'ab');
      disk.failAfter(0, 'EIO', 'sync');
      expect(() => disk.open(A, false).sync()).toThrow('EIO');
      expect(pagesOf(disk)).toBe('ab');
      disk.open(A, false).sync();
    }, pagesOf);
    expect(seen).toContain('xx');
  });

  it('fails the operation that it is told to, of a kind or of all, and does part of a write', () => {
    const disk = new SimulatedDisk(seededIntegers(1));
    const file = disk.open(A, true);
    disk.failAfter(1, 'ENOSPC', 'write');
    file.write(Buffer.alloc(PAGE, 'a'), 0, PAGE, 0);
    file.sync();
    expect(() => file.write(Buffer.alloc(PAGE, 'b'), 0, PAGE, PAGE)).toThrow('ENOSPC');
    expect(disk.isFaultAhead).toBe(false);
    expect(file.size()).toBeLessThan(2 * PAGE);
    file.write(Buffer.alloc(PAGE, 'b'), 0, PAGE, PAGE);
    disk.failAfter(2, 'EIO');
    file.sync();
    disk.rename(A, B);
    expect(() => disk.syncFolderOf()).toThrow('EIO');
  });

  it('does nothing more once the power is cut, and is there again afterwards', () => {
    const disk = new SimulatedDisk(seededIntegers(1));
    const file = disk.open(A, true);
    disk.syncFolderOf();
    disk.failAfter(0, 'power');
    expect(() => file.sync()).toThrow(PowerCutError);
    expect(() => file.size()).toThrow(PowerCutError);
    expect(() => disk.open(A, false)).toThrow(PowerCutError);
    disk.losePower();
    expect(() => file.size()).toThrow(StaleHandleError);
    expect(disk.open(A, false).size()).toBe(0);
  });

  it('has room for so many bytes, and takes what fits', () => {
    const disk = new SimulatedDisk(seededIntegers(1));
    const [one, other] = [disk.open(A, true), disk.open(B, true)];
    disk.bytesMax = 1000;
    expect(one.write(Buffer.alloc(600), 0, 600, 0)).toBe(600);
    expect(other.write(Buffer.alloc(600), 0, 600, 0)).toBe(400);
    expect(() => other.write(Buffer.alloc(1), 0, 1, 400)).toThrow('ENOSPC');
    // There is always room within a file.
    expect(one.write(Buffer.alloc(600), 0, 600, 0)).toBe(600);
    disk.remove(A);
    expect(other.write(Buffer.alloc(700), 0, 700, 400)).toBe(600);
  });
});
