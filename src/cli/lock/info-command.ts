import type { AdminClient } from './admin-client.ts';
import type { ServerInfoReply, ShardReply } from './admin-replies.ts';
import { formatAge } from './age.ts';
import { infoJson } from './json-forms.ts';
import type { LockOutput } from './lock-output.ts';
import { showJson, showText } from './shown-text.ts';

/** Prints what a server says of itself. */
export async function printInfo(
  client: Pick<AdminClient, 'serverInfo'>,
  json: boolean,
  output: LockOutput,
): Promise<void> {
  const info = await client.serverInfo();
  await output.write(json ? `${showJson(infoJson(info))}\n` : formatInfo(info));
}

function formatInfo(info: ServerInfoReply): string {
  const sum = (field: Exclude<keyof ShardReply, 'shard'>) =>
    info.shards.reduce((total, shard) => total + Number(shard[field]), 0).toLocaleString('en');
  const isCluster = info.engine === 'zookeeper';
  const kept = info.state_file === '' ? 'none: locks live in memory' : info.state_file;
  const lines: readonly (readonly [string, string])[] = [
    ['version', `${info.version} on Node.js ${info.node_version}`],
    ['process', `${info.pid}, up ${formatAge(Number(info.uptime_ms))}`],
    ['serving', info.serving ? 'yes' : 'no'],
    ['gRPC', addresses(info.grpc_addresses)],
    ['REST', addresses(info.rest_addresses)],
    ['admin', addresses(info.admin_addresses)],
    isCluster ? ['locks kept in', `ZooKeeper at ${info.ensemble}`] : ['state file', kept],
    ['connections', Number(info.grpc_connections).toLocaleString('en')],
    ['REST sessions', Number(info.rest_sessions).toLocaleString('en')],
    ...(isCluster ? [] : [['shards', String(info.shards.length)] as const]),
    ['locks', `${sum('locks')}${isCluster ? " of this server's clients" : ', idle ones included'}`],
    ['holders', sum('holders')],
    ['waiters', sum('waiters')],
    ['grants', `${sum('grants')} since the start`],
    ['expiries', `${sum('expiries')} since the start`],
  ];
  return lines.map(([name, value]) => `${`${name}:`.padEnd(15)}${showText(value)}\n`).join('');
}

function addresses(list: readonly string[]): string {
  return list.length === 0 ? 'off' : list.join(', ');
}
