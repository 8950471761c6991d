import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { BindError, startServer } from '../../../src/index.ts';
import { silentLogger } from '../../../src/server/logger.ts';
import { afterwards, connect, runServer } from '../running-server.ts';
import { RestClient, runRest } from './rest-client.ts';

describe('a server with REST', () => {
  it('says where it is served, and has none where it is not switched on', async () => {
    expect((await runServer()).restAddresses).toStrictEqual([]);
    const server = await runRest();
    expect(server.restAddresses).toStrictEqual([expect.stringMatching(/^127\.0\.0\.1:[0-9]+$/)]);
    expect((await new RestClient(server.rest).post('/session')).status).toBe(201);
  });

  it('serves every address that a host name has', async () => {
    const server = await runRest({ restListenAddress: 'localhost:0' });
    const ports = new Set(server.restAddresses.map((address) => address.split(':').at(-1)));
    expect(ports.size).toBe(1);
    for (const address of server.restAddresses.filter((text) => text.startsWith('127.'))) {
      expect((await new RestClient(address).post('/session')).status).toBe(201);
    }
  });

  it('does not start where its port is taken, and leaves nothing open', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => taken.once('listening', resolve));
    afterwards(() => taken.close());
    const { port } = taken.address() as { port: number };
    const grpc = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => grpc.once('listening', resolve));
    const listenAddress = `127.0.0.1:${(grpc.address() as { port: number }).port}`;
    await new Promise((resolve) => grpc.close(resolve));
    const options = { listenAddress, shards: 1, logger: silentLogger() };
    const failed = startServer({ ...options, restListenAddress: `127.0.0.1:${port}` });
    await expect(failed).rejects.toThrow(BindError);
    await expect(failed).rejects.toThrow(`listen tcp 127.0.0.1:${port}: bind: address already in use`);
    // Its gRPC port is free again.
    const server = await startServer(options);
    afterwards(() => server.close());
    expect(await connect(server.addresses[0]!).tryLock({ name: 'a' })).toMatchObject({ locked: true });
  });
});
