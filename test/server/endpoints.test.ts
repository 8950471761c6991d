import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect as connectSocket, createServer, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { Limits } from '../../src/base/limits.ts';
import { FrameType } from '../../src/protocol/http2/frame.ts';
import { ask } from './admin/admin-request.ts';
import { type AssembledServer, assemble } from './assembled-server.ts';
import { expectFailuresToShut } from './door.ts';
import { RawPeer } from './raw-peer.ts';
import { RestClient } from './rest/rest-client.ts';
import { afterwards, connect } from './running-server.ts';

const FREE = '127.0.0.1:0';
const ALL = { adminListenAddress: FREE, restListenAddress: FREE };
const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0', 'latin1');

const pem = (name: string): Buffer => readFileSync(new URL(`../fixtures/tls/${name}.pem`, import.meta.url));

/** What the metrics say of connections. */
async function counted({ endpoints }: AssembledServer, row: string): Promise<number> {
  const { text } = await ask(endpoints, '/metrics');
  return Number(
    text
      .split('\n')
      .find((line) => line.startsWith(`ldlm_connections${row} `))
      ?.split(' ')[1],
  );
}

async function dial(address: string): Promise<Socket> {
  const [host, port] = address.split(':');
  const socket = connectSocket(Number(port), host);
  afterwards(() => socket.destroy());
  await once(socket, 'connect');
  return socket;
}

describe('endpoints', () => {
  it('are nowhere before they are opened, and can be closed all the same', async () => {
    const { endpoints, log } = await assemble(ALL);
    endpoints.announce();
    endpoints.grpcPeerFailed();
    endpoints.closeGrpc();
    await endpoints.closeAdmin();
    expect([endpoints.addresses, endpoints.restAddresses, endpoints.adminAddresses]).toEqual([[], [], []]);
    expect(endpoints.rest).toBeNull();
    expect(log.lines).toEqual([]);
  });

  it('say where each of them listens: the admin listener, gRPC and REST, at warning level', async () => {
    const { endpoints, log, openAll } = await assemble({ ...ALL, logLevel: 'warn' });
    await openAll();
    expect(log.lines).toEqual([]);
    endpoints.announce();
    expect(log.lines.map(({ level, msg }) => `${level} ${msg}`)).toEqual([
      `WARN Admin server started. Listening on ${endpoints.adminAddresses[0]}`,
      `WARN gRPC server started. Listening on ${endpoints.addresses[0]}`,
      `WARN REST server started. Listening on ${endpoints.restAddresses[0]}`,
    ]);
    const ports = [endpoints.addresses, endpoints.restAddresses, endpoints.adminAddresses].flat();
    expect(new Set(ports).size).toBe(3);
  });

  it('have no REST where it is not switched on', async () => {
    const parts = await assemble({ adminListenAddress: FREE });
    await parts.openAll();
    expect(parts.endpoints.rest).toBeNull();
    expect(parts.endpoints.restAddresses).toEqual([]);
    expect(await counted(parts, '{protocol="rest"}')).toBe(0);
  });

  it('count who is connected, each by its protocol', async () => {
    const parts = await assemble(ALL);
    await parts.openAll();
    const { endpoints } = parts;
    await connect(endpoints.addresses[0]!).tryLock({ name: 'a' });
    for (let i = 0; i < 2; i++) await RestClient.begin(endpoints.restAddresses[0]!);
    for (let i = 0; i < 2; i++) await dial(endpoints.adminAddresses[0]!);
    // The third of the admin listener's is the one that asks.
    await expect.poll(() => counted(parts, '{protocol="admin"}'), { timeout: 5_000 }).toBe(3);
    expect(await counted(parts, '{protocol="grpc"}')).toBe(1);
    expect(await counted(parts, '{protocol="rest"}')).toBe(2);
  });

  it('list locks over REST for remote administrators alone', async () => {
    const password = 'pw';
    const headers = { authorization: `Basic ${Buffer.from(`:${password}`).toString('base64')}` };
    for (const [remoteAdmin, status] of [
      [false, 404],
      [true, 200],
    ] as const) {
      const { endpoints, openAll } = await assemble({ ...ALL, password, remoteAdmin });
      await openAll();
      const client = new RestClient(endpoints.restAddresses[0]!);
      await client.ask('POST', '/session', undefined, { headers });
      expect((await client.ask('GET', '/v1/locks', undefined, { headers })).status).toBe(status);
    }
  });

  it('tell by name which address is taken, and leave the others to be closed', async () => {
    const blocker = createServer().listen(0, '127.0.0.1');
    await once(blocker, 'listening');
    afterwards(() => blocker.close());
    const at = blocker.address();
    const taken = `127.0.0.1:${at !== null && typeof at === 'object' ? at.port : 0}`;
    const { endpoints } = await assemble({ ...ALL, listenAddress: taken, restListenAddress: taken });
    const error = { code: 'LDLM_BIND', message: `listen tcp ${taken}: bind: address already in use` };
    await expect(endpoints.openGrpc()).rejects.toMatchObject(error);
    await expect(endpoints.openRest()).rejects.toMatchObject(error);
    expect([endpoints.addresses, endpoints.restAddresses]).toEqual([[], []]);
  });
});

describe('the door of gRPC', () => {
  it('counts peers that break the protocol, and is shut to newcomers behind many, which it tells of', async () => {
    const parts = await assemble(ALL);
    await parts.openAll();
    const address = parts.endpoints.addresses[0]!;
    const broken = 'GET / HTTP/1.1\r\n\r\n';
    await expectFailuresToShut({ address, broken, whole: PREFACE });
    const failures = Math.floor(Limits.newcomersBurst / (1 + Limits.newcomersPerFailure));
    expect(await counted(parts, '_failed_total')).toBe(failures);
    await expect.poll(() => parts.log.of('too many new connections').length, { timeout: 5_000 }).toBe(1);
    const [line] = parts.log.of('too many new connections');
    expect(line).toMatchObject({
      level: 'WARN',
      count: 1,
      msg: expect.stringMatching(/: some were turned away$/),
    });
    expect(await counted(parts, '_turned_away_total')).toBe(1);
  });

  it('lets nobody in once it is closed, while who is there goes on', async () => {
    const { endpoints, openAll } = await assemble();
    await openAll();
    const client = connect(endpoints.addresses[0]!);
    await client.lock({ name: 'a' });
    endpoints.closeGrpc();
    await expect(RawPeer.connect(endpoints.addresses[0]!)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    expect(await client.tryLock({ name: 'b' })).toMatchObject({ locked: true });
  });

  it('tells of handshakes that fail', async () => {
    const parts = await assemble({}, { tls: { key: pem('server-key'), cert: pem('server') } });
    await parts.openAll();
    (await dial(parts.endpoints.addresses[0]!)).on('error', () => {}).write('GET / HTTP/1.1\r\n\r\n');
    await expect.poll(() => parts.log.of('gRPC TLS handshake failed'), { timeout: 5_000 }).toHaveLength(1);
  });
});

describe('the end of the admin listener', () => {
  it('ends all of its connections, and no other', async () => {
    const { endpoints, openAll } = await assemble(ALL);
    await openAll();
    const grpc = await RawPeer.connect(endpoints.addresses[0]!);
    afterwards(() => grpc.socket.destroy());
    const admin = await dial(endpoints.adminAddresses[0]!);
    const closed = once(admin.resume(), 'close');
    await endpoints.closeAdmin();
    await closed;
    await grpc.frame(({ type }) => type === FrameType.Settings);
    expect(grpc.closed).toBe(false);
    await expect(dial(endpoints.adminAddresses[0]!)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });
});
