import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { connect } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Limits } from '../../../src/base/limits.ts';
import { tryFlock } from '../../../src/filelock/flock.ts';
import { IpcListener, type IpcListenerEvents } from '../../../src/server/ipc/ipc-listener.ts';
import { IpcSocketError } from '../../../src/server/ipc/ipc-socket-error.ts';
import { killProgram, startProgram } from '../../filelock/programs.ts';
import { makeScratchFolder } from '../../filelock/scratch-folder.ts';

const events: IpcListenerEvents = {
  accept(socket) {
    // Who only looks whether somebody listens is gone by now.
    socket.on('error', () => {});
    socket.end('hello');
  },
  failed() {},
};

async function open(path: string, listener = events): Promise<IpcListener> {
  const opened = await IpcListener.open(path, listener);
  onTestFinished(() => opened.close());
  return opened;
}

/** What is read at a socket; the code of the error when it cannot be connected to. */
function readFrom(path: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(path);
    let text = '';
    socket.on('data', (chunk) => {
      text += String(chunk);
    });
    socket.on('error', (error: Error & { code: string }) => resolve(error.code));
    socket.on('close', () => resolve(text));
  });
}

/** Leaves a socket behind, as a server does that is killed. */
function leaveDeadSocket(path: string): void {
  const script = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
  spawnSync(process.execPath, ['-e', script]);
  expect(lstatSync(path).isSocket()).toBe(true);
}

/** Opens a listener in a process of its own; `won` when it could. */
const startWorker = (path: string, startMs = 0) =>
  startProgram(process.execPath, new URL('ipc-worker.mjs', import.meta.url).pathname, path, String(startMs));

const inUse = (path: string) =>
  `ipc.Run(): file: ${path} exists. IPC socket file already exists. A server listens there: ldlm-lock info -s ${path} says which one. Shut down that instance before starting a new one. Alternatively specify a different IPC socket file by --ipc_socket_file`;

