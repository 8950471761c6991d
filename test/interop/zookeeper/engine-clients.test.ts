import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { peers } from '../peers.ts';
import { pythonClients, runScenario, scenarios } from '../python-scenarios.ts';
import { ServerProcess } from '../server-process.ts';
import { engineFlags } from './cluster-server.ts';
import { sharedZooKeeper } from './zookeeper-server.ts';

const ensemble = sharedZooKeeper();
let server: ServerProcess;
let address = '';

beforeAll(async () => {
  const flags = ['--listen_address', '127.0.0.1:0', ...engineFlags(ensemble())];
  server = new ServerProcess(flags);
  address = await server.ready();
});

afterAll(async () => {
  const { exitCode, stderr } = await server.stop();
  expect(exitCode, stderr).toBe(0);
});

describe.each(pythonClients)('%s, whose locks are in ZooKeeper', (_client, file, ownScenario) => {
  it.each([...scenarios, ownScenario])('%s', async (scenario) => {
    await runScenario(peers.python, file, scenario, address);
  });
});

describe("LDLM's Python client of the older age, whose locks are in ZooKeeper", () => {
  it.each(['lock', 'refresh', 'auto_refresh', 'size'])('%s', async (scenario) => {
    await runScenario(peers.pythonOld, 'older_client.py', scenario, address);
  });
});
