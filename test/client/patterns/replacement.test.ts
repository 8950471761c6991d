import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { findTarget } from '../../../src/client/patterns/replacement.ts';
import { afterwards } from '../../server/running-server.ts';

it('a file that is made while it is looked for is found where it is', async () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'ldlm-replacement-')));
  afterwards(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'a');
  for (let round = 0; round < 500; round++) {
    const found = Array.from({ length: 4 }, () => findTarget(path));
    const [targets] = await Promise.all([Promise.all(found), writeFile(path, '')]);
    expect(targets).toEqual([path, path, path, path]);
    await rm(path);
  }
});
