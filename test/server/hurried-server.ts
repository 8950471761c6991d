import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterwards } from './running-server.ts';

/** Has a server listen that gives up requests within half a second. Returns its port. It ends with the test, with its connections. */
export async function listenHurried(
  connections: { destroy(): void },
  server: Pick<Server, 'listen' | 'close' | 'address'> & NodeJS.EventEmitter,
): Promise<number> {
  Object.assign(server, { headersTimeout: 300, requestTimeout: 400, connectionsCheckingInterval: 50 });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  afterwards(() => {
    server.close();
    connections.destroy();
  });
  return (server.address() as AddressInfo).port;
}
