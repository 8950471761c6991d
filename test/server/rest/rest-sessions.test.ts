import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Limits } from '../../../src/base/limits.ts';
import { createLogger, silentLogger } from '../../../src/server/logger.ts';
import { RestCall } from '../../../src/server/rest/rest-call.ts';
import { RestSessions } from '../../../src/server/rest/rest-sessions.ts';
import { SessionDirectory } from '../../../src/server/session-directory.ts';
import { EngineCaller } from '../../engine/engine-caller.ts';
import { openInline } from '../../engine/open-inline.ts';

const TIMEOUT_MS = 4_000;

async function openSessions(lines?: Record<string, unknown>[]) {
  const caller = new EngineCaller();
  const open = await openInline(
    { keepOnSessionEnd: false, gcIntervalMs: 3_600_000, gcMinIdleMs: 3_600_000 },
    caller,
  );
  caller.attach(open);
  const logger =
    lines === undefined
      ? silentLogger()
      : createLogger(
          { logLevel: 'info', logFormat: 'json' },
          { write: (line: string) => lines.push(JSON.parse(line) as Record<string, unknown>) },
        );
  const interrupted: RestCall[] = [];
  const directory = new SessionDirectory(logger);
  const sessions = new RestSessions({
    ...{ engine: open.engine, directory, logger, timeoutMs: TIMEOUT_MS },
    nowMs: () => performance.now(),
    interrupted: (calls) => interrupted.push(...calls),
  });
  return { sessions, directory, interrupted, caller };
}

