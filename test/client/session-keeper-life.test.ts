import type { RequestListener } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { CallEnd } from '../../src/client/call-end.ts';
import { ElapsedClock, type ElapsedTime } from '../../src/client/elapsed-clock.ts';
import { HttpPool } from '../../src/client/http-pool.ts';
import { SessionKeeper } from '../../src/client/session-keeper.ts';
import { runRest } from '../server/rest/rest-client.ts';
import { afterwards } from '../server/running-server.ts';
import { silence } from './http-peer.ts';
import { openSessions } from './session-peer.ts';

const eventually = { timeout: 10_000 };
const unlimited = () => new CallEnd({});
const call = { method: 'POST', path: '/v1/lock', body: '{}' } as const;

function keep(address: string, clock: ElapsedTime = new ElapsedClock(), certainMsMax?: number) {
  const pool = new HttpPool(address, null);
  const keeper = new SessionKeeper(pool, { authorization: 'Basic eA==' }, clock, certainMsMax);
  const losses = { count: 0 };
  keeper.onLost = () => losses.count++;
  afterwards(async () => {
    await keeper.close();
    await pool.close();
  });
  return { pool, keeper, losses };
}

async function run(timeoutMs: number | null = 600_000, clock?: ElapsedTime, certainMsMax?: number) {
  const server = await openSessions(timeoutMs);
  return { ...server, ...keep(server.peer.address, clock, certainMsMax) };
}

describe('a session', () => {
  it('is begun once, with the first call, for all who want one at a time', async () => {
    const { peer, keeper, seen, answer } = await run();
    const answers: (() => void)[] = [];
    peer.answer = (...exchange) => answers.push(() => answer(...exchange));
    const given = Promise.all(Array.from({ length: 5 }, () => keeper.current(unlimited())));
    await expect.poll(() => answers.length, eventually).toBe(1);
    answers[0]!();
    expect(new Set(await given).size).toBe(1);
    expect(await keeper.current(unlimited())).toBe((await given)[0]);
    expect(seen('POST')).toMatchObject([{ headers: { authorization: 'Basic eA==' }, body: '' }]);
  });

  it('is given up sooner where that is wanted, and kept by as many probes', async () => {
    const { peer, keeper, losses, seen } = await run(600_000, undefined, 300);
    const session = await keeper.current(unlimited());
    expect([session.probeMs, keeper.isAlive]).toEqual([100, true]);
    await expect.poll(() => seen('GET').length, eventually).toBeGreaterThan(5);
    expect([session.probeMs, losses.count]).toEqual([100, 0]);
    peer.answer = silence;
    await expect.poll(() => losses.count, eventually).toBe(1);
    expect(keeper.isAlive).toBe(false);
  });

  it('is waited for by each only as long as it likes', async () => {
    const { peer, keeper, answer } = await run();
    const answers: (() => void)[] = [];
    peer.answer = (...exchange) => answers.push(() => answer(...exchange));
    const controller = new AbortController();
    const impatient = keeper.current(new CallEnd({ signal: controller.signal }));
    const patient = keeper.current(unlimited());
    await expect.poll(() => answers.length, eventually).toBe(1);
    controller.abort();
    await expect(impatient).rejects.toMatchObject({ kind: 'aborted' });
    answers[0]!();
    expect((await patient).id).toBe('1');
  });

  it('goes with every request, as do the headers', async () => {
    const { keeper, seen } = await run();
    const session = await keeper.current(unlimited());
    expect((await keeper.ask(session, call, unlimited())).status).toBe(200);
    const headers = { cookie: 'ldlm-session=1', authorization: 'Basic eA==' };
    expect(seen('POST', '/v1/lock')).toMatchObject([{ headers, body: '{}' }]);
  });

  it.each<[string, number, Record<string, string>, string]>([
    ['a password is missing', 401, { 'www-authenticate': 'Basic' }, 'unauthenticated'],
    ['there are too many', 429, {}, 'refused'],
    ['the server is stopping', 503, {}, 'unavailable'],
    ['the answer has no cookie', 201, {}, 'refused'],
    ['the answer is another one', 200, { 'set-cookie': 'a=b' }, 'refused'],
  ])('is not begun when %s, and is tried again', async (_, status, headers, kind) => {
    const { peer, keeper, answer } = await run();
    peer.answer = (_request, response) => response.writeHead(status, headers).end();
    await expect(keeper.current(unlimited())).rejects.toMatchObject({ name: 'TransportError', kind });
    peer.answer = answer;
    expect((await keeper.current(unlimited())).id).toBe('1');
  });

  it('counts from when the request was sent that was answered, the last of them', async () => {
    const time = { ms: 1_000 };
    const { peer, keeper, answer } = await run(600_000, { nowMs: () => time.ms });
    const session = await keeper.current(unlimited());
    expect(time.ms - session.idleMs).toBe(1_000);
    const answers: (() => void)[] = [];
    peer.answer = (...exchange) => answers.push(() => answer(...exchange));
    time.ms = 2_000;
    const first = keeper.ask(session, call, unlimited());
    await expect.poll(() => answers.length, eventually).toBe(1);
    time.ms = 3_000;
    const second = keeper.ask(session, call, unlimited());
    await expect.poll(() => answers.length, eventually).toBe(2);
    time.ms = 4_000;
    answers[1]!();
    await second;
    expect(time.ms - session.idleMs).toBe(3_000);
    answers[0]!();
    await first;
    expect(time.ms - session.idleMs).toBe(3_000);
  });
});

