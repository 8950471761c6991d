import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FileLockedError } from '../../src/filelock/file-lock-error.ts';
import { SessionFile, SessionFileError } from '../../src/server/session-file.ts';
import { afterwards } from './running-server.ts';

function makePath(): string {
  const folder = mkdtempSync(join(tmpdir(), 'ldlm-session-'));
  afterwards(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'session');
}

async function open(path: string, chroot = '/a'): Promise<SessionFile> {
  const file = await SessionFile.open(path, chroot);
  afterwards(() => file.close());
  return file;
}

const ticket = { sessionId: -5n, password: Buffer.alloc(16, 7) };
const held = [
  {
    ...{ path: '/locks/ca/a/_c_x-__WRIT__0000000000', czxid: '1f', version: 0, name: 'ä', key: 'k' },
    ...{ size: 1, mode: 0, lockTimeoutMs: 0, holder: '', requestId: '' },
  },
];

describe('the file of a session', () => {
  it('gives back what was written last, and is its owner’s alone', async () => {
    const path = makePath();
    const file = await open(path);
    expect(file.read()).toBeNull();
    // Whatever stood there before.
    writeFileSync(`${path}.new`, 'left behind');
    chmodSync(`${path}.new`, 0o666);
    file.write({ ticket, held });
    expect(file.read()).toEqual({ ticket, held });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    file.write({ ticket: { ...ticket, sessionId: 2n ** 62n }, held: [] });
    expect(file.read()).toEqual({ ticket: { ...ticket, sessionId: 2n ** 62n }, held: [] });
    expect(existsSync(`${path}.new`)).toBe(false);
  });

  it('is used by one at a time', async () => {
    const path = makePath();
    const first = await SessionFile.open(path, '');
    await expect(SessionFile.open(path, '')).rejects.toThrow(FileLockedError);
    first.close();
    await open(path);
  });

  it.each([
    'something',
    '{}',
    '{"version":2,"session":"1","password":"","held":[]}',
    '{"version":1,"session":"x","password":"","held":[]}',
    '{"version":1,"session":"1","password":"","held":[{}]}',
    '{"version":1,"session":"1","password":"","held":[],"chroot":1}',
    '{"version":1,"session":"1","password":"","held":',
  ])('is refused where it is none: %s', async (text) => {
    const path = makePath();
    writeFileSync(path, text);
    const file = await open(path);
    expect(() => file.read()).toThrow(SessionFileError);
    expect(() => file.read()).toThrow('is no session file of this server');
    // It is left as it was.
    expect(readFileSync(path, 'utf8')).toBe(text);
  });

  it.each([
    ['/a', '', '/a', '/'],
    ['', '/a', '/', '/a'],
    ['/a', '/a/b', '/a', '/a/b'],
  ])('is refused where its locks are below another node: %j, %j', async (before, now, theirs, ours) => {
    const path = makePath();
    const first = await SessionFile.open(path, before);
    first.write({ ticket, held });
    first.close();
    const text = readFileSync(path, 'utf8');
    const file = await open(path, now);
    expect(() => file.read()).toThrow(SessionFileError);
    expect(() => file.read()).toThrow(
      `zookeeper_session_file: ${path} has locks of the chroot ${theirs}, and zookeeper_connect has the chroot ${ours}`,
    );
    expect(() => file.read()).toThrow('give another path, or remove the file');
    expect(readFileSync(path, 'utf8')).toBe(text);
  });

  it('is read as ever where it does not say below which node its locks are', async () => {
    const path = makePath();
    writeFileSync(
      path,
      '{"version":1,"session":"fffffffffffffffb","password":"BwcHBwcHBwcHBwcHBwcHBw==","held":[]}',
    );
    expect((await open(path)).read()).toEqual({ ticket, held: [] });
  });

  it('is named with the reason where it cannot be', async () => {
    const file = join(makePath(), 'x');
    const opened = SessionFile.open(file, '').catch((reason: unknown) => reason);
    expect(await opened).toBeInstanceOf(SessionFileError);
    expect(await opened).toMatchObject({
      message: expect.stringMatching(/^zookeeper_session_file: cannot lock .*\/x\.lock: .*no such file/),
    });
  });

  it('says why it cannot be written', async () => {
    const path = makePath();
    const file = await open(path);
    rmSync(join(path, '..'), { recursive: true });
    expect(() => file.write({ ticket, held })).toThrow(
      /zookeeper_session_file: open .*: no such file or directory/,
    );
  });
});
