import { getEventListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { CallEnd } from '../../src/client/call-end.ts';
import { TIMER_MS_MAX } from '../../src/client/pause.ts';
import { type CallLimits, TransportError } from '../../src/client/transport.ts';

const aborted = { name: 'TransportError', kind: 'aborted', message: 'the call was aborted' };
const never = new Promise<never>(() => {});

function limit(limits: CallLimits): CallEnd {
  const end = new CallEnd(limits);
  onTestFinished(() => end.close());
  return end;
}

function timers(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
}

/** What `check` throws; null when it throws nothing. */
function stateOf(end: CallEnd): unknown {
  try {
    end.check();
    return null;
  } catch (error) {
    return error;
  }
}

describe('the end of a call', () => {
  it('does not come where nothing limits it', async () => {
    const end = limit({});
    expect(await end.race(sleep(20, 'value'))).toBe('value');
    expect(stateOf(end)).toBeNull();
  });

  it('comes when the signal aborts, which its reason does not change', () => {
    const controller = new AbortController();
    const end = limit({ signal: controller.signal });
    expect(stateOf(end)).toBeNull();
    controller.abort(new Error('mine'));
    expect(stateOf(end)).toMatchObject(aborted);
    expect(stateOf(end)).toBeInstanceOf(TransportError);
  });

  it('has come when the signal had aborted before', async () => {
    const end = limit({ signal: AbortSignal.abort() });
    expect(stateOf(end)).toMatchObject(aborted);
    await expect(end.race(never)).rejects.toMatchObject(aborted);
  });

  it('comes when the time is over, and says how long that was', async () => {
    const end = limit({ timeoutMs: 30 });
    const began = performance.now();
    await expect(end.race(never)).rejects.toMatchObject({
      kind: 'unanswered',
      message: 'there was no answer within 30 ms',
    });
    expect(performance.now() - began).toBeGreaterThan(25);
    expect(stateOf(end)).toMatchObject({ kind: 'unanswered' });
  });

  it.each([TIMER_MS_MAX, TIMER_MS_MAX + 1, 2 ** 53, Number.POSITIVE_INFINITY])(
    'does not come at once with a time of %d ms',
    async (timeoutMs) => {
      const end = limit({ timeoutMs });
      await sleep(40);
      expect(stateOf(end)).toBeNull();
    },
  );

  it('stays what it was when there is another reason for it later', async () => {
    const controller = new AbortController();
    const end = limit({ signal: controller.signal, timeoutMs: 20 });
    await expect(end.race(never)).rejects.toMatchObject({ kind: 'unanswered' });
    controller.abort();
    expect(stateOf(end)).toMatchObject({ kind: 'unanswered' });
  });

  it('is told to whoever waits for it then', () => {
    const controller = new AbortController();
    const end = limit({ signal: controller.signal });
    const told: TransportError[] = [];
    end.onEnd = () => expect.unreachable('it was replaced');
    end.onEnd = (error) => told.push(error);
    controller.abort();
    expect(told).toEqual([expect.objectContaining(aborted)]);
    expect(stateOf(end)).toBe(told[0]);
  });

  it('does not come any more when the call is over', async () => {
    const controller = new AbortController();
    const before = timers();
    const end = limit({ signal: controller.signal, timeoutMs: 20 });
    // Whether the process goes on is not for its timer to say.
    expect([timers(), getEventListeners(controller.signal, 'abort').length]).toEqual([before, 1]);
    end.close();
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
    controller.abort();
    await sleep(50);
    expect(stateOf(end)).toBeNull();
  });
});

describe('a race with the end of a call', () => {
  it('resolves or rejects as its promise does when that comes first', async () => {
    const end = limit({ timeoutMs: 60_000 });
    const wrong = new RangeError('mine');
    expect(await end.race(Promise.resolve(7))).toBe(7);
    await expect(end.race(Promise.reject(wrong))).rejects.toBe(wrong);
    expect(end.onEnd).toBeNull();
  });

  it('leaves nobody to be told of the end when it is over', async () => {
    const controller = new AbortController();
    const end = limit({ signal: controller.signal });
    const racing = end.race(never);
    expect(end.onEnd).not.toBeNull();
    controller.abort();
    await expect(racing).rejects.toMatchObject(aborted);
    expect(end.onEnd).toBeNull();
  });

  it('hides what becomes of its promise after the end', async () => {
    const unhandled: unknown[] = [];
    const note = (error: unknown): void => void unhandled.push(error);
    process.on('unhandledRejection', note);
    onTestFinished(() => void process.off('unhandledRejection', note));
    const late = sleep(20).then(() => Promise.reject(new Error('too late')));
    await expect(limit({ signal: AbortSignal.abort() }).race(late)).rejects.toMatchObject(aborted);
    await sleep(100);
    expect(unhandled).toEqual([]);
  });
});
