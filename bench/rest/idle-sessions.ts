import { BUILT_PROGRAM } from '../load/contenders.ts';
import { ServerProcess } from '../load/server-process.ts';
import { RestConnection, requestBytes } from './rest-connection.ts';

const SESSIONS = 20_000;
const SESSIONS_WARM = 2_000;
const LANES = 8;
const SHARDS = 1;
const THREADS = SHARDS + 1;

export interface IdleSessions {
  readonly sessions: number;
  readonly bytesEach: number;
}

/**
 * Bytes of server memory for each REST session that has taken and given back one lock and now idles, without those of
 * connections, of which all sessions share a few. Measured as the growth of the process after collection in all threads.
 */
export async function measureIdleSessions(program: string = BUILT_PROGRAM): Promise<IdleSessions> {
  const server = await ServerProcess.node(
    (address) => [
      program,
      ...['--listen_address', '127.0.0.1:0', '--rest_listen_address', address],
      ...['--ipc_socket_file', '', '--log_level', 'error', '--shards', String(SHARDS)],
    ],
    true,
  );
  try {
    // So many at a time are known already, as far as code, buffers and tables go.
    await begin(server.address, SESSIONS_WARM, true);
    const before = await server.settledBytes(THREADS);
    await begin(server.address, SESSIONS, false);
    const after = await server.settledBytes(THREADS);
    return { sessions: SESSIONS, bytesEach: (after - before) / SESSIONS };
  } finally {
    await server.stop();
  }
}

async function begin(address: string, count: number, end: boolean): Promise<void> {
  const work = async (lane: RestConnection): Promise<void> => {
    for (let i = 0; i < count / LANES; i++) await useSession(lane, end);
    lane.close();
  };
  const lanes = await Promise.all(Array.from({ length: LANES }, () => RestConnection.open(address)));
  await Promise.all(lanes.map(work));
}

async function useSession(lane: RestConnection, end: boolean): Promise<void> {
  const begun = await lane.ask(requestBytes('POST', '/session', []));
  const cookie = `Cookie: ${/ldlm-session=[0-9a-f]{32}/.exec(begun)![0]}`;
  const name = cookie.slice(-16);
  const locked = await lane.ask(requestBytes('POST', '/v1/lock', [cookie], `{"name":"${name}"}`));
  const key = /"key":"([0-9a-f-]{36})"/.exec(locked)![1];
  const unlocked = await lane.ask(
    requestBytes('POST', '/v1/unlock', [cookie], `{"name":"${name}","key":"${key}"}`),
  );
  if (!unlocked.includes('"unlocked":true')) throw new Error(`not unlocked: ${unlocked}`);
  if (end) await lane.ask(requestBytes('DELETE', '/session', [cookie]));
}
