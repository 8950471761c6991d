import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { formatVersion } from '../../src/cli/version.ts';

describe('formatVersion', () => {
  it('prints three lines with the version of the package', () => {
    const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
    expect(formatVersion()).toBe(`Version: ${manifest.version}\nCommit: none\nBuilt: unknown\n`);
  });
});
