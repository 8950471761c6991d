/**
 * `npm run bench:client`: `lock()` and `unlock()` of the client library beside a bare @grpc/grpc-js stub that does the
 * same, both in this process against one server, in turns; and what importing each takes. Prints Markdown.
 */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { credentials, loadPackageDefinition, type ServiceError } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { LdlmClient } from '../../src/client/index.ts';
import { BUILT_PROGRAM, startOwnServer } from '../load/contenders.ts';
import { markdownTable, shortNumber } from '../markdown-table.ts';
import { median, spread } from '../median.ts';

const IN_FLIGHT = 64;
const PROTO = fileURLToPath(new URL('../../../protos/ldlm.proto', import.meta.url));
const CLIENT = new URL('../../src/client/index.js', import.meta.url).href;

interface Reply {
  readonly key: string;
}
type Callback = (error: ServiceError | null, reply: Reply) => void;
interface Stub {
  lock(request: object, callback: Callback): void;
  unlock(request: object, callback: Callback): void;
  close(): void;
}
type StubClass = new (address: string, channel: unknown, options: object) => Stub;

const { values } = parseArgs({
  options: { pairs: { type: 'string', default: '9' }, seconds: { type: 'string', default: '2' } },
});
const pairs = Number(values.pairs);
const seconds = Number(values.seconds);

const server = await startOwnServer({ program: BUILT_PROGRAM });
try {
  const rates = await measureRates(server.address);
  const ratios = rates.map(({ own, bare }) => own / bare);
  const row = [
    `${IN_FLIGHT} in flight`,
    shortNumber(median(rates.map(({ own }) => own))),
    shortNumber(median(rates.map(({ bare }) => bare))),
    shortNumber(median(ratios)),
    shortNumber(spread(ratios)),
  ];
  process.stdout.write('# Client\n\n');
  const heads = ['lock() + unlock()', 'pairs/s', 'bare stub', 'ratio', 'spread'];
  process.stdout.write(`${markdownTable(heads, [row])}\n\n`);
} finally {
  await server.stop();
}
const [bareMs, ownMs] = [importMs('@grpc/grpc-js'), importMs(CLIENT)];
process.stdout.write(
  `Importing the client takes ${shortNumber(ownMs - bareMs)} ms more than @grpc/grpc-js alone.\n`,
);

async function measureRates(address: string): Promise<{ own: number; bare: number }[]> {
  const client = new LdlmClient({ address });
  const stub = openStub(address);
  const own = () => cyclesPerSecond(async (name) => void (await (await client.lock(name)).unlock()));
  const bare = () => cyclesPerSecond((name) => cycle(stub, name));
  // Both are warm before anything counts.
  await own();
  await bare();
  const rates: { own: number; bare: number }[] = [];
  for (let i = 0; i < pairs; i++) {
    if (i % 2 === 0) rates.push({ own: await own(), bare: await bare() });
    else {
      const first = await bare();
      rates.push({ own: await own(), bare: first });
    }
  }
  stub.close();
  await client.close();
  return rates;
}

function openStub(address: string): Stub {
  const definition = loadPackageDefinition(loadSync(PROTO, { keepCase: true, longs: String }));
  const { LDLM } = definition['ldlm'] as unknown as { LDLM: StubClass };
  return new LDLM(address, credentials.createInsecure(), { 'grpc.use_local_subchannel_pool': 1 });
}

/** What somebody writes who has only the stub: the same fields, the id made the obvious way. */
function cycle(stub: Stub, name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    stub.lock(
      { name, lock_timeout_ms: '30000', request_id: randomBytes(16) },
      (error, { key } = { key: '' }) => {
        if (error !== null) return reject(error);
        stub.unlock({ name, key }, (failure) => (failure === null ? resolve() : reject(failure)));
      },
    );
  });
}

async function cyclesPerSecond(run: (name: string) => Promise<void>): Promise<number> {
  const untilMs = performance.now() + seconds * 1000;
  const beganMs = performance.now();
  let cycles = 0;
  const loop = async (i: number): Promise<void> => {
    while (performance.now() < untilMs) {
      await run(`name-${i}`);
      cycles++;
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, (_, i) => loop(i)));
  return cycles / ((performance.now() - beganMs) / 1000);
}

/** The median time of some imports, each in a process of its own. */
function importMs(module: string): number {
  const script = `const t = performance.now(); await import(${JSON.stringify(module)}); console.log(performance.now() - t)`;
  const times = Array.from({ length: 9 }, () =>
    Number(execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })),
  );
  return median(times);
}
