import { ZooKeeperClient, type ZooKeeperOptions } from '../../../src/zookeeper/index.ts';
import { afterwards } from '../../server/running-server.ts';

/** A client in this process, which is closed after the test. */
export async function connectNode(
  target: string | { readonly address: string },
  options: ZooKeeperOptions = {},
): Promise<ZooKeeperClient> {
  const address = typeof target === 'string' ? target : target.address;
  const client = await ZooKeeperClient.connect(address, { sessionTimeoutMs: 6_000, ...options });
  afterwards(() => client.close());
  return client;
}