describe('IpcListener', () => {
  it('listens at its path, for its owner alone, and leaves nothing else there', async () => {
    const folder = makeScratchFolder();
    const listener = await open(`${folder}/a.sock`);
    expect(lstatSync(`${folder}/a.sock`).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(['a.sock']);
    expect(await readFrom(`${folder}/a.sock`)).toBe('hello');
    listener.close();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('takes a limited number of connections', async () => {
    const path = `${makeScratchFolder()}/a.sock`;
    await open(path, { accept() {}, failed() {} });
    const sockets = Array.from({ length: Limits.ipcConnectionsMax }, () => connect(path));
    onTestFinished(() => sockets.forEach((socket) => void socket.destroy()));
    await Promise.all(sockets.map((socket) => once(socket, 'connect')));
    expect(await readFrom(path)).toBe('');
    expect(sockets.every((socket) => !socket.destroyed)).toBe(true);
  });

  it('refuses a path where another one listens, and does not touch it', async () => {
    const path = `${makeScratchFolder()}/a.sock`;
    await open(path);
    await expect(IpcListener.open(path, events)).rejects.toThrow(new IpcSocketError(inUse(path).slice(11)));
    expect(await readFrom(path)).toBe('hello');
  });

  it('takes a socket for one in use whose owner is too busy to answer', async () => {
    const path = `${makeScratchFolder()}/a.sock`;
    const script = `require('node:net').createServer().listen({ path: ${JSON.stringify(path)}, backlog: 1 }, () => { console.log('up'); for (;;); })`;
    const child = spawn(process.execPath, ['-e', script]);
    onTestFinished(() => void child.kill('SIGKILL'));
    await once(child.stdout, 'data');
    const waiting = Array.from({ length: 8 }, () => connect(path).on('error', () => {}));
    onTestFinished(() => waiting.forEach((socket) => void socket.destroy()));
    await expect(IpcListener.open(path, events)).rejects.toThrow(inUse(path));
  });

  it('replaces a dead socket', async () => {
    const folder = makeScratchFolder();
    leaveDeadSocket(`${folder}/a.sock`);
    expect(await readFrom(`${folder}/a.sock`)).toBe('ECONNREFUSED');
    await open(`${folder}/a.sock`);
    expect(await readFrom(`${folder}/a.sock`)).toBe('hello');
    expect(lstatSync(`${folder}/a.sock`).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(['a.sock']);
  });

  it('never deletes what is no socket', async () => {
    const folder = makeScratchFolder();
    writeFileSync(`${folder}/file`, 'precious');
    mkdirSync(`${folder}/folder`);
    symlinkSync('nowhere', `${folder}/link`);
    for (const name of ['file', 'folder', 'link']) {
      const path = `${folder}/${name}`;
      await expect(IpcListener.open(path, events)).rejects.toThrow(
        `ipc.Run(): file: ${path} exists and is not a socket. Specify a different IPC socket file`,
      );
    }
    expect(readFileSync(`${folder}/file`, 'utf8')).toBe('precious');
    expect(readdirSync(folder).sort()).toEqual(['file', 'folder', 'link']);
  });

  it('removes the file only if it still is its own', async () => {
    const path = `${makeScratchFolder()}/a.sock`;
    const first = await open(path);
    rmSync(path);
    await open(path);
    first.close();
    expect(await readFrom(path)).toBe('hello');
  });

  it('does not touch the socket of the next server, however often it closes', async () => {
    const path = `${makeScratchFolder()}/a.sock`;
    for (let round = 0; round < 30; round++) {
      const ending = await open(path);
      ending.close();
      const next = await open(path);
      ending.close();
      expect(existsSync(path)).toBe(true);
      next.close();
    }
  });

  it('does not mind that the file is gone when it closes', async () => {
    const folder = makeScratchFolder();
    const listener = await open(`${folder}/a.sock`);
    rmSync(`${folder}/a.sock`);
    listener.close();
    expect(readdirSync(folder)).toEqual([]);
  });

  it.each([
    ['no/such/folder/a.sock', 'no such file or directory'],
    ['file/a.sock', 'not a directory'],
  ])('says why it cannot listen at %s', async (name, reason) => {
    const folder = makeScratchFolder();
    writeFileSync(`${folder}/file`, '');
    const path = `${folder}/${name}`;
    await expect(IpcListener.open(path, events)).rejects.toThrow(
      `ipc.Run(): ipc.Run() net.listen error: listen unix ${path}: bind: ${reason}`,
    );
  });

  it('refuses a path that does not fit a socket address, to the byte', async () => {
    const folder = makeScratchFolder();
    const longest = `${folder}/é`.padEnd(106, 'x');
    expect(Buffer.byteLength(longest)).toBe(107);
    await open(longest);
    expect(await readFrom(longest)).toBe('hello');
    const tooLong = `${longest}x`;
    await expect(IpcListener.open(tooLong, events)).rejects.toThrow('at most 107 bytes');
    expect(readdirSync(folder).length).toBe(1);
  });

  it('waits for one who looks at the same folder, and gives up in the end', async () => {
    const folder = makeScratchFolder();
    leaveDeadSocket(`${folder}/a.sock`);
    const locked = openSync(folder, 'r');
    expect(await tryFlock(locked)).toBe(true);
    const opening = open(`${folder}/a.sock`);
    await expect(opening).rejects.toThrow(`somebody else keeps ${folder} locked`);
    expect(existsSync(`${folder}/a.sock`)).toBe(true);
  });

  it('removes the file when the process exits in no order', async () => {
    const folder = makeScratchFolder();
    const [child, outcome] = await startWorker(`${folder}/a.sock`);
    expect(outcome).toBe('won');
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([3, null]);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('is had by exactly one of many who come at once to a dead socket', { timeout: 60_000 }, async () => {
    const folder = makeScratchFolder();
    for (let round = 0; round < 5; round++) {
      leaveDeadSocket(`${folder}/a.sock`);
      const startMs = Date.now() + 1_000;
      const racers = await Promise.all(
        Array.from({ length: 6 }, () => startWorker(`${folder}/a.sock`, startMs)),
      );
      const outcomes = racers.map(([, outcome]) => outcome);
      expect(outcomes.sort()).toEqual([...Array(5).fill('LDLM_IPC_SOCKET'), 'won']);
      expect(await readFrom(`${folder}/a.sock`)).toBe('hello');
      expect(readdirSync(folder)).toEqual(['a.sock']);
      await Promise.all(racers.map(([child]) => killProgram(child)));
      rmSync(`${folder}/a.sock`);
    }
  });
});
