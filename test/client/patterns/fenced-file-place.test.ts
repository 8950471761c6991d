import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { FencedFile, StaleTokenError } from '../../../src/client/index.ts';
import { afterwards } from '../../server/running-server.ts';

const built = fileURLToPath(new URL('../../../dist/src/client/index.js', import.meta.url));

function makeFolder(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'ldlm-fenced-')));
  afterwards(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** Starts a program that writes 32 MiB, and ends it in the middle. */
async function killWriter(path: string, token: number): Promise<void> {
  const script = `
    import { FencedFile } from ${JSON.stringify(built)};
    const writing = new FencedFile(process.argv[1]).write(new Uint8Array(1 << 25), BigInt(process.argv[2]));
    await writing;`;
  const writer = spawn(process.execPath, ['--input-type=module', '-e', script, path, String(token)]);
  const ended = once(writer, 'exit');
  const isWriting = (): boolean =>
    existsSync(`${path}.fence`) && readdirSync(`${path}.fence`).some((name) => name.startsWith(`${token}.`));
  while (!isWriting() && writer.exitCode === null) await sleep(1);
  writer.kill('SIGKILL');
  expect(await ended).toEqual([null, 'SIGKILL']);
}

const modeOf = (path: string): number => statSync(path).mode & 0o7777;

describe('the place of a fenced file', () => {
  it('keeps its mode and its owner', async () => {
    const path = join(makeFolder(), 'a');
    writeFileSync(path, 'secret');
    for (const mode of [0o600, 0o640, 0o755]) {
      chmodSync(path, mode);
      await new FencedFile(path).write('new', 1n);
      expect(modeOf(path)).toBe(mode);
    }
    expect(readFileSync(path, 'utf8')).toBe('new');
    if (process.getuid?.() !== 0) return;
    chownSync(path, 65_534, 65_534);
    await new FencedFile(path).write('newer', 2n);
    expect(statSync(path)).toMatchObject({ uid: 65_534, gid: 65_534 });
    expect(modeOf(path)).toBe(0o755);
  });

  it.runIf(process.getuid?.() === 0)('gives the rights of a group to no other group', async () => {
    const folder = makeFolder();
    const path = join(folder, 'a');
    writeFileSync(path, 'secret');
    chmodSync(path, 0o664);
    chmodSync(folder, 0o777);
    process.setegid?.(65_534);
    process.seteuid?.(65_534);
    try {
      await new FencedFile(path).write('new', 1n);
    } finally {
      process.seteuid?.(0);
      process.setegid?.(0);
    }
    expect(statSync(path)).toMatchObject({ uid: 65_534, gid: 65_534 });
    expect(modeOf(path)).toBe(0o604);
  });

  it('is what other new files are when there is none yet', async () => {
    const path = join(makeFolder(), 'a');
    await new FencedFile(path).write('new', 1n);
    expect(modeOf(path)).toBe(0o666 & ~process.umask());
  });

  it('is where a symbolic link leads, with one fence for all paths to it', async () => {
    const folder = makeFolder();
    const [real, link, far] = ['real', 'link', 'far'].map((name) => join(folder, name));
    symlinkSync('real', link!);
    symlinkSync(link!, far!);
    await new FencedFile(link!).write('through a link to nothing', 1n);
    expect(readFileSync(real!, 'utf8')).toBe('through a link to nothing');
    await new FencedFile(far!).write('through two', 5n);
    expect(readFileSync(real!, 'utf8')).toBe('through two');
    expect([link!, far!].map((path) => lstatSync(path).isSymbolicLink())).toEqual([true, true]);
    await expect(new FencedFile(real!).write('late', 4n)).rejects.toBeInstanceOf(StaleTokenError);
    expect(readdirSync(folder).sort()).toEqual(['far', 'link', 'real', 'real.fence']);
    symlinkSync('loop', join(folder, 'loop'));
    await expect(new FencedFile(join(folder, 'loop')).write('', 1n)).rejects.toMatchObject({ code: 'ELOOP' });
  });

  it('is not made together with folders that are missing', async () => {
    const folder = makeFolder();
    const missing = new FencedFile(join(folder, 'no', 'such', 'a'));
    await expect(missing.write('', 1n)).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(missing.fence(1n)).rejects.toMatchObject({ code: 'ENOENT' });
    expect(readdirSync(folder)).toEqual([]);
  });

  it('stays the same when the working folder changes', async () => {
    const folder = makeFolder();
    mkdirSync(join(folder, 'other'));
    const before = process.cwd();
    process.chdir(folder);
    const file = new FencedFile('a');
    process.chdir(join(folder, 'other'));
    await file.write('new', 1n);
    process.chdir(before);
    expect(file.path).toBe(join(folder, 'a'));
    expect(readdirSync(folder).sort()).toEqual(['a', 'a.fence', 'other']);
    expect(readdirSync(join(folder, 'other'))).toEqual([]);
  });

  it('is cleared of what killed writers left by the next one', async () => {
    const path = join(makeFolder(), 'a');
    for (const token of [1, 2, 3]) await killWriter(path, token);
    expect(existsSync(path)).toBe(false);
    expect(readdirSync(`${path}.fence`).length).toBe(2);
    await new FencedFile(path).write('whole', 4n);
    expect(readFileSync(path, 'utf8')).toBe('whole');
    expect(readdirSync(`${path}.fence`)).toEqual(['4']);
  });
});
