import { LdlmClient, type LdlmClientOptions } from '../../src/client/index.ts';
import type { RunningServer, StartOptions } from '../../src/index.ts';
import { afterwards, runServer } from '../server/running-server.ts';

export type ClientTransport = 'grpc' | 'rest';

/** Where a server takes clients of one transport. */
export interface ClientDoor {
  readonly transport: ClientTransport;
  readonly address: string;
}

/** A server in this process with a door for clients of this transport, ended after the test. */
export async function runDoor(
  transport: ClientTransport,
  options: StartOptions = {},
): Promise<ClientDoor & { readonly stats: RunningServer['stats'] }> {
  const rest = transport === 'rest' ? { restListenAddress: '127.0.0.1:0' } : {};
  const server = await runServer({ ...rest, ...options });
  const address = transport === 'rest' ? server.restAddresses[0]! : server.address;
  return { transport, address, stats: () => server.stats() };
}

/** A client that is closed after the test. */
export function open({ transport, address }: ClientDoor, options: LdlmClientOptions = {}): LdlmClient {
  const client = new LdlmClient({ transport, address, retryDelayMs: 20, ...options });
  afterwards(() => client.close());
  return client;
}
