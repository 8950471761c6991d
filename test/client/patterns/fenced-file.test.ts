import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { FencedFile, InvalidOptionError, LdlmClient, StaleTokenError } from '../../../src/client/index.ts';
import { afterwards, runServer } from '../../server/running-server.ts';

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'ldlm-fenced-'));
  afterwards(() => rmSync(folder, { recursive: true }));
  return folder;
}

describe('a fenced file', () => {
  it('refuses a holder whose lock was lost without its noticing', async () => {
    const path = join(makeFolder(), 'report.json');
    const server = await runServer();
    const client = new LdlmClient({ address: server.address });
    afterwards(() => client.close());
    const first = await client.lock('report', { lockTimeoutMs: 200, autoRenew: false });
    await new FencedFile(path).write('first', first.fencingToken);
    const second = await client.lock('report');
    await new FencedFile(path).write('second', second.fencingToken);
    const late = new FencedFile(path).write('late', first.fencingToken);
    await expect(late).rejects.toBeInstanceOf(StaleTokenError);
    await expect(late).rejects.toMatchObject({
      code: 'LDLM_STALE_TOKEN',
      fencingToken: first.fencingToken,
      largestToken: second.fencingToken,
    });
    expect(readFileSync(path, 'utf8')).toBe('second');
  });

  it('takes one token as often as it likes, and leaves one name beside it', async () => {
    const folder = makeFolder();
    const file = new FencedFile(join(folder, 'a'));
    expect(await file.largestToken()).toBe(0n);
    for (const token of [9n, 9n, 10n, 2n ** 64n - 1n]) await file.write(`of ${token}`, token);
    await file.write(new Uint8Array([0, 255]), 2n ** 64n - 1n);
    expect([...readFileSync(file.path)]).toEqual([0, 255]);
    expect(readdirSync(folder).sort()).toEqual(['a', 'a.fence']);
    expect(readdirSync(`${file.path}.fence`)).toEqual([String(2n ** 64n - 1n)]);
    expect(await file.largestToken()).toBe(2n ** 64n - 1n);
  });

  it('shuts out the writers before a holder that only reads yet', async () => {
    const file = new FencedFile(join(makeFolder(), 'a'));
    await file.write('first', 1n);
    await file.fence(3n);
    await expect(file.write('late', 2n)).rejects.toBeInstanceOf(StaleTokenError);
    await expect(file.fence(2n)).rejects.toBeInstanceOf(StaleTokenError);
    expect(readFileSync(file.path, 'utf8')).toBe('first');
  });

  it('refuses a writer that was overtaken while it wrote', async () => {
    const folder = makeFolder();
    const file = new FencedFile(join(folder, 'a'));
    await file.write('before', 1n);
    // Writing so much takes many times as long as the name of a token.
    const writing = file.write(new Uint8Array(64 * 1024 * 1024), 2n);
    const refused = expect(writing).rejects.toBeInstanceOf(StaleTokenError);
    while (!readdirSync(`${file.path}.fence`).some((name) => name.endsWith('.tmp'))) await setImmediate();
    await file.fence(3n);
    await refused;
    expect(readFileSync(file.path, 'utf8')).toBe('before');
    expect(readdirSync(`${file.path}.fence`)).toEqual(['3']);
  });

  it('is changed by no smaller token once a larger one has shut it out', async () => {
    const path = join(makeFolder(), 'a');
    const refusals: unknown[] = [];
    for (let round = 1; round <= 400; round += 2) {
      const late = new FencedFile(path)
        .write(`of ${round}`, BigInt(round))
        .catch((error: unknown) => refusals.push(error));
      await sleep(Math.random() * 4);
      await new FencedFile(path).fence(BigInt(round + 1));
      const before = existsSync(path) ? readFileSync(path, 'utf8') : null;
      await late;
      expect(existsSync(path) ? readFileSync(path, 'utf8') : null).toBe(before);
      expect(readdirSync(`${path}.fence`)).toEqual([String(round + 1)]);
    }
    for (const refusal of refusals) expect(refusal).toBeInstanceOf(StaleTokenError);
    // Some came through and some did not, or the rounds would say nothing.
    expect(refusals.length).toBeGreaterThan(0);
    expect(refusals.length).toBeLessThan(200);
  });

  it('keeps the largest token, and whole files, whatever writers come at a time', async () => {
    const folder = makeFolder();
    const path = join(folder, 'a');
    const tokens = Array.from({ length: 40 }, (_, n) => BigInt(((n * 17) % 40) + 1));
    const textOf = (token: bigint): string => `${token},`.repeat(10_000);
    const ends = await Promise.allSettled(
      tokens.map((token) => new FencedFile(path).write(textOf(token), token)),
    );
    const written = tokens.filter((_, n) => ends[n]!.status === 'fulfilled');
    for (const end of ends) {
      if (end.status === 'rejected') expect(end.reason).toBeInstanceOf(StaleTokenError);
    }
    expect(written).toContain(40n);
    expect(await new FencedFile(path).largestToken()).toBe(40n);
    expect(written.map(textOf)).toContain(readFileSync(path, 'utf8'));
    expect(readdirSync(folder).sort()).toEqual(['a', 'a.fence']);
    await expect(new FencedFile(path).write('late', 39n)).rejects.toBeInstanceOf(StaleTokenError);
  });

  it('leaves nothing behind when it cannot be written, and wants a token', async () => {
    const folder = makeFolder();
    const isFolder = new FencedFile(join(folder, 'a.fence'));
    await new FencedFile(join(folder, 'a')).fence(1n);
    await expect(isFolder.write('x', 1n)).rejects.toMatchObject({ code: 'EISDIR' });
    expect(readdirSync(folder).sort()).toEqual(['a.fence', 'a.fence.fence']);
    await expect(isFolder.write('x', 0n)).rejects.toBeInstanceOf(InvalidOptionError);
  });
});
