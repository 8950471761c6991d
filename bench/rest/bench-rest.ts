/**
 * `npm run bench:rest`: TryLock over REST beside a bare fastify handler that answers a constant of the same length, at 8
 * keep-alive connections, and the memory of an idle session. Prints Markdown. See bench/README.md.
 */
import { execFile } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { BUILT_PROGRAM } from '../load/contenders.ts';
import { readLoadAverage } from '../load/process-usage.ts';
import { ServerProcess } from '../load/server-process.ts';
import { markdownTable, shortNumber } from '../markdown-table.ts';
import { median } from '../median.ts';
import { measureIdleSessions } from './idle-sessions.ts';
import { RestConnection, requestBytes } from './rest-connection.ts';

const GENERATOR = fileURLToPath(new URL('generator.js', import.meta.url));
const BARE_SERVER = fileURLToPath(new URL('bare-server.js', import.meta.url));

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '2' },
    connections: { type: 'string', default: '8' },
    program: { type: 'string', default: BUILT_PROGRAM },
  },
});

interface RunResult {
  readonly rate: number;
  readonly cpuMicros: number;
  readonly failed: string;
}

const own = await ServerProcess.node((address) => [
  values.program,
  ...['--listen_address', '127.0.0.1:0', '--rest_listen_address', address],
  ...['--ipc_socket_file', '', '--log_level', 'error'],
]);
const bare = await startBare(own);
const pairs: { own: RunResult; bare: RunResult }[] = [];
try {
  for (let i = 0; i < Number(values.runs); i++) {
    // Each comes first in every other pair.
    const first = await run(i % 2 === 0 ? own : bare);
    const second = await run(i % 2 === 0 ? bare : own);
    pairs.push(i % 2 === 0 ? { own: first, bare: second } : { own: second, bare: first });
  }
} finally {
  await own.stop();
  await bare.stop();
}
process.stdout.write(report());
const { sessions, bytesEach } = await measureIdleSessions(values.program);
process.stdout.write(`\nAn idle session, of ${sessions}: ${Math.round(bytesEach)} bytes.\n`);

async function run(server: ServerProcess): Promise<RunResult> {
  const { stdout } = await promisify(execFile)(process.execPath, [
    GENERATOR,
    ...[server.address, String(server.pid), values.connections, values.seconds],
    server === bare ? 'bare' : 'own',
  ]);
  const result = JSON.parse(stdout) as RunResult;
  if (result.failed !== '') throw new Error(`requests failed: ${result.failed}`);
  return result;
}

/** Starts the bare server with an answer that is as long as one of ours. */
async function startBare(server: ServerProcess): Promise<ServerProcess> {
  const lane = await RestConnection.open(server.address);
  const begun = await lane.ask(requestBytes('POST', '/session', []));
  const cookie = `Cookie: ${/ldlm-session=[0-9a-f]{32}/.exec(begun)![0]}`;
  const answer = await lane.ask(requestBytes('POST', '/v1/lock', [cookie], '{"name":"bench/warm-up..."}'));
  await lane.ask(requestBytes('DELETE', '/session', [cookie]));
  lane.close();
  const bytes = answer.length - answer.indexOf('\r\n\r\n') - 4;
  return ServerProcess.node((address) => [BARE_SERVER, address, String(bytes)]);
}

function report(): string {
  const over = (read: (pair: { own: RunResult; bare: RunResult }) => number): string =>
    shortNumber(median(pairs.map(read)));
  const ratios = pairs.map((pair) => pair.own.rate / pair.bare.rate);
  const head = [
    'connections',
    'TryLock/s',
    'CPU µs',
    'bare fastify/s',
    'CPU µs',
    'rate : bare',
    'lowest',
    'highest',
  ];
  const row = [
    values.connections,
    ...[over(({ own }) => own.rate), over(({ own }) => own.cpuMicros)],
    ...[over(({ bare }) => bare.rate), over(({ bare }) => bare.cpuMicros)],
    ...[median(ratios), Math.min(...ratios), Math.max(...ratios)].map(shortNumber),
  ];
  return (
    `# REST\n\n${availableParallelism()} cores, Node.js ${process.version}, load average ${readLoadAverage()}; medians of ` +
    `${values.runs} interleaved pairs of ${values.seconds} s.\n\n${markdownTable(head, [row])}`
  );
}
