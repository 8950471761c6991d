import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Newcomers, type NewcomersOptions } from '../../src/server/newcomers.ts';

const BURST = 20;

let server: Server;
let newcomers: Newcomers;
let turnedAway: number[];
const sockets: Socket[] = [];

async function start(options: Partial<NewcomersOptions> = {}): Promise<void> {
  turnedAway = [];
  newcomers = new Newcomers({
    connectionsMax: 1_000,
    burst: BURST,
    perSecond: 10,
    perFailure: 4,
    nowMs: () => performance.now(),
    turnedAway: (count) => turnedAway.push(count),
    ...options,
  });
  newcomers.watch(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
}

/** Connects, and says whether the door was open. */
async function knock(): Promise<boolean> {
  const { port } = server.address() as AddressInfo;
  const socket = connect(port, '127.0.0.1');
  sockets.push(socket);
  socket.on('error', () => {});
  const answer = once(socket, 'data').then(() => true);
  return Promise.race([answer, once(socket, 'close').then(() => false)]);
}

async function knockTimes(count: number): Promise<number> {
  const answers = await Promise.all(Array.from({ length: count }, knock));
  return answers.filter((open) => open).length;
}

beforeEach(() => {
  server = createServer((socket) => {
    socket.on('error', () => {});
    socket.write('come in');
  });
});

afterEach(() => {
  newcomers.close();
  server.close();
  for (const socket of sockets.splice(0)) socket.destroy();
});

describe('Newcomers', () => {
  it('lets as many in at once as its burst says, and turns the others away', async () => {
    await start({ nowMs: () => 0 });
    expect(await knockTimes(BURST)).toBe(BURST);
    // The one that finds the bucket empty still comes in: it is told by its coming.
    expect(await knockTimes(1)).toBe(1);
    expect(await knockTimes(1)).toBe(0);
  });

  it('says once a second how many it turned away', async () => {
    await start({ nowMs: () => 0 });
    await knockTimes(BURST + 1);
    const refused = 7 - (await knockTimes(7));
    expect(refused).toBeGreaterThan(0);
    expect(turnedAway).toEqual([]);
    await expect.poll(() => turnedAway, { timeout: 3_000 }).toEqual([refused]);
  });

  it('lets newcomers in again at its rate', async () => {
    let nowMs = 0;
    await start({ nowMs: () => nowMs });
    await knockTimes(BURST + 1);
    expect(await knockTimes(1)).toBe(0);
    nowMs = 500;
    await expect.poll(() => knock(), { timeout: 3_000, interval: 50 }).toBe(true);
  });

  it('has room for connectionsMax, and not for one more', async () => {
    await start({ connectionsMax: 5 });
    expect(await knockTimes(5)).toBe(5);
    expect(await knockTimes(1)).toBe(0);
  });

  it('does not keep out the only client', async () => {
    await start({ burst: 0, perSecond: 0 });
    expect(await knockTimes(1)).toBe(1);
    expect(await knockTimes(1)).toBe(0);
    for (const socket of sockets.splice(0)) socket.destroy();
    await expect.poll(() => knock(), { timeout: 3_000, interval: 50 }).toBe(true);
  });

  it('counts a connection that failed as several', async () => {
    await start({ nowMs: () => 0 });
    for (let i = 0; i < BURST / 4; i++) newcomers.failed();
    expect(await knockTimes(1)).toBe(1);
    expect(await knockTimes(1)).toBe(0);
  });
});