const call = new RestCall(0);

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('REST sessions', () => {
  it('have ids of their own, of 32 hexadecimal digits', async () => {
    const { sessions } = await openSessions();
    const [a, b] = [sessions.begin('1.2.3.4')!, sessions.begin('1.2.3.4')!];
    expect(a.id).toMatch(/^[0-9a-f]{32}$/);
    expect(b.id).not.toBe(a.id);
    expect(b.number).not.toBe(a.number);
    expect(sessions.find(a.id)).toBe(a);
    expect(sessions.find('0'.repeat(32))).toBeNull();
    sessions.close();
  });

  it('end when they were idle for long, and not before', async () => {
    const { sessions } = await openSessions();
    const a = sessions.begin('::1')!;
    await vi.advanceTimersByTimeAsync(2_500);
    sessions.touch(a);
    await vi.advanceTimersByTimeAsync(3_990);
    expect(sessions.find(a.id)).toBe(a);
    await vi.advanceTimersByTimeAsync(20);
    expect(sessions.find(a.id)).toBeNull();
    expect(a.ended).toBe(true);
  });

  it('do not end while a request is in progress, and have their whole time after it', async () => {
    const { sessions } = await openSessions();
    const a = sessions.begin('::1')!;
    sessions.enter(a, call);
    sessions.touch(a);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(sessions.find(a.id)).toBe(a);
    sessions.leave(a, call);
    await vi.advanceTimersByTimeAsync(3_990);
    expect(sessions.find(a.id)).toBe(a);
    await vi.advanceTimersByTimeAsync(20);
    expect(sessions.find(a.id)).toBeNull();
  });

  it('need one timer for all of them, and none when there are none', async () => {
    const { sessions } = await openSessions();
    expect(vi.getTimerCount()).toBe(0);
    const all = Array.from({ length: 500 }, () => sessions.begin('::1')!);
    expect(vi.getTimerCount()).toBe(1);
    for (const session of all) sessions.touch(session);
    expect(vi.getTimerCount()).toBe(1);
    await vi.advanceTimersByTimeAsync(TIMEOUT_MS + 10);
    expect(sessions.size).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('end each in its own time', async () => {
    const { sessions } = await openSessions();
    const all = [];
    for (let i = 0; i < 10; i++) {
      all.push(sessions.begin('::1')!);
      await vi.advanceTimersByTimeAsync(100);
    }
    await vi.advanceTimersByTimeAsync(TIMEOUT_MS - 1_000 + 450);
    expect(all.map(({ ended }) => ended)).toStrictEqual([...Array(5).fill(true), ...Array(5).fill(false)]);
    sessions.close();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('release their locks when they end, and their requests are told', async () => {
    vi.useRealTimers();
    const { sessions, interrupted, caller } = await openSessions();
    const a = sessions.begin('::1')!;
    await caller.acquire({ name: 'x' }, a.number);
    a.shardMask = 1;
    sessions.enter(a, call);
    sessions.end(a);
    sessions.end(a);
    expect(interrupted).toStrictEqual([call]);
    await caller.settle('x');
    expect((await caller.ask('TryLock', { name: 'x' }, { session: 77 })).locked).toBe(true);
    // What is left behind does not bring it back.
    sessions.leave(a, call);
    expect(a.next).toBeNull();
    sessions.close();
  });

  it(`are no more than ${Limits.restSessionsMax}`, async () => {
    const { sessions } = await openSessions();
    const first = sessions.begin('::1')!;
    for (let i = 1; i < Limits.restSessionsMax; i++) sessions.begin('::1');
    expect(sessions.begin('::1')).toBeNull();
    sessions.end(first);
    expect(sessions.begin('::1')).not.toBeNull();
    sessions.close();
  });

  it('are logged', async () => {
    const lines: Record<string, unknown>[] = [];
    const { sessions } = await openSessions(lines);
    const a = sessions.begin('10.0.0.1')!;
    const b = sessions.begin('::1')!;
    await vi.advanceTimersByTimeAsync(TIMEOUT_MS - 1_000);
    sessions.end(b);
    await vi.advanceTimersByTimeAsync(1_100);
    expect(lines.map(({ msg }) => msg)).toStrictEqual([
      ...['Session started', 'Session started', 'Session ended', 'REST session timeout', 'Session ended'],
    ]);
    expect(lines[0]).toMatchObject({ remote_address: '10.0.0.1:0', rest_session_id: a.id.slice(0, 8) });
    expect(lines[1]).toMatchObject({ remote_address: '[::1]:0' });
    expect(lines[3]).toMatchObject({
      session_id: lines[0]!['session_id'],
      rest_session_id: a.id.slice(0, 8),
    });
    expect(lines[3]!['idle']).toBeGreaterThanOrEqual(4e9);
    expect(lines[3]!['idle']).toBeLessThan(4.1e9);
  });

  it('fill the log no faster than a line at a time is read, however many begin and end', async () => {
    const lines: Record<string, unknown>[] = [];
    const { sessions, directory } = await openSessions(lines);
    for (let i = 0; i < 1_000; i++) sessions.begin('::1');
    const messages = () => lines.splice(0).map(({ msg, count }) => `${msg}${count ?? ''}`);
    expect(messages()).toStrictEqual(Array(5).fill('Session started'));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(messages()).toStrictEqual(['Session started: more than are told of one by one995']);
    await vi.advanceTimersByTimeAsync(TIMEOUT_MS);
    expect(messages().length).toBeLessThanOrEqual(12);
    await vi.advanceTimersByTimeAsync(2_000);
    for (let i = 0; i < 7; i++) sessions.end(sessions.begin('::1')!);
    sessions.close();
    directory.close();
    expect(messages().slice(-2)).toStrictEqual([
      'Session started: more than are told of one by one2',
      'Session ended: more than are told of one by one2',
    ]);
  });

  it('never stand whole in the log', async () => {
    const lines: Record<string, unknown>[] = [];
    const { sessions, directory } = await openSessions(lines);
    const a = sessions.begin('::1')!;
    directory.warn(a.number, 'told by a shard', {});
    await vi.advanceTimersByTimeAsync(TIMEOUT_MS + 10);
    expect(lines).toHaveLength(4);
    const text = JSON.stringify(lines);
    expect(text.split(`"${a.id.slice(0, 8)}"`)).toHaveLength(5);
    expect(text).not.toContain(a.id.slice(0, 9));
  });
});
