import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { probeHealth } from '../../src/cli/probe-health.ts';
import { checkServerOptions, type ServerOptions } from '../../src/config/server-options.ts';
import { HealthService } from '../../src/server/services/health-service.ts';
import { clientServices } from '../../src/server/services/services.ts';
import { afterwards, runServer } from '../server/running-server.ts';
import { openServicePort } from '../server/services/service-port.ts';

const fixture = (name: string): string => new URL(`../fixtures/tls/${name}.pem`, import.meta.url).pathname;

const probe = (options: Partial<ServerOptions>, timeoutMs = 5_000): Promise<string | null> =>
  probeHealth(checkServerOptions(options), timeoutMs);

describe('probeHealth', () => {
  it('finds a server that serves, also behind a password, TLS and client certificates', async () => {
    const tls = { tlsCertFile: fixture('server'), tlsKeyFile: fixture('server-key') };
    for (const options of [{}, { password: 'secret' }, tls, { ...tls, clientCaFile: fixture('ca') }]) {
      const { address } = await runServer({ ...options, shards: 1 });
      expect(await probe({ ...options, listenAddress: address })).toBeNull();
    }
  });

  it('reaches a server that listens on all interfaces by loopback', async () => {
    const { address } = await runServer({ shards: 1 });
    const port = address.split(':')[1];
    expect(await probe({ listenAddress: `:${port}` })).toBeNull();
    expect(await probe({ listenAddress: `0.0.0.0:${port}` })).toBeNull();
  });

  it('says what is wrong where nobody is, and where somebody else is', async () => {
    expect(await probe({ listenAddress: '127.0.0.1:1' })).toContain('ECONNREFUSED');
    const { address } = await runServer({ shards: 1 });
    const tls = { tlsCertFile: fixture('server'), tlsKeyFile: fixture('server-key') };
    expect(await probe({ ...tls, listenAddress: address })).not.toBeNull();
  });

  it('says so when the server does not serve now', async () => {
    const health = new HealthService();
    const port = await openServicePort(clientServices(health, null), '');
    afterwards(() => port.close());
    health.setServing(true);
    expect(await probe({ listenAddress: port.address })).toBeNull();
    health.setServing(false);
    expect(await probe({ listenAddress: port.address })).toBe('it does not serve now');
  });

  it('does not wait for ever', async () => {
    const silent = createServer(() => {}).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    afterwards(() => silent.close());
    const { port } = silent.address() as AddressInfo;
    expect(await probe({ listenAddress: `127.0.0.1:${port}` }, 300)).toBe('no answer within 300 ms');
  });
});