describe('a session that nobody uses', () => {
  it('is used by its keeper before it ends', async () => {
    const { keeper, seen, losses } = await run(6_000);
    await keeper.current(unlimited());
    await expect.poll(() => seen('GET').length, eventually).toBeGreaterThan(1);
    expect(seen('GET')[0]).toMatchObject({ headers: { cookie: 'ldlm-session=1' } });
    expect([losses.count, seen('POST').length]).toEqual([0, 1]);
  });

  it.each([
    ['a connection of it ends', false],
    ['the server says that it closes one', true],
  ])('is looked after at once when %s', async (_, says) => {
    const { peer, keeper, answer, seen, losses } = await run();
    const session = await keeper.current(unlimited());
    if (says) peer.answer = (request, response) => answer(request, response.setHeader('Connection', 'close'));
    await keeper.ask(session, call, unlimited());
    if (!says) peer.cut();
    await expect.poll(() => seen('GET').length, eventually).toBeGreaterThan(0);
    await expect.poll(() => session.isDoubtful, eventually).toBe(false);
    expect([losses.count, await keeper.current(unlimited())]).toEqual([0, session]);
  });
});

describe('a session that is lost', () => {
  it('is told once, and another one is begun, which late answers do not take away', async () => {
    const { keeper, live, losses } = await run();
    const session = await keeper.current(unlimited());
    live.clear();
    expect((await keeper.ask(session, call, unlimited())).status).toBe(401);
    expect(losses.count).toBe(1);
    const next = await keeper.current(unlimited());
    expect(next.id).toBe('2');
    await keeper.ask(session, call, unlimited());
    expect([losses.count, await keeper.current(unlimited())]).toEqual([1, next]);
  });

  it('is not when a password is asked for', async () => {
    const { peer, keeper, losses } = await run();
    const session = await keeper.current(unlimited());
    peer.answer = (_request, response) => response.writeHead(401, { 'www-authenticate': 'Basic' }).end();
    expect((await keeper.ask(session, call, unlimited())).status).toBe(401);
    expect([losses.count, await keeper.current(unlimited())]).toEqual([0, session]);
  });

  it('is missed without a call when the server has been started anew', async () => {
    const { peer, keeper, live, losses } = await run();
    await keeper.current(unlimited());
    live.clear();
    peer.cut();
    await expect.poll(() => losses.count, eventually).toBe(1);
  });

  it.each<[string, RequestListener]>([
    ['brings no answers', silence],
    ['answers out of no session', (_request, response) => response.writeHead(404).end()],
  ])('is given up, with all that waits in it, when the server %s', async (_, answer) => {
    const { peer, keeper, losses } = await run(2_000);
    const session = await keeper.current(unlimited());
    peer.answer = (request, response) => {
      if (request.url === '/session') answer(request, response);
    };
    const waiting = keeper.ask(session, call, unlimited());
    await expect(waiting).rejects.toMatchObject({ kind: 'unavailable' });
    await expect.poll(() => losses.count, eventually).toBe(1);
  });
});

describe('a session that is closed', () => {
  it('is ended on the server, without a loss, and none is begun any more', async () => {
    const { keeper, seen, losses } = await run(6_000);
    await keeper.current(unlimited());
    await keeper.close();
    expect(seen('DELETE')).toMatchObject([
      { headers: { cookie: 'ldlm-session=1', authorization: 'Basic eA==' } },
    ]);
    const closed = { kind: 'unavailable', message: 'the session is closed' };
    await expect(keeper.current(unlimited())).rejects.toMatchObject(closed);
    const probes = seen('GET').length;
    // It would be used twice in that time.
    await sleep(3_500);
    await keeper.close();
    expect([seen('GET').length, seen('DELETE').length, losses.count]).toEqual([probes, 1, 0]);
  });

  it('before it was begun is not heard of', async () => {
    const { peer, keeper } = await run();
    await keeper.close();
    await expect(keeper.current(unlimited())).rejects.toMatchObject({ kind: 'unavailable' });
    expect(peer.connections).toBe(0);
  });

  it('is left to its timeout where the server does not answer, or is gone', async () => {
    const [silent, gone] = [await run(), await run()];
    for (const { keeper } of [silent, gone]) await keeper.current(unlimited());
    silent.peer.answer = silence;
    await gone.peer.close();
    await expect(silent.keeper.close()).resolves.toBeUndefined();
    await expect(gone.keeper.close()).resolves.toBeUndefined();
    expect([silent.losses.count, gone.losses.count]).toEqual([0, 0]);
  });

  it('is one that a real server knew', async () => {
    const server = await runRest();
    const { keeper } = keep(server.rest);
    const session = await keeper.current(unlimited());
    expect((await keeper.ask(session, { ...call, body: '{"name":"a"}' }, unlimited())).status).toBe(200);
    expect(server.stats().holders).toBe(1);
    await keeper.close();
    await expect.poll(() => server.stats(), eventually).toMatchObject({ holders: 0 });
  });
});
