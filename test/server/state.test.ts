import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { ErrorCode } from '../../src/contract/error-code.ts';
import { afterwards, connect, runServer } from './running-server.ts';

let folder: string;
let stateFile: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ldlm-state-'));
  stateFile = join(folder, 'state');
  afterwards(() => rmSync(folder, { recursive: true }));
});

/** A server that has just begun on the state file, and a client of it. */
async function begin(options: Parameters<typeof runServer>[0] = {}) {
  const server = await runServer({ stateFile, ...options });
  return { server, client: connect(server.address) };
}

describe('a server with a state file', () => {
  it('keeps locks over an orderly stop, for whoever has their keys', async () => {
    const first = await begin();
    const { key } = await first.client.lock({ name: 'kept', size: 2 });
    const gone = await first.client.lock({ name: 'gone' });
    await first.client.unlock('gone', gone.key);
    await first.server.close();

    const second = await begin();
    expect(await second.client.tryLock({ name: 'gone' })).toMatchObject({ locked: true });
    const other = await second.client.tryLock({ name: 'kept', size: 2 });
    expect(other).toMatchObject({ locked: true });
    expect(await second.client.tryLock({ name: 'kept', size: 2 })).toMatchObject({ locked: false });
    expect(await second.client.unlock('kept', key)).toMatchObject({ unlocked: true });
    expect(await second.client.tryLock({ name: 'kept', size: 2 })).toMatchObject({ locked: true });
  });

  it('never brings back a lock that was unlocked after a restart', async () => {
    const first = await begin();
    const { key } = await first.client.lock({ name: 'once' });
    await first.server.close();
    const second = await begin();
    expect(await second.client.unlock('once', key)).toMatchObject({ unlocked: true });
    await second.server.close();
    const third = await begin();
    expect(await third.client.tryLock({ name: 'once' })).toMatchObject({ locked: true });
  });

  it('gives a loaded lock its own deadline, or the default when it had none', async () => {
    const first = await begin();
    await first.client.lock({ name: 'timed', lock_timeout_ms: 60_000 });
    await first.client.lock({ name: 'untimed' });
    await first.server.close();
    const second = await begin({ defaultLockTimeoutMs: 300 });
    expect(await second.client.lock({ name: 'untimed', wait_timeout_seconds: 5 })).toMatchObject({
      locked: true,
    });
    expect(await second.client.tryLock({ name: 'timed' })).toMatchObject({ locked: false });
  });

  it('can be started with other numbers of shards', async () => {
    const names = Array.from({ length: 40 }, (_, i) => `divided/${i}`);
    const keys: string[] = [];
    const first = await begin({ shards: 2 });
    for (const name of names) keys.push((await first.client.lock({ name })).key);
    await first.server.close();
    for (const shards of [3, 1, 2]) {
      const { server, client } = await begin({ shards });
      for (const [i, name] of names.entries()) {
        expect(await client.tryLock({ name })).toMatchObject({ locked: false });
        const { unlocked } = await client.unlock(name, keys[i]!);
        expect(unlocked).toBe(true);
        keys[i] = (await client.lock({ name })).key;
      }
      await server.close();
    }
    expect(readdirSync(folder).sort()).toEqual(['state', 'state.4.0', 'state.4.1', 'state.lock']);
  });

  it('gives tokens above all that it has ever given', async () => {
    const first = await begin({ shards: 3 });
    const before = await first.client.lock({ name: 'fenced' });
    await first.server.close();
    const second = await begin({ shards: 1 });
    await second.client.unlock('fenced', before.key);
    const after = await second.client.lock({ name: 'fenced' });
    expect(BigInt(after.fencing_token)).toBeGreaterThan(BigInt(before.fencing_token));
  });

  it('answers a repeat of a request from before the restart with the same lock', async () => {
    const request = { name: 'repeated', request_id: Buffer.from('request 1') };
    const first = await begin();
    const before = await first.client.lock(request);
    await first.server.close();
    const second = await begin();
    expect(await second.client.lock(request)).toMatchObject({
      locked: true,
      key: before.key,
      fencing_token: before.fencing_token,
    });
    await second.client.unlock('repeated', before.key);
    await second.server.close();
    const third = await begin();
    expect(await third.client.lock(request)).toMatchObject({
      locked: false,
      error: { code: ErrorCode.LockDoesNotExistOrInvalidKey },
    });
  });

  it('is alone with it', async () => {
    await begin();
    await expect(runServer({ stateFile })).rejects.toMatchObject({
      code: 'LDLM_STATE_IN_USE',
      message: expect.stringContaining(`process ${process.pid}`),
    });
  });

  it('leaves a file alone that it does not know', async () => {
    writeFileSync(stateFile, 'a letter to a friend');
    await expect(runServer({ stateFile })).rejects.toMatchObject({ code: 'LDLM_STATE_FOREIGN' });
    expect(readFileSync(stateFile, 'latin1')).toBe('a letter to a friend');
  });

  it('refuses damage to what was durable, and cuts it off when told to', async () => {
    const first = await begin({ shards: 1 });
    for (let i = 0; i < 20; i++) await first.client.lock({ name: `lock/${i}` });
    await first.server.close();
    const path = `${stateFile}.1.0`;
    const bytes = readFileSync(path);
    bytes[bytes.length >>> 1]! ^= 1;
    writeFileSync(path, bytes);
    await expect(runServer({ stateFile, shards: 1 })).rejects.toMatchObject({
      code: 'LDLM_STATE_DAMAGED',
      message: expect.stringMatching(/state\.1\.0 is damaged at byte \d+: .*--state_repair/),
    });
    expect(readFileSync(path)).toEqual(bytes);
    const { client } = await begin({ shards: 1, stateRepair: true });
    expect(await client.tryLock({ name: 'lock/0' })).toMatchObject({ locked: false });
    expect(await client.tryLock({ name: 'lock/19' })).toMatchObject({ locked: true });
    expect(readFileSync(`${path}.damaged`)).toEqual(bytes);
  });
});
