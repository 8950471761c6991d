import { expect, it } from 'vitest';
import { printInfo } from '../../../src/cli/lock/info-command.ts';
import { LockOutput } from '../../../src/cli/lock/lock-output.ts';
import { RecordedOutput } from './recorded-output.ts';

const shard = { shard: 0, locks: '1000', holders: '2', waiters: '3', grants: '4', expiries: '5' };
const client = {
  serverInfo: async () => ({
    version: '1.2.3',
    node_version: 'v20.1.0',
    pid: '77',
    started_at_ms: '0',
    uptime_ms: '125000',
    grpc_addresses: ['127.0.0.1:3144', '[::1]:3144'],
    rest_addresses: [],
    admin_addresses: [],
    state_file: '/var/lib/\x1bstate',
    serving: true,
    grpc_connections: '12345',
    rest_sessions: '0',
    shards: [shard, { ...shard, shard: 1 }],
    engine: 'embedded',
    ensemble: '',
  }),
};

it('says what a server is and what it holds, all shards together', async () => {
  const stdout = new RecordedOutput();
  await printInfo(client, false, new LockOutput(stdout, {}));
  expect(stdout.text).toBe(`version:       1.2.3 on Node.js v20.1.0
process:       77, up 2m05s
serving:       yes
gRPC:          127.0.0.1:3144, [::1]:3144
REST:          off
admin:         off
state file:    /var/lib/\\x1bstate
connections:   12,345
REST sessions: 0
shards:        2
locks:         2,000, idle ones included
holders:       4
waiters:       6
grants:        8 since the start
expiries:      10 since the start
`);
});

it('says in which ensemble the locks are, and that it counts those of its own clients', async () => {
  const stdout = new RecordedOutput();
  const info = { ...(await client.serverInfo()), state_file: '', shards: [shard] };
  const serverInfo = async () => ({ ...info, engine: 'zookeeper', ensemble: 'zk1:2181,zk2:2181/ldlm' });
  await printInfo({ serverInfo }, false, new LockOutput(stdout, {}));
  expect(stdout.text).toContain(`admin:         off
locks kept in: ZooKeeper at zk1:2181,zk2:2181/ldlm
connections:   12,345
REST sessions: 0
locks:         1,000 of this server's clients
holders:       2
`);
});

it('says where there is no state file', async () => {
  const stdout = new RecordedOutput();
  const serverInfo = async () => ({ ...(await client.serverInfo()), state_file: '' });
  await printInfo({ serverInfo }, false, new LockOutput(stdout, {}));
  expect(stdout.text).toContain('state file:    none: locks live in memory\n');
});

it('is one JSON object, if wanted', async () => {
  const stdout = new RecordedOutput();
  await printInfo(client, true, new LockOutput(stdout, {}));
  expect(JSON.parse(stdout.text)).toMatchObject({ pid: 77, shards: [{ locks: 1000 }, {}] });
});
