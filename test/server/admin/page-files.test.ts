import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { loadPageFiles } from '../../../src/server/admin/page-files.ts';
import { afterwards } from '../running-server.ts';

function scratchFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'ldlm-page-'));
  afterwards(() => rmSync(folder, { recursive: true }));
  return folder;
}

describe('the files of the page', () => {
  it('are found where the build puts them', () => {
    const types = new Map(loadPageFiles().map(({ path, type }) => [path, type]));
    expect(types.get('/')).toBe('text/html; charset=utf-8');
    expect(types.get('/page/main.js')).toBe('text/javascript; charset=utf-8');
    expect(types.get('/page/assets/style.css')).toBe('text/css; charset=utf-8');
    expect(types.get('/page/assets/icon.svg')).toBe('image/svg+xml');
    expect(types.get('/page/assets/grafana-dashboard.json')).toBe('application/json');
  });

  it('have a tag that changes with what they contain', () => {
    const folder = scratchFolder();
    mkdirSync(join(folder, 'assets'));
    const load = () => loadPageFiles(pathToFileURL(`${folder}/`));
    writeFileSync(join(folder, 'a.js'), 'one');
    writeFileSync(join(folder, 'assets', 'b.css'), 'one');
    writeFileSync(join(folder, 'notes.txt'), 'not served');
    const before = load();
    expect(before.map(({ path }) => path).sort()).toStrictEqual(['/page/a.js', '/page/assets/b.css']);
    expect(before[0]!.etag).toBe(before[1]!.etag);
    writeFileSync(join(folder, 'a.js'), 'two');
    const after = load().find(({ path }) => path === '/page/a.js')!;
    expect(after.body.toString()).toBe('two');
    expect(after.etag).not.toBe(before[0]!.etag);
  });

  it('are missed when they are not there', () => {
    const folder = scratchFolder();
    const missing = expect.objectContaining({
      code: 'LDLM_PAGE_MISSING',
      message: expect.stringContaining('run npm run build'),
    });
    expect(() => loadPageFiles(pathToFileURL(`${folder}/`))).toThrow(missing);
    expect(() => loadPageFiles(pathToFileURL(`${folder}/none/`))).toThrow(missing);
  });
});
