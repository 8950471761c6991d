import { describe, expect, it } from 'vitest';
import { FrameType } from '../../src/protocol/http2/frame.ts';
import { LogLines } from './log-lines.ts';
import { RawPeer } from './raw-peer.ts';
import { afterwards, connect, runServer } from './running-server.ts';

const PASSWORD = 'correct-horse-battery-staple';
const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;

describe('the log of a busy server at debug level', () => {
  it('has neither a whole key nor a password in any line', async () => {
    const log = new LogLines('debug');
    const server = await runServer({ logger: log.logger, password: PASSWORD, warnHeldLongerThanMs: 100 });
    const { address } = server;
    const keys = new Set<string>();
    const work = async (worker: number): Promise<void> => {
      const client = connect(address, { password: PASSWORD });
      for (let i = 0; i < 40; i++) {
        const name = `lock/${(worker + i) % 10}`;
        const request_id = Buffer.from(`request ${worker} ${i}`);
        const lock = await client.lock({ name, lock_timeout_ms: 2_000, wait_timeout_ms: 50, request_id });
        if (lock.key === '') continue;
        keys.add(lock.key);
        await client.tryLock({ name });
        await client.call('Renew', { name, key: lock.key, lock_timeout_seconds: 5 });
        if (i % 3 !== 0) await client.unlock(name, lock.key);
        await client.unlock(name, lock.key);
        await client.unlock(name, `${lock.key}x`);
      }
      client.close();
    };
    await Promise.all(Array.from({ length: 8 }, (_, worker) => work(worker)));
    for (const password of [`${PASSWORD}x`, 'wrong-password']) {
      await expect(connect(address, { password }).tryLock({ name: 'a' })).rejects.toThrow('invalid');
    }
    const peer = await RawPeer.connect(address);
    afterwards(() => peer.socket.destroy());
    peer.send(FrameType.Ping, 0, 0, Buffer.alloc(3));
    await peer.closing();
    await connect(address, { password: PASSWORD }).lock({ name: 'kept' });
    await expect.poll(() => log.of('Lock is held for long').length, { timeout: 5_000 }).toBeGreaterThan(0);
    await server.close();

    const text = log.texts.join('');
    expect(log.texts.length).toBeGreaterThan(2_000);
    expect(text).toContain('gRPC connection failed');
    expect(text).toContain('gRPC authentication failed');
    expect(text).not.toMatch(/horse|wrong-password/);
    expect(keys.size).toBeGreaterThan(50);
    const shown = new Set(text.match(UUID));
    for (const key of keys) expect(shown.has(key)).toBe(false);
    // Their first characters are there, and the only UUIDs are those of sessions.
    expect([...keys].some((key) => text.includes(`"key":"${key.slice(0, 8)}"`))).toBe(true);
    const sessions = log.of('Session started').map(({ session_id }) => session_id);
    expect([...shown].every((uuid) => sessions.includes(uuid))).toBe(true);
  });
});
