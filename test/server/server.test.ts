import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { Client, credentials, status } from '@grpc/grpc-js';
import { loadSync, type MethodDefinition } from '@grpc/proto-loader';
import { describe, expect, it } from 'vitest';
import { Limits } from '../../src/base/limits.ts';
import { startServer } from '../../src/index.ts';
import { silentLogger } from '../../src/server/logger.ts';
import { LockClient, statusOf } from '../clients/lock-client.ts';
import { afterwards, connect, runServer } from './running-server.ts';

type WatchMethod = MethodDefinition<{ service: string }, { status: string }>;
const healthProto = new URL('../../protos/grpc/health/v1/health.proto', import.meta.url).pathname;
const health = loadSync(healthProto, { enums: String, defaults: true })['grpc.health.v1.Health'];
const healthWatch = (health as Record<string, WatchMethod>)['Watch']!;

const fixture = (name: string): string => new URL(`../fixtures/tls/${name}`, import.meta.url).pathname;
const pem = (name: string): Buffer => readFileSync(fixture(name));

describe('a running server', () => {
  it('grants, refuses, hands on and gives growing tokens', async () => {
    const server = await runServer();
    const [one, two] = [connect(server.address), connect(server.address)];
    const first = await one.lock({ name: 'a' });
    expect(first).toMatchObject({ locked: true, name: 'a' });
    expect(first.key).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(await two.tryLock({ name: 'a' })).toMatchObject({ locked: false, key: '' });
    const waiting = two.lock({ name: 'a' });
    expect(await one.unlock('a', first.key)).toMatchObject({ unlocked: true });
    const second = await waiting;
    expect(second.locked).toBe(true);
    expect(BigInt(second.fencing_token)).toBeGreaterThan(BigInt(first.fencing_token));
  });

  it('frees what a client held when its connection ends, and serves its waiters next', async () => {
    const server = await runServer();
    const [holder, waiter] = [new LockClient(server.address), connect(server.address)];
    await holder.lock({ name: 'a' });
    const waiting = waiter.lock({ name: 'a', wait_timeout_seconds: 5 });
    await new Promise((resolve) => setTimeout(resolve, 50));
    holder.close();
    expect(await waiting).toMatchObject({ locked: true });
  });

  it('keeps it with no_clear_on_disconnect', async () => {
    const server = await runServer({ noClearOnDisconnect: true });
    const [holder, other] = [new LockClient(server.address), connect(server.address)];
    const { key } = await holder.lock({ name: 'a' });
    holder.close();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await other.tryLock({ name: 'a' })).toMatchObject({ locked: false });
    expect(await other.unlock('a', key)).toMatchObject({ unlocked: true });
  });

  it('listens at every address of localhost on one port', async () => {
    const server = await runServer({ listenAddress: 'localhost:0' });
    const ports = new Set(server.addresses.map((address) => address.slice(address.lastIndexOf(':'))));
    expect(ports.size).toBe(1);
    for (const address of server.addresses) {
      expect(await connect(address).tryLock({ name: address })).toMatchObject({ locked: true });
    }
  });

  it('says which address is taken', async () => {
    const blocker = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => blocker.once('listening', resolve));
    afterwards(() => blocker.close());
    const address = blocker.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const start = startServer({ listenAddress: `127.0.0.1:${port}`, shards: 1, logger: silentLogger() });
    await expect(start).rejects.toMatchObject({
      code: 'LDLM_BIND',
      message: `listen tcp 127.0.0.1:${port}: bind: address already in use`,
    });
  });

  it('says that a host name is unknown', async () => {
    const start = startServer({ listenAddress: 'no.such.host.invalid:0', shards: 1, logger: silentLogger() });
    await expect(start).rejects.toThrow('listen tcp: lookup no.such.host.invalid: no such host');
  });
});

describe('stopping', () => {
  it('answers waiters with UNAVAILABLE, then lets the port go', async () => {
    const server = await runServer();
    const client = connect(server.address);
    await client.lock({ name: 'a' });
    const waiting = statusOf(client.lock({ name: 'a' }));
    await new Promise((resolve) => setTimeout(resolve, 50));
    await server.close();
    expect((await waiting).code).toBe(status.UNAVAILABLE);
    await server.closed;
    const again = await runServer({ listenAddress: server.address });
    expect(again.address).toBe(server.address);
  });

  it('closing twice is one closing', async () => {
    const server = await runServer();
    await Promise.all([server.close(), server.close()]);
    await server.closed;
  });
});

