import { existsSync, linkSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { SocketFile } from '../../../src/server/ipc/socket-file.ts';
import { makeScratchFolder } from '../../filelock/scratch-folder.ts';

function listen(path: string): Promise<void> {
  const server = createServer();
  onTestFinished(() => void server.close());
  return new Promise((resolve) => server.listen(path, resolve));
}

describe('SocketFile', () => {
  it('has its socket bound in a folder beside the path that only the owner enters', async () => {
    const folder = makeScratchFolder();
    await SocketFile.place(`${folder}/a.sock`, async (privatePath) => {
      expect(dirname(dirname(privatePath))).toBe(folder);
      expect(statSync(dirname(privatePath)).mode & 0o777).toBe(0o700);
      expect(existsSync(`${folder}/a.sock`)).toBe(false);
      await listen(privatePath);
    });
    expect(readdirSync(folder)).toEqual(['a.sock']);
    expect(statSync(`${folder}/a.sock`).mode & 0o777).toBe(0o600);
  });

  it('leaves nothing behind when its socket cannot listen', async () => {
    const folder = makeScratchFolder();
    const failing = () => Promise.reject(new Error('no more sockets'));
    await expect(SocketFile.place(`${folder}/a.sock`, failing)).rejects.toThrow('no more sockets');
    expect(readdirSync(folder)).toEqual([]);
  });

  it('removes its own file, and no other that has taken its place', async () => {
    const path = `${makeScratchFolder()}/a.sock`;
    const file = await SocketFile.place(path, listen);
    file.remove();
    expect(existsSync(path)).toBe(false);
    file.remove();
    const again = await SocketFile.place(path, listen);
    rmSync(path);
    writeFileSync(path, 'of somebody else');
    again.remove();
    expect(existsSync(path)).toBe(true);
  });

  it('removes nothing twice, whose file ever has its inode by then', async () => {
    const path = `${makeScratchFolder()}/a.sock`;
    const file = await SocketFile.place(path, listen);
    // File systems use the number of an inode again at once; a link does so surely.
    linkSync(path, `${path}.kept`);
    file.remove();
    linkSync(`${path}.kept`, path);
    file.remove();
    expect(existsSync(path)).toBe(true);
  });
});
