import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { PLANTED_BUGS } from './bugs.ts';
import { countPlaces, plantBug } from './planted-bug.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

describe('the planted bugs', () => {
  it('have names of their own', () => {
    const names = PLANTED_BUGS.map(({ name }) => name);
    expect(names).toStrictEqual([...new Set(names)]);
    expect(names.length).toBeGreaterThanOrEqual(16);
  });

  it.each(PLANTED_BUGS)('can be planted: $name', (bug) => {
    const source = readFileSync(join(root, bug.file), 'utf8');
    expect(countPlaces(source, bug)).toBe(1);
    expect(plantBug(source, bug)).not.toBe(source);
    expect(bug.tests.length).toBeGreaterThan(0);
    expect(bug.tests.filter((test) => !existsSync(join(root, `${test}.test.ts`)))).toStrictEqual([]);
  });
});
