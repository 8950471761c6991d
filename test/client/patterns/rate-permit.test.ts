import { describe, expect, it, vi } from 'vitest';
import { ElapsedClock } from '../../../src/client/elapsed-clock.ts';
import { InvalidOptionError, LdlmClient, LockDoesNotExistError } from '../../../src/client/index.ts';
import { nowMs, startBy, timeoutOf } from '../../../src/client/patterns/rate-permit.ts';
import { afterwards, runServer } from '../../server/running-server.ts';

const PER_MS = 60_000;
/** How long a permit lasts beyond its window, and what is spared of that. */
const [SLACK_MS, SPARE_MS] = [1_000, 50];
const SLACK_MS_MAX = 3_600_000;

/** A permit that was just granted, and a clock that stands still. */
async function open() {
  const server = await runServer({ shards: 1 });
  const client = new LdlmClient({ address: server.address });
  afterwards(() => client.close());
  const { key } = await client.lock('r', { size: 2, lockTimeoutMs: timeoutOf(PER_MS), unattended: true });
  const time = { nowMs: 1_000_000 };
  vi.spyOn(ElapsedClock.prototype, 'nowMs').mockImplementation(() => time.nowMs);
  afterwards(() => vi.restoreAllMocks());
  const renew = vi.spyOn(client, 'renew');
  const permit = { name: 'r', key, perMs: PER_MS, askedMs: time.nowMs };
  /** The timeouts that were asked for. */
  const renewed = (): number[] => renew.mock.calls.map(([, , timeoutMs]) => timeoutMs);
  return { server, client, time, renew, renewed, permit };
}

describe('a permit', () => {
  it('is asked for with more than its window', () => {
    expect(timeoutOf(PER_MS)).toBe(PER_MS + SLACK_MS);
  });

  it('has a clock that counts on', () => {
    const beganMs = nowMs();
    expect(nowMs()).toBeGreaterThanOrEqual(beganMs);
  });
});

describe('the start that a permit is for', () => {
  it('is made at once while there is slack, and ends the permit with its window', async () => {
    const { client, renew, renewed, permit } = await open();
    expect(await startBy(client, { ...permit, askedMs: permit.askedMs - (SLACK_MS - SPARE_MS) })).toBe(true);
    expect(renewed()).toEqual([PER_MS + 1]);
    expect(renew.mock.calls[0]!.slice(0, 2)).toEqual(['r', permit.key]);
    await renew.mock.results[0]!.value;
  });

  it('is made behind a renewal where the slack may be over', async () => {
    const { client, renewed, permit } = await open();
    const askedMs = permit.askedMs - (SLACK_MS - SPARE_MS) - 1;
    expect(await startBy(client, { ...permit, askedMs })).toBe(true);
    expect(renewed()).toEqual([PER_MS + 2 * SLACK_MS, PER_MS + 1]);
  });

  it('gives each renewal twice the time of the one before, where the answers take too long', async () => {
    const { client, time, renew, renewed, permit } = await open();
    const slow = LdlmClient.prototype.renew;
    let lateMs = [2 * SLACK_MS, 4 * SLACK_MS - SPARE_MS];
    renew.mockImplementation(async (...call) => {
      await slow.apply(client, call);
      // The one behind the start is waited for by nobody.
      if (call[2] !== PER_MS + 1) time.nowMs += lateMs.shift() ?? 0;
    });
    expect(await startBy(client, { ...permit, askedMs: 0 })).toBe(true);
    // The second answer came in the last moment in which it counts.
    expect(renewed()).toEqual([PER_MS + 2 * SLACK_MS, PER_MS + 4 * SLACK_MS, PER_MS + 1]);
    renew.mockClear();
    lateMs = Array<number>(14).fill(SLACK_MS_MAX);
    expect(await startBy(client, { ...permit, askedMs: 0 })).toBe(true);
    const longest = renewed().slice(0, -1);
    expect(longest.slice(0, 11)).toEqual(
      Array.from({ length: 11 }, (_, i) => PER_MS + SLACK_MS * 2 ** (i + 1)),
    );
    expect(longest.slice(11)).toEqual(Array(4).fill(PER_MS + SLACK_MS_MAX));
  });

  it('is none where the permit has expired before', async () => {
    const { client, renewed, permit } = await open();
    const late = { ...permit, askedMs: 0 };
    await client.unlock('r', permit.key);
    expect(await startBy(client, late)).toBe(false);
    expect(await startBy(client, { ...late, name: 'none' })).toBe(false);
    // Nothing is renewed that counts for nothing.
    expect(renewed()).toEqual(Array(2).fill(PER_MS + 2 * SLACK_MS));
  });

  it('is not made where the renewal fails for another reason', async () => {
    const { client, permit } = await open();
    const wrong = startBy(client, { ...permit, perMs: -PER_MS, askedMs: 0 });
    await expect(wrong).rejects.toBeInstanceOf(InvalidOptionError);
  });

  it('is none either where an older server says that there is no such lock', async () => {
    const { client, renew, permit } = await open();
    renew.mockRejectedValueOnce(new LockDoesNotExistError('r', 'a lock by that name does not exist'));
    expect(await startBy(client, { ...permit, askedMs: 0 })).toBe(false);
  });

  it('counts also where the renewal behind it fails, which is told to nobody', async () => {
    const { client, renew, permit } = await open();
    // A spy would handle what nobody else does.
    renew.mockRestore();
    await client.unlock('r', permit.key);
    expect(await startBy(client, permit)).toBe(true);
    // The answer to that has come before this one.
    await expect(client.renew('r', permit.key, PER_MS)).rejects.toThrow('invalid key');
  });

  it('waits for no answer once it is made', async () => {
    const { client, renew, permit } = await open();
    renew.mockReturnValueOnce(new Promise(() => {}));
    expect(await startBy(client, permit)).toBe(true);
  });
});

describe('who does not want to start any more', () => {
  it('does not wait for the answer to a renewal, and leaves nothing behind at the signal', async () => {
    const { client, renew, permit } = await open();
    const controller = new AbortController();
    const remove = vi.spyOn(controller.signal, 'removeEventListener');
    renew.mockReturnValueOnce(new Promise(() => {}));
    const start = startBy(client, { ...permit, askedMs: 0 }, controller.signal);
    controller.abort(new Error('enough'));
    await expect(start).rejects.toThrow('enough');
    expect(remove).toHaveBeenCalledTimes(1);
    expect(renew).toHaveBeenCalledTimes(1);
  });

  it('is told so where that was known before', async () => {
    const { client, permit } = await open();
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(startBy(client, { ...permit, askedMs: 0 }, signal)).rejects.toThrow('enough');
  });

  it('starts all the same where nothing has to be waited for', async () => {
    const { client, permit } = await open();
    expect(await startBy(client, permit, AbortSignal.abort(new Error('enough')))).toBe(true);
  });
});
