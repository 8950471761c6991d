import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { afterwards, connect, type ProgramEnd, ServerProcess } from '../interop/server-process.ts';
import { builtProgram } from './crash-run.ts';
import { startDurable } from './durable-server.ts';

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'ldlm-refused-'));
  afterwards(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** Starts a server that is expected to end at once. */
function runToEnd(stateFile: string): Promise<ProgramEnd> {
  const server = new ServerProcess(
    ['--listen_address', '127.0.0.1:0', '--state_file', stateFile],
    {},
    builtProgram,
  );
  afterwards(() => server.signal('SIGKILL'));
  return server.end;
}

describe('a server that cannot have its state file', () => {
  it('names the process that has it', async () => {
    const stateFile = join(makeFolder(), 'state');
    const { server, address } = await startDurable(stateFile);
    const pid = Number(readFileSync(`${stateFile}.lock`, 'utf8'));
    const { exitCode, stderr } = await runToEnd(stateFile);
    expect(stderr).toMatch(new RegExp(`^[^\\n]*${stateFile}[^\\n]*\\b${pid}\\b[^\\n]*\\n$`));
    expect(exitCode).toBe(1);
    // The first one is none the worse for it.
    expect(await connect(address).tryLock({ name: 'a' })).toMatchObject({ locked: true });
    server.signal('SIGKILL');
  });

  it.each([
    ['text', 'These are my notes.\n'],
    ['a picture', Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex')],
  ])('leaves %s as it was', async (_what, content) => {
    const stateFile = join(makeFolder(), 'state');
    writeFileSync(stateFile, content);
    const { exitCode, stderr } = await runToEnd(stateFile);
    expect(stderr).toMatch(new RegExp(`^[^\\n]*${stateFile} is no state file[^\\n]*\\n$`));
    expect(exitCode).toBe(1);
    expect(readFileSync(stateFile)).toEqual(Buffer.from(content));
  });

  it('says that a folder cannot be written', async () => {
    const folder = makeFolder();
    // Root may write everywhere but on a file system that is mounted for reading only.
    expect(spawnSync('mount', ['-t', 'tmpfs', '-o', 'ro', 'tmpfs', folder]).status).toBe(0);
    afterwards(() => spawnSync('umount', [folder]));
    const { exitCode, stderr } = await runToEnd(join(folder, 'state'));
    expect(stderr).toMatch(new RegExp(`^[^\\n]*${folder}/state[^\\n]*read-only[^\\n]*\\n$`));
    expect(exitCode).toBe(1);
  });

  it('says that a folder is missing', async () => {
    const stateFile = join(makeFolder(), 'missing', 'state');
    const { exitCode, stderr } = await runToEnd(stateFile);
    expect(stderr).toMatch(new RegExp(`^[^\\n]*${stateFile}[^\\n]*no such file or directory[^\\n]*\\n$`));
    expect(exitCode).toBe(1);
  });
});
