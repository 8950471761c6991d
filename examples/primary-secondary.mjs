/*
 * A primary, and secondaries that wait to take over: start it several times, then end the one that leads.
 *
 *   node primary-secondary.mjs NAME
 */
import { LdlmClient, runWhileLeader } from 'ldlm-ts/client';

const name = process.argv[2] ?? `process ${process.pid}`;
const client = new LdlmClient({ address: process.env.LDLM_ADDRESS ?? 'localhost:3144' });
const stop = new AbortController();
for (const event of ['SIGINT', 'SIGTERM']) process.once(event, () => stop.abort());

/** Serves until it is told to stop, or until the lock is lost: then it must not go on as the primary. */
async function serve(signal, lock) {
  console.log(`${name} leads, with token ${lock.fencingToken}`);
  while (!signal.aborted) await doSomeWork();
  console.log(`${name} leads no more`);
}

function doSomeWork() {
  return new Promise((resolve) => setTimeout(resolve, 100));
}

try {
  await runWhileLeader(client, 'service', serve, { signal: stop.signal, lockTimeoutMs: 5_000, holder: name });
} catch (error) {
  if (!stop.signal.aborted) throw error;
} finally {
  await client.close();
}
