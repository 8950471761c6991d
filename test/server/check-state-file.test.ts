import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { checkStateFile } from '../../src/server/check-state-file.ts';
import { encodeLdlmState } from '../journal/ldlm-state-encoder.ts';
import { afterwards, connect, runServer } from './running-server.ts';

let stateFile: string;

beforeEach(() => {
  const folder = mkdtempSync(join(tmpdir(), 'ldlm-check-'));
  stateFile = join(folder, 'state');
  afterwards(() => rmSync(folder, { recursive: true }));
});

/** Leaves a state with one held and one idle lock. */
async function leaveState(): Promise<void> {
  const server = await runServer({ stateFile, shards: 1 });
  const client = connect(server.address);
  await client.lock({ name: 'held' });
  const { key } = await client.lock({ name: 'idle' });
  await client.unlock('idle', key);
  await server.close();
}

/** Root may write whatever it likes: it gives that up meanwhile. */
async function asNobody<T>(work: () => Promise<T>): Promise<T> {
  const isRoot = process.getuid?.() === 0;
  if (isRoot) process.seteuid?.(65_534);
  try {
    return await work();
  } finally {
    if (isRoot) process.seteuid?.(0);
  }
}

describe('checkStateFile', () => {
  it('says what a state holds, and changes nothing', async () => {
    await leaveState();
    const before = readFileSync(`${stateFile}.1.0`);
    const { isSound, lines } = await checkStateFile(stateFile);
    expect(isSound).toBe(true);
    expect(lines).toEqual([
      `${stateFile}: sound`,
      expect.stringMatching(/state\.1\.0: 2 locks, 1 holders, \d+ batches of 5 records .*; closed in order$/),
    ]);
    expect(readFileSync(`${stateFile}.1.0`)).toEqual(before);
  });

  it('finds damage, and what a crash has torn', async () => {
    await leaveState();
    const path = `${stateFile}.1.0`;
    const bytes = readFileSync(path);
    writeFileSync(path, bytes.subarray(0, bytes.length - 1));
    expect(await checkStateFile(stateFile)).toMatchObject({
      isSound: true,
      lines: [expect.any(String), expect.stringContaining('55 bytes that a crash has torn')],
    });
    bytes[60]! ^= 0x10;
    writeFileSync(path, bytes);
    expect(await checkStateFile(stateFile)).toMatchObject({
      isSound: false,
      lines: [`${stateFile}: damaged`, expect.stringContaining('damaged at offset 0')],
    });
    rmSync(path);
    expect(await checkStateFile(stateFile)).toMatchObject({
      isSound: false,
      lines: [`${stateFile}: damaged`, `${path}: missing`],
    });
  });

  it('knows an empty state, one of LDLM, a foreign file and none', async () => {
    writeFileSync(stateFile, '');
    expect(await checkStateFile(stateFile)).toEqual({ isSound: true, lines: [`${stateFile}: empty`] });
    const lock = { name: 'l', key: '11111111-1111-4111-8111-111111111111', size: 1 };
    writeFileSync(stateFile, encodeLdlmState([{ sessionId: 's', locks: [lock] }], 'plain'));
    expect(await checkStateFile(stateFile)).toMatchObject({
      isSound: true,
      lines: [expect.stringContaining('a state file of LDLM with 1 holders')],
    });
    writeFileSync(stateFile, 'hello');
    await expect(checkStateFile(stateFile)).rejects.toThrow(
      expect.objectContaining({ code: 'LDLM_STATE_FOREIGN' }),
    );
    rmSync(stateFile);
    await expect(checkStateFile(stateFile)).rejects.toThrow(
      expect.objectContaining({ code: 'LDLM_STATE_IO' }),
    );
  });

  it('says so when a server is using it, and does not disturb that', async () => {
    const server = await runServer({ stateFile, shards: 1 });
    const client = connect(server.address);
    await client.lock({ name: 'held' });
    const { lines } = await checkStateFile(stateFile);
    expect(lines[0]).toBe(`${stateFile}: in use by process ${process.pid}: what follows may be written half`);
    expect(lines[2]).toContain('1 locks, 1 holders');
    expect(await client.lock({ name: 'another' })).toMatchObject({ locked: true });
    await server.close();
    expect((await checkStateFile(stateFile)).lines[0]).toBe(`${stateFile}: sound`);
  });

  it('reads a copy that may only be read', async () => {
    await leaveState();
    const files = [`${stateFile}.1.0`, `${stateFile}.lock`, stateFile];
    for (const file of files) chmodSync(file, 0o444);
    chmodSync(dirname(stateFile), 0o555);
    afterwards(() => chmodSync(dirname(stateFile), 0o755));
    const { isSound, lines } = await asNobody(() => checkStateFile(stateFile));
    expect(isSound).toBe(true);
    expect(lines[0]).toBe(`${stateFile}: sound`);
    chmodSync(`${stateFile}.lock`, 0o400);
    const unsure = await asNobody(() => checkStateFile(stateFile));
    if (process.getuid?.() === 0)
      expect(unsure.lines[0]).toMatch(/cannot find out whether a server uses it: .*EACCES/);
    expect(unsure.isSound).toBe(true);
  });
});
