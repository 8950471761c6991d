import { describe, expect, it } from 'vitest';
import { type AttemptLimits, attempts } from '../../src/client/attempts.ts';
import {
  AuthenticationError,
  CallFailedError,
  ClientClosedError,
  ServerUnavailableError,
  TlsError,
} from '../../src/client/errors.ts';
import { type FailureKind, TransportError } from '../../src/client/transport.ts';

function limits(more: Partial<AttemptLimits> = {}): () => AttemptLimits {
  return () => ({
    retries: 5,
    retryDelayMs: 2,
    closed: new AbortController().signal,
    lockName: 'a',
    ...more,
  });
}

/** Fails so often, then answers with how many calls there were. */
function failing(times: number, kind: FailureKind = 'unavailable') {
  const seen: number[] = [];
  const attempt = async (before: number): Promise<number> => {
    seen.push(before);
    if (seen.length <= times) throw new TransportError(kind, 'no');
    return seen.length;
  };
  return { seen, attempt };
}

describe('attempts', () => {
  it('go on until there is an answer, and know how many there were', async () => {
    const { attempt, seen } = failing(3);
    expect(await attempts(attempt, limits())).toBe(4);
    expect(seen).toEqual([0, 1, 2, 3]);
  });

  it('end when there were as many retries as are allowed', async () => {
    const { attempt, seen } = failing(9);
    await expect(attempts(attempt, limits({ retries: 2 }))).rejects.toBeInstanceOf(ServerUnavailableError);
    expect(seen).toEqual([0, 1, 2]);
    await expect(attempts(attempt, limits({ retries: 0 }))).rejects.toMatchObject({ lockName: 'a' });
    expect(seen).toHaveLength(4);
  });

  it.each([
    ['unauthenticated', AuthenticationError],
    ['refused', CallFailedError],
    ['aborted', CallFailedError],
    ['insecure', TlsError],
  ] as const)('are not repeated when the call is %s', async (kind, type) => {
    const { attempt, seen } = failing(1, kind);
    await expect(attempts(attempt, limits())).rejects.toBeInstanceOf(type);
    expect(seen).toEqual([0]);
  });

  it('pass on what is no failure of the transport', async () => {
    const wrong = new RangeError('mine');
    await expect(attempts(() => Promise.reject(wrong), limits())).rejects.toBe(wrong);
  });

  it('end with null when the time is over, without waiting for longer than that', async () => {
    const { attempt, seen } = failing(99);
    const untilMs = performance.now() + 60;
    const remainingMs = (): number => untilMs - performance.now();
    expect(await attempts(attempt, limits({ retries: 99, retryDelayMs: 10_000, remainingMs }))).toBeNull();
    expect(performance.now() - untilMs).toBeLessThan(500);
    expect(seen).toEqual([0]);
    expect(await attempts(failing(1).attempt, limits({ remainingMs: () => 0 }))).toBeNull();
  });

  it('end with an error where that was asked for', async () => {
    const late = (cause: TransportError) => new ServerUnavailableError('a', cause, 'too late');
    for (const remainingMs of [() => 0, () => 5]) {
      const ending = attempts(failing(99).attempt, limits({ retryDelayMs: 100, remainingMs, late }));
      await expect(ending).rejects.toMatchObject({ message: 'too late: no', cause: { kind: 'unavailable' } });
    }
  });

  it('go on at once when a wait was cut, which counts as no failure, while there is time', async () => {
    const cut = failing(3, 'cut');
    expect(await attempts(cut.attempt, limits({ retries: 0, retryDelayMs: 60_000 }))).toBe(4);
    expect(cut.seen).toEqual([0, 1, 2, 3]);
    const late = () => new ServerUnavailableError('a', null);
    expect(await attempts(failing(1, 'cut').attempt, limits({ remainingMs: () => 0, late }))).toBeNull();
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(attempts(failing(1, 'cut').attempt, limits({ signal }))).rejects.toThrow('enough');
  });

  it('end at once with the reason of a signal, also in a pause', async () => {
    const controller = new AbortController();
    const { attempt } = failing(99);
    const ending = attempts(attempt, limits({ retryDelayMs: 60_000, signal: controller.signal }));
    setTimeout(() => controller.abort(new Error('enough')), 20);
    await expect(ending).rejects.toThrow('enough');
    await expect(attempts(attempt, limits({ signal: controller.signal }))).rejects.toThrow('enough');
  });

  it('end when the client is closed', async () => {
    const controller = new AbortController();
    const { attempt } = failing(99);
    const ending = attempts(attempt, limits({ retryDelayMs: 60_000, closed: controller.signal }));
    setTimeout(() => controller.abort(), 20);
    await expect(ending).rejects.toBeInstanceOf(ClientClosedError);
  });
});
