import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import {
  ClientClosedError,
  InvalidOptionError,
  LdlmClient,
  LockLostError,
  runWhileLeader,
} from '../../../src/client/index.ts';
import { afterwards, runServer } from '../../server/running-server.ts';
import { TcpProxy } from '../tcp-proxy.ts';

function open(address: string): LdlmClient {
  const client = new LdlmClient({ address, retryDelayMs: 20 });
  afterwards(() => client.close());
  return client;
}

async function run() {
  const server = await runServer();
  const proxy = await TcpProxy.open(server.address);
  afterwards(() => proxy.close());
  return { server, proxy, first: open(proxy.address), second: open(server.address) };
}

/** A promise, and what resolves it. */
function gate() {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, opened };
}

const soon = { electionPauseMs: 10 };

describe('a leader', () => {
  it('leads until its body ends, and then the next one does', async () => {
    const { server, first, second } = await run();
    const end = gate();
    let leading = 0;
    const body = (name: string) => async () => {
      expect(++leading).toBe(1);
      await end.opened;
      leading--;
      return name;
    };
    const primary = runWhileLeader(first, 'a', body('first'), soon);
    await expect.poll(() => leading).toBe(1);
    const secondary = runWhileLeader(second, 'a', body('second'), soon);
    await expect.poll(() => server.stats().waiters).toBe(1);
    end.open();
    expect(await Promise.all([primary, secondary])).toEqual(['first', 'second']);
    expect(server.stats().holders).toBe(0);
  });

  it('that loses the lock ends its body, and stands for election again', async () => {
    const { server, proxy, first, second } = await run();
    const [cleanedUp, secondEnds] = [gate(), gate()];
    const tokens: bigint[] = [];
    const reasons: unknown[] = [];
    const primary = runWhileLeader(
      first,
      'a',
      async (signal, lock) => {
        tokens.push(lock.fencingToken);
        if (tokens.length > 1) return 'again';
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        reasons.push(signal.reason);
        await cleanedUp.opened;
        throw signal.reason;
      },
      soon,
    );
    await expect.poll(() => tokens.length).toBe(1);
    const secondary = runWhileLeader(second, 'a', () => secondEnds.opened, soon);
    await expect.poll(() => server.stats().waiters).toBe(1);
    proxy.cut();
    await expect.poll(() => reasons).toEqual([expect.any(LockLostError)]);
    await sleep(100);
    // The secondary leads, and the primary does not stand before its body has ended.
    expect([server.stats().holders, server.stats().waiters]).toEqual([1, 0]);
    cleanedUp.open();
    await expect.poll(() => server.stats().waiters).toBe(1);
    secondEnds.open();
    await secondary;
    expect(await primary).toBe('again');
    expect(tokens[1]).toBeGreaterThan(tokens[0]!);
  });

  it('does not take a result for one that was returned after the loss', async () => {
    const { proxy, first } = await run();
    let terms = 0;
    const result = await runWhileLeader(
      first,
      'a',
      async (signal) => {
        if (++terms > 1) return 'of the second term';
        proxy.cut();
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        return 'too late';
      },
      soon,
    );
    expect(result).toBe('of the second term');
  });

  it('whose body fails gives the lock back', async () => {
    const { server, first } = await run();
    const failing = runWhileLeader(first, 'a', () => {
      throw new Error('in the body');
    });
    await expect(failing).rejects.toThrow('in the body');
    expect(server.stats().holders).toBe(0);
  });

  it('may give the lock back itself', async () => {
    const { first } = await run();
    expect(await runWhileLeader(first, 'a', async (_signal, lock) => lock.unlock())).toBe(true);
  });

  it('is ended by the signal of its caller, and has the last word', async () => {
    const { server, first, second } = await run();
    const controller = new AbortController();
    const primary = runWhileLeader(
      first,
      'a',
      async (signal) => {
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        return [signal.reason.message, server.stats().holders];
      },
      { ...soon, signal: controller.signal },
    );
    await expect.poll(() => server.stats().holders).toBe(1);
    const waiting = new AbortController();
    const secondary = runWhileLeader(second, 'a', () => {}, { signal: waiting.signal });
    await expect.poll(() => server.stats().waiters).toBe(1);
    waiting.abort(new Error('no candidate'));
    await expect(secondary).rejects.toThrow('no candidate');
    controller.abort(new Error('enough'));
    expect(await primary).toEqual(['enough', 1]);
    expect(server.stats()).toMatchObject({ holders: 0, waiters: 0 });
  });

  it('does not stand again once its caller has aborted', async () => {
    const { proxy, first } = await run();
    const controller = new AbortController();
    const options = { electionPauseMs: 60_000, signal: controller.signal };
    const primary = runWhileLeader(
      first,
      'a',
      async (signal) => {
        proxy.cut();
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        setTimeout(() => controller.abort(new Error('during the pause')), 50);
      },
      options,
    );
    await expect(primary).rejects.toThrow('during the pause');
  });

  it('ends with its client, and is refused what it cannot use', async () => {
    const { first, second } = await run();
    const closed = runWhileLeader(first, 'a', () => first.close(), soon);
    await expect(closed).rejects.toBeInstanceOf(ClientClosedError);
    const wrong = runWhileLeader(second, 'a', () => {}, { electionPauseMs: -1 });
    await expect(wrong).rejects.toBeInstanceOf(InvalidOptionError);
  });
});
