import { describe, expect, it } from 'vitest';
import { type Grant, readClaim } from '../../src/client/claim.ts';
import { checkClientOptions, type WaitOptions } from '../../src/client/client-options.ts';
import { ElapsedClock } from '../../src/client/elapsed-clock.ts';
import { GiveBacks } from '../../src/client/give-backs.ts';
import { LockRequests } from '../../src/client/lock-requests.ts';
import { openTransport } from '../../src/client/open-transport.ts';
import type { LockReply, Transport } from '../../src/client/transport.ts';
import { afterwards } from '../server/running-server.ts';
import { type ClientTransport, runDoor } from './client-doors.ts';
import { TcpProxy } from './tcp-proxy.ts';

/** As a server over ZooKeeper answers: grants and renewals say for how long they are good. */
function boundedBy(carrier: Transport, grantsMs: number, renewsMs: number): Transport {
  const say = async (reply: Promise<LockReply>, certainMs: number) => ({ ...(await reply), certainMs });
  return Object.assign(Object.create(carrier) as Transport, {
    lock: (...args: Parameters<Transport['lock']>) => say(carrier.lock(...args), grantsMs),
    tryLock: (...args: Parameters<Transport['tryLock']>) => say(carrier.tryLock(...args), grantsMs),
    renew: (...args: Parameters<Transport['renew']>) => say(carrier.renew(...args), renewsMs),
    unlock: (...args: Parameters<Transport['unlock']>) => carrier.unlock(...args),
  });
}

async function run(
  transport: ClientTransport = 'grpc',
  noClearOnDisconnect = false,
  wrap: (carrier: Transport) => Transport = (carrier) => carrier,
) {
  const server = await runDoor(transport, { noClearOnDisconnect });
  const proxy = await TcpProxy.open(server.address);
  afterwards(() => proxy.close());
  const options = checkClientOptions({ transport, address: proxy.address });
  const carrier = openTransport(options, () => false);
  afterwards(() => carrier.close());
  const clock = new ElapsedClock();
  const closed = new AbortController().signal;
  const requests = new LockRequests({
    transport: wrap(carrier),
    clock,
    giveBacks: new GiveBacks(carrier, closed, 20),
    limits: (lockName) => ({ retries: 100, retryDelayMs: 20, closed, lockName }),
  });
  const claim = (name: string, more: WaitOptions = {}) => readClaim(name, more, options);
  return { server, proxy, requests, claim, clock, carrier };
}

describe.each(['grpc', 'rest'] as const)('a request for a lock over %s', (transport) => {
  it('is granted with when it was sent', async () => {
    const { requests, claim, clock, server } = await run(transport);
    const beganMs = clock.nowMs();
    const grant = await requests.acquire(claim('a'), true, undefined);
    expect(grant!.sentMs).toBeGreaterThanOrEqual(beganMs);
    expect(grant!.sentMs).toBeLessThanOrEqual(clock.nowMs());
    expect([grant!.askedMs, grant!.key.length, server.stats().holders]).toEqual([grant!.sentMs, 36, 1]);
    expect(await requests.acquire(claim('a'), false, undefined)).toBeNull();
    expect(await requests.acquire(claim('a', { waitTimeoutMs: 50 }), true, undefined)).toBeNull();
  });

  it('counts its timeout from a renewal when it was waited for', async () => {
    const { requests, claim, carrier } = await run(transport);
    const first = await requests.acquire(claim('a'), true, undefined);
    const second = requests.acquire(claim('a', { lockTimeoutMs: 600 }), true, undefined);
    await new Promise((resolve) => setTimeout(resolve, 300));
    await carrier.unlock({ name: 'a', key: first!.key, requestId: null });
    const { sentMs, askedMs } = (await second)!;
    expect(sentMs - askedMs).toBeGreaterThan(250);
  });

  it('is taken back with all others whose caller has nothing yet', async () => {
    const { requests, claim, server } = await run(transport);
    await requests.acquire(claim('a'), true, undefined);
    const waiting = [1, 2].map(() => requests.acquire(claim('a'), true, undefined).catch(() => 'ended'));
    await expect.poll(() => server.stats().waiters).toBe(2);
    expect(await Promise.all(requests.abandonAll())).toHaveLength(2);
    expect(server.stats()).toMatchObject({ waiters: 0, holders: 1 });
    expect(await Promise.all(waiting)).toEqual(['ended', 'ended']);
    expect(requests.abandonAll()).toEqual([]);
  });
});

