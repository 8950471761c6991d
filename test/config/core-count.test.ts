import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { detectCoreCount } from '../../src/config/core-count.ts';

let root = '';

function makeCgroup(files: Record<string, string>): string {
  root = mkdtempSync(join(tmpdir(), 'cgroup-'));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
  return root;
}

afterEach(() => rmSync(root, { recursive: true, force: true }));

describe('detectCoreCount', () => {
  const all = availableParallelism();

  it.each<[string, Record<string, string>, number]>([
    ['no control group', {}, all],
    ['version 2 without a quota', { 'cpu.max': 'max 100000\n' }, all],
    ['version 2, one core', { 'cpu.max': '100000 100000\n' }, 1],
    ['version 2, one and a half', { 'cpu.max': '150000 100000\n' }, 1],
    ['version 2, a quarter', { 'cpu.max': '25000 100000\n' }, 1],
    ['version 2, more than there are', { 'cpu.max': `${(all + 4) * 100_000} 100000\n` }, all],
    [
      'version 1 without a quota',
      { 'cpu/cpu.cfs_quota_us': '-1\n', 'cpu/cpu.cfs_period_us': '100000\n' },
      all,
    ],
    ['version 1, one core', { 'cpu/cpu.cfs_quota_us': '50000\n', 'cpu/cpu.cfs_period_us': '50000\n' }, 1],
    ['a file that makes no sense', { 'cpu.max': 'x\n' }, all],
  ])('%s', (_case, files, count) => {
    expect(detectCoreCount(makeCgroup(files))).toBe(count);
  });
});
