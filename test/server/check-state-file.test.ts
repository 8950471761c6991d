import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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

describe('checkStateFile', () => {
  it('says what a state holds, and changes nothing', async () => {
    await leaveState();
    const before = readFileSync(`${stateFile}.1.0`);
    const { isSound, lines } = checkStateFile(stateFile);
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
    expect(checkStateFile(stateFile)).toMatchObject({
      isSound: true,
      lines: [expect.any(String), expect.stringContaining('55 bytes that a crash has torn')],
    });
    bytes[60]! ^= 0x10;
    writeFileSync(path, bytes);
    expect(checkStateFile(stateFile)).toMatchObject({
      isSound: false,
      lines: [`${stateFile}: damaged`, expect.stringContaining('damaged at offset 0')],
    });
    rmSync(path);
    expect(checkStateFile(stateFile)).toMatchObject({
      isSound: false,
      lines: [`${stateFile}: damaged`, `${path}: missing`],
    });
  });

  it('knows an empty state, one of LDLM, a foreign file and none', () => {
    writeFileSync(stateFile, '');
    expect(checkStateFile(stateFile)).toEqual({ isSound: true, lines: [`${stateFile}: empty`] });
    const lock = { name: 'l', key: '11111111-1111-4111-8111-111111111111', size: 1 };
    writeFileSync(stateFile, encodeLdlmState([{ sessionId: 's', locks: [lock] }], 'plain'));
    expect(checkStateFile(stateFile)).toMatchObject({
      isSound: true,
      lines: [expect.stringContaining('a state file of LDLM with 1 holders')],
    });
    writeFileSync(stateFile, 'hello');
    expect(() => checkStateFile(stateFile)).toThrow(expect.objectContaining({ code: 'LDLM_STATE_FOREIGN' }));
    rmSync(stateFile);
    expect(() => checkStateFile(stateFile)).toThrow(expect.objectContaining({ code: 'LDLM_STATE_IO' }));
  });
});