describe('a grant of a server that can answer for it for a while only', () => {
  it('is told with for how long, and is fresh by that', async () => {
    const { requests, claim, carrier } = await run('grpc', false, (to) => boundedBy(to, 600, 5_000));
    const first = (await requests.acquire(claim('a'), true, undefined))!;
    expect([first.sentMs, first.certainMs]).toEqual([first.askedMs, 600]);
    const second = requests.acquire(claim('a', { lockTimeoutMs: 30_000 }), true, undefined);
    await new Promise((resolve) => setTimeout(resolve, 300));
    await carrier.unlock({ name: 'a', key: first.key, requestId: null });
    const { sentMs, askedMs, certainMs } = (await second)!;
    // It was waited for longer than a third of that, and so renewed.
    expect([sentMs - askedMs > 250, certainMs]).toEqual([true, 5_000]);
  });

  it('is confirmed without a timeout, too, when it was waited for, by a repeat that finds it held', async () => {
    const { requests, claim, carrier, server } = await run('grpc', false, (to) => boundedBy(to, 600, 0));
    const untimed = claim('a', { lockTimeoutMs: 0 });
    const first = (await requests.acquire(untimed, true, undefined))!;
    expect([first.sentMs, first.certainMs]).toEqual([first.askedMs, 600]);
    const second = requests.acquire(untimed, true, undefined);
    await new Promise((resolve) => setTimeout(resolve, 300));
    await carrier.unlock({ name: 'a', key: first.key, requestId: null });
    const { sentMs, askedMs, certainMs } = (await second)!;
    expect([sentMs - askedMs > 250, certainMs, server.stats().holders]).toEqual([true, 600, 1]);
  });
});

describe('a grant whose connection is gone', () => {
  it('is moved to the new one, whatever becomes of the old one', async () => {
    const { requests, claim, proxy, server } = await run();
    const asked = claim('a');
    const grant = (await requests.acquire(asked, true, undefined))!;
    proxy.strand();
    const moved = (await requests.rejoin(asked, grant, undefined))!;
    expect([moved.key, moved.fencingToken]).toEqual([grant.key, grant.fencingToken]);
    expect(moved.askedMs).toBeGreaterThan(grant.askedMs);
    const before = server.stats().connections;
    proxy.cutStranded();
    await expect.poll(() => server.stats().connections).toBe(before - 1);
    expect(server.stats().holders).toBe(1);
  });

  it('is lost when the server has freed it, and nothing is left of its request', async () => {
    const { requests, claim, proxy, server } = await run();
    const asked = claim('a');
    const grant = (await requests.acquire(asked, true, undefined))!;
    proxy.cut();
    await expect.poll(() => server.stats().holders).toBe(0);
    expect(await requests.rejoin(asked, grant, undefined)).toBeNull();
    await expect.poll(() => server.stats().holders).toBe(0);
  });

  it.each([
    [30_000, true],
    [0, false],
  ])(
    'is asked for by its key where there are no tokens, if it has a timeout: %i',
    async (lockTimeoutMs, isHeld) => {
      const { requests, claim, proxy } = await run('grpc', true);
      const asked = claim('a', { lockTimeoutMs });
      const grant = (await requests.acquire(asked, true, undefined))!;
      proxy.cut();
      const older: Grant = { ...grant, fencingToken: 0n };
      expect((await requests.rejoin(asked, older, undefined)) !== null).toBe(isHeld);
    },
  );
});