describe('the password', () => {
  it('is asked for before anything else', async () => {
    const server = await runServer({ password: 'secret' });
    const denied = { code: status.UNAUTHENTICATED };
    expect(await statusOf(connect(server.address).lock({ name: 'a' }))).toMatchObject({
      ...denied,
      details: 'missing credentials',
    });
    expect(await statusOf(connect(server.address, { password: 'Secret' }).lock({ name: 'a' }))).toMatchObject(
      {
        ...denied,
        details: 'invalid credentials',
      },
    );
    expect(await connect(server.address, { password: 'secret' }).lock({ name: 'a' })).toMatchObject({
      locked: true,
    });
  });

  it('can be as long as the options allow', async () => {
    const password = 'p'.repeat(Limits.authorizationBytesMax);
    const server = await runServer({ password });
    expect(await connect(server.address, { password }).lock({ name: 'a' })).toMatchObject({ locked: true });
    await expect(runServer({ password: `${password}p` })).rejects.toThrow(/^password must be .* 4096 bytes/);
  });
});

describe('TLS', () => {
  const tls = { tlsCertFile: fixture('server.pem'), tlsKeyFile: fixture('server-key.pem') };

  it('serves those who trust the certificate, and nobody in plain text', async () => {
    const server = await runServer({ ...tls, listenAddress: 'localhost:0' });
    const address = server.address.replace('127.0.0.1', 'localhost').replace('[::1]', 'localhost');
    const client = connect(address, { credentials: credentials.createSsl(pem('ca.pem')) });
    expect(await client.lock({ name: 'a' })).toMatchObject({ locked: true });
    expect(await statusOf(connect(server.address).lock({ name: 'a' }))).toMatchObject({
      code: status.UNAVAILABLE,
    });
  });

  it('lets TLS clients finish when it stops', async () => {
    const server = await runServer({ ...tls, listenAddress: 'localhost:0' });
    const address = server.address.replace('127.0.0.1', 'localhost').replace('[::1]', 'localhost');
    const client = connect(address, { credentials: credentials.createSsl(pem('ca.pem')) });
    await client.lock({ name: 'a' });
    const waiting = statusOf(client.lock({ name: 'a' }));
    await new Promise((resolve) => setTimeout(resolve, 50));
    await server.close();
    expect(await waiting).toMatchObject({ code: status.UNAVAILABLE, details: 'the server is shutting down' });
  });

  it('verifies clients against their CA', async () => {
    const server = await runServer({ ...tls, clientCaFile: fixture('ca.pem'), listenAddress: 'localhost:0' });
    const address = server.address.replace('127.0.0.1', 'localhost').replace('[::1]', 'localhost');
    const as = (key: string | null, cert: string | null): LockClient =>
      connect(address, {
        credentials: credentials.createSsl(
          pem('ca.pem'),
          key === null ? null : pem(key),
          cert === null ? null : pem(cert),
        ),
      });
    expect(await as('client-key.pem', 'client.pem').lock({ name: 'a' })).toMatchObject({ locked: true });
    for (const stranger of [as(null, null), as('foreign-client-key.pem', 'foreign-client.pem')]) {
      expect(await statusOf(stranger.lock({ name: 'b' }))).toMatchObject({ code: status.UNAVAILABLE });
    }
  });
});

describe('watching the health', () => {
  it('tells a watcher of the stop at once, and the stop does not wait for it', async () => {
    const server = await runServer({ shutdownGraceMs: 5_000 });
    const client = new Client(server.address, credentials.createInsecure());
    afterwards(() => client.close());
    const { path, requestSerialize, responseDeserialize } = healthWatch;
    const watch = client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, {
      service: '',
    });
    const seen: string[] = [];
    const ended = new Promise((resolve) => watch.on('error', resolve));
    watch.on('data', (reply: { status: string }) => seen.push(reply.status));
    await expect.poll(() => seen).toEqual(['SERVING']);
    const fromMs = performance.now();
    await server.close();
    expect(performance.now() - fromMs).toBeLessThan(2_000);
    expect(await ended).toMatchObject({ code: status.UNAVAILABLE });
    expect(seen).toEqual(['SERVING', 'NOT_SERVING']);
  });
});
