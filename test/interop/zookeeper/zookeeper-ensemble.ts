import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterwards } from '../../server/running-server.ts';
import { memberOptions, ZooKeeperEnsemble } from './ensemble-process.ts';
import type { ZooKeeperOptions } from './zookeeper-options.ts';
import { makeZooKeeper } from './zookeeper-server.ts';

/** An ensemble for the test, with a leader. */
export async function startEnsemble(size = 3, options: ZooKeeperOptions = {}): Promise<ZooKeeperEnsemble> {
  const members = await memberOptions(size, options, () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'ldlm-zookeeper-data-'));
    afterwards(() => rmSync(dataDir, { recursive: true }));
    return dataDir;
  });
  const servers = await Promise.all(members.map((member) => makeZooKeeper(member)));
  for (const server of servers) server.launch();
  const ensemble = new ZooKeeperEnsemble(servers);
  await ensemble.ready();
  return ensemble;
}
