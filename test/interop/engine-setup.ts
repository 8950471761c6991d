import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import setup from './setup.ts';
import { findFreePort } from './zookeeper/ports.ts';
import { ZooKeeperServer } from './zookeeper/zookeeper-process.ts';

/** The same with a ZooKeeper, in which all servers of the run keep their locks. */
export default async function setupOver(): Promise<() => Promise<void>> {
  const removeProject = await setup();
  const folder = mkdtempSync(join(tmpdir(), 'ldlm-zookeeper-'));
  const place = { folder, dataDir: join(folder, 'data'), port: await findFreePort(), securePort: undefined };
  const server = new ZooKeeperServer({}, place);
  server.launch();
  await server.ready();
  process.env['INTEROP_ENSEMBLE'] = server.address;
  return async () => {
    await server.stop();
    rmSync(folder, { recursive: true });
    removeProject();
  };
}
