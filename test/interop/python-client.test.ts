import { describe, it } from 'vitest';
import { peers } from './peers.ts';
import { pythonClients, runScenario, scenarios } from './python-scenarios.ts';
import { sharedServer } from './server-process.ts';
import { mutualTlsFlags, tlsFlags } from './tls-fixture.ts';

const plain = sharedServer();
const guarded = sharedServer('--password', 'secret');
const secure = sharedServer(...tlsFlags);
const mutual = sharedServer(...mutualTlsFlags);

describe.each(pythonClients)('%s', (_client, file, ownScenario) => {
  it.each([...scenarios, ownScenario])('%s', async (scenario) => {
    await runScenario(peers.python, file, scenario, plain.address);
  });

  it('password', () => runScenario(peers.python, file, 'password', guarded.address));
  it('TLS', () => runScenario(peers.python, file, 'tls', secure.address));
  it('mutual TLS', () => runScenario(peers.python, file, 'mutual_tls', mutual.address));
});

describe("LDLM's Python client of the older age", () => {
  it.each(['lock', 'refresh', 'auto_refresh', 'size'])('%s', async (scenario) => {
    await runScenario(peers.pythonOld, 'older_client.py', scenario, plain.address);
  });
});
