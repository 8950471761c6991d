import { afterEach } from 'vitest';
import { type RunningServer, type StartOptions, startServer } from '../../src/index.ts';
import { silentLogger } from '../../src/server/logger.ts';
import { LockClient, type LockClientOptions } from '../clients/lock-client.ts';

const closers: (() => unknown)[] = [];

/** A server in this process on a free port of 127.0.0.1, ended after the test. */
export async function runServer(options: StartOptions = {}): Promise<RunningServer & { address: string }> {
  const server = await startServer({
    listenAddress: '127.0.0.1:0',
    shards: 2,
    shutdownGraceMs: 300,
    logger: silentLogger(),
    ...options,
  });
  closers.push(() => server.close());
  return Object.assign(server, { address: server.addresses[0]! });
}

/** A client that is closed after the test. */
export function connect(address: string, options: LockClientOptions = {}): LockClient {
  const client = new LockClient(address, options);
  closers.push(() => client.close());
  return client;
}

/** Has `close` called after the test, before what was registered earlier. */
export function afterwards(close: () => unknown): void {
  closers.push(close);
}

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});
