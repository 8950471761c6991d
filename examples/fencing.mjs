/* A holder whose lock was lost without its noticing does no harm: what it writes is refused. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FencedFile, fencingCheckSql, LdlmClient, StaleTokenError } from 'ldlm-ts/client';

const client = new LdlmClient({ address: process.env.LDLM_ADDRESS ?? 'localhost:3144' });
const folder = await mkdtemp(join(tmpdir(), 'fencing-'));
const report = new FencedFile(join(folder, 'report.txt'));

// As if its machine had been suspended: nobody renews it.
const first = await client.lock('report', { lockTimeoutMs: 300, autoRenew: false });
await report.write('by the first holder', first.fencingToken);
const second = await client.lock('report');
await report.write('by the second holder', second.fencingToken);
try {
  await report.write('by the first holder, too late', first.fencingToken);
} catch (error) {
  if (!(error instanceof StaleTokenError)) throw error;
  console.log(`refused: ${error.code}`);
}
console.log(`written: ${await readFile(report.path, 'utf8')}`);

// The same for a row of a database: the values in the order of `parameters`, and no row changed means refused.
const sql = fencingCheckSql({
  table: 'reports',
  keyColumn: 'id',
  tokenColumn: 'token',
  columns: ['text'],
});
console.log(sql.text, sql.parameters);

await client.close();
await rm(folder, { recursive: true });
