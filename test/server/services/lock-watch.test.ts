import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Limits } from '../../../src/base/limits.ts';
import type { WatchStep } from '../../../src/contract/lock-info.ts';
import { LockWatch } from '../../../src/server/services/lock-watch.ts';
import { FakeWatch } from './fake-source.ts';
import { RecordedCall } from './recorded-call.ts';

const step: WatchStep = { shard: 0, sequence: 1, kind: 'snapshotBegin' };

function begin(early: readonly WatchStep[] = [], backlogBytes = 0) {
  const call = new RecordedCall();
  call.backlogBytes = backlogBytes;
  const lockWatch = new LockWatch(call, () => Buffer.from('step'));
  let watch!: FakeWatch;
  lockWatch.start((listener) => {
    watch = new FakeWatch(listener);
    listener(early);
    return watch;
  });
  return { call, lockWatch, watch };
}

describe('LockWatch', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
  afterEach(() => void vi.useRealTimers());

  it('passes steps on for as long as the client reads', () => {
    const { call, watch } = begin();
    call.backlogBytes = Limits.watchBacklogBytesPause;
    watch.listener([step, step]);
    expect(call.sent.length).toBe(2);
    expect(watch.events).toEqual([]);
  });

  it('is paused once when too much is left unread, and passes on what was under way when that was read', () => {
    const { call, watch } = begin();
    call.backlogBytes = Limits.watchBacklogBytesPause + 1;
    watch.listener([step]);
    watch.listener([step]);
    vi.advanceTimersByTime(1_000);
    expect(call.sent.length).toBe(0);
    expect(watch.events).toEqual(['pause']);
    call.backlogBytes = Limits.watchBacklogBytesResume;
    vi.advanceTimersByTime(200);
    expect(call.sent.length).toBe(2);
    expect(watch.events).toEqual(['pause', 'resume']);
  });

  it('looks at what is left unread before each step, because steps may be long', () => {
    const { call, watch } = begin();
    const { send } = call;
    call.send = (message) => {
      send.call(call, message);
      call.backlogBytes += Limits.watchBacklogBytesPause / 2 + 1;
    };
    watch.listener([step, step, step, step]);
    expect(call.sent.length).toBe(2);
    expect(watch.events).toEqual(['pause']);
  });

  it('goes on when most of that was read, and can be paused again', () => {
    const { call, watch } = begin();
    call.backlogBytes = Limits.watchBacklogBytesPause + 1;
    watch.listener([step]);
    call.backlogBytes = Limits.watchBacklogBytesResume + 1;
    vi.advanceTimersByTime(60_000);
    expect(watch.events).toEqual(['pause']);
    call.backlogBytes = Limits.watchBacklogBytesResume;
    vi.advanceTimersByTime(200);
    expect(watch.events).toEqual(['pause', 'resume']);
    expect(vi.getTimerCount()).toBe(0);
    call.backlogBytes = Limits.watchBacklogBytesPause + 1;
    watch.listener([step]);
    expect(watch.events).toEqual(['pause', 'resume', 'pause']);
  });

  it('looks soon at first, and then rarely', () => {
    const { call, watch } = begin();
    let looks = 0;
    const look = (): number => {
      looks++;
      return Limits.watchBacklogBytesPause + 1;
    };
    Object.defineProperty(call, 'backlogBytes', { get: look });
    watch.listener([step]);
    looks = 0;
    vi.advanceTimersByTime(10);
    expect(looks).toBeLessThan(4);
    vi.advanceTimersByTime(10_000);
    expect(looks).toBeLessThan(300);
  });

  it('is paused also when the steps came before the watch was there', () => {
    expect(begin([step], Limits.watchBacklogBytesPause + 1).watch.events).toEqual(['pause']);
  });

  it('puts many steps into bytes a few at a time, in order', async () => {
    const call = new RecordedCall();
    const lockWatch = new LockWatch(call, ({ sequence }) => Buffer.of(sequence & 255));
    let watch!: FakeWatch;
    lockWatch.start((listener) => {
      watch = new FakeWatch(listener);
      return watch;
    });
    const many = Array.from({ length: 260 }, (_, sequence) => ({ ...step, sequence }));
    watch.listener(many.slice(0, 200));
    watch.listener(many.slice(200));
    expect(call.sent.length).toBe(50);
    await new Promise((resolve) => setImmediate(resolve));
    expect(call.sent.length).toBe(100);
    await vi.waitUntil(() => call.sent.length === 260);
    expect(call.sent.map((bytes) => bytes[0])).toEqual(many.map(({ sequence }) => sequence & 255));
    expect(watch.events).toEqual([]);
  });

  it('is paused when more steps come than can be put into bytes, and goes on when they were', async () => {
    const { call, watch } = begin();
    watch.listener(Array(Limits.watchWaitingStepsPause + 50).fill(step));
    expect(watch.events).toEqual([]);
    watch.listener([step]);
    expect(watch.events).toEqual(['pause']);
    vi.advanceTimersByTime(1_000);
    expect(watch.events).toEqual(['pause']);
    for (let i = 0; i < 60; i++) await new Promise((resolve) => setImmediate(resolve));
    expect(call.sent.length).toBe(Limits.watchWaitingStepsPause + 51);
    vi.advanceTimersByTime(200);
    expect(watch.events).toEqual(['pause', 'resume']);
  });

  it('says nothing and looks no more once it is closed', () => {
    const { call, lockWatch, watch } = begin();
    call.backlogBytes = Limits.watchBacklogBytesPause + 1;
    watch.listener([step]);
    lockWatch.close();
    lockWatch.close();
    watch.listener([step]);
    vi.advanceTimersByTime(1_000);
    expect(call.sent.length).toBe(0);
    expect(watch.events).toEqual(['pause', 'close']);
    expect(vi.getTimerCount()).toBe(0);
  });
});
