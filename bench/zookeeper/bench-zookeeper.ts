/**
 * `npm run bench:zookeeper`: locks and unlocks our Mutex and Curator's InterProcessMutex, each in a process of its own that
 * stays, in turns, against one ZooKeeper. Needs Debian's ZooKeeper, Java, and Maven, which brings Curator. Prints Markdown.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { markdownTable, shortNumber } from '../markdown-table.ts';
import { median, spread } from '../median.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const JARS = ['zookeeper', 'netty-codec', 'netty-resolver', 'slf4j-simple'];
const IN_FLIGHT = [1, 32];

const { values } = parseArgs({
  options: { pairs: { type: 'string', default: '9' }, seconds: { type: 'string', default: '3' } },
});
const pairs = Number(values.pairs);
const milliseconds = Number(values.seconds) * 1_000;

interface Run {
  readonly rate: number;
  readonly medianMicros: number;
  readonly cpuMicros: number;
}

/** One of the two, which runs when it is told to. */
class Contender {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  private constructor(child: ChildProcess, lines: Interface) {
    this.#child = child;
    this.#lines = lines[Symbol.asyncIterator]();
  }

  static async start(command: string, args: readonly string[]): Promise<Contender> {
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    const contender = new Contender(child, createInterface(child.stdout));
    await contender.#line();
    return contender;
  }

  async run(inFlight: number): Promise<Run> {
    this.#child.stdin!.write(`${inFlight} ${milliseconds}\n`);
    const [cycles, medianMicros, cpuMs, elapsedMs] = (await this.#line()).split(' ').map(Number);
    return {
      rate: (cycles! / elapsedMs!) * 1_000,
      medianMicros: medianMicros!,
      cpuMicros: (cpuMs! / cycles!) * 1_000,
    };
  }

  end(): void {
    this.#child.stdin!.end();
  }

  async #line(): Promise<string> {
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error('a contender ended too early');
    return value;
  }
}

const folder = mkdtempSync(join(tmpdir(), 'ldlm-bench-zookeeper-'));
const port = 20_000 + (process.pid % 10_000);
const zooKeeper = await startZooKeeper();
try {
  const address = `127.0.0.1:${port}`;
  const cycles = fileURLToPath(new URL('cycles.js', import.meta.url));
  const own = await Contender.start(process.execPath, [cycles, address]);
  const curator = await Contender.start('java', ['-Xmx256m', '-cp', compileCurator(), 'Cycles', address]);
  const rows: string[][] = [];
  for (const inFlight of IN_FLIGHT) rows.push(await compare(own, curator, inFlight));
  own.end();
  curator.end();
  const heads = [
    'in flight',
    'median µs',
    'Curator',
    'ratio',
    'spread',
    'cycles/s',
    'Curator',
    'ratio',
    'spread',
  ];
  heads.push('CPU µs/cycle', 'Curator', 'ratio');
  process.stdout.write(`# Locks on ZooKeeper\n\n${markdownTable(heads, rows)}\n\n`);
  process.stdout.write(`${await requestsPerCycle(address, cycles)} requests for each of our cycles\n`);
} finally {
  zooKeeper.kill();
  rmSync(folder, { recursive: true });
}

async function compare(own: Contender, curator: Contender, inFlight: number): Promise<string[]> {
  // Both are warm before anything counts, Java's compiler above all.
  for (let i = 0; i < 2; i++) for (const each of [own, curator]) await each.run(inFlight);
  const all: { own: Run; curator: Run }[] = [];
  for (let i = 0; i < pairs; i++) {
    if (i % 2 === 0) all.push({ own: await own.run(inFlight), curator: await curator.run(inFlight) });
    else {
      const first = await curator.run(inFlight);
      all.push({ own: await own.run(inFlight), curator: first });
    }
  }
  const columns = (read: (run: Run) => number, withSpread: boolean): string[] => {
    const ratios = all.map((pair) => read(pair.own) / read(pair.curator));
    const middle = [all.map((pair) => read(pair.own)), all.map((pair) => read(pair.curator)), ratios].map(
      median,
    );
    return [...middle, ...(withSpread ? [spread(ratios)] : [])].map(shortNumber);
  };
  return [
    String(inFlight),
    ...columns(({ medianMicros }) => medianMicros, true),
    ...columns(({ rate }) => rate, true),
    ...columns(({ cpuMicros }) => cpuMicros, false),
  ];
}

/** What ZooKeeper itself counts, less the pings and the questions. */
async function requestsPerCycle(address: string, program: string): Promise<string> {
  const contender = await Contender.start(process.execPath, [program, address]);
  await contender.run(1);
  const before = await packetsReceived();
  const { rate } = await contender.run(1);
  const after = await packetsReceived();
  contender.end();
  return shortNumber((after - before - 1) / ((rate * milliseconds) / 1_000));
}

async function packetsReceived(): Promise<number> {
  return Number(/zk_packets_received\t(\d+)/.exec(await ask('mntr'))![1]);
}

async function ask(word: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.end(word);
  return text(socket);
}

async function startZooKeeper(): Promise<ChildProcess> {
  const settings = {
    dataDir: join(folder, 'data'),
    clientPort: port,
    clientPortAddress: '127.0.0.1',
    tickTime: 2_000,
    'admin.enableServer': false,
    '4lw.commands.whitelist': '*',
  };
  const file = join(folder, 'zoo.cfg');
  writeFileSync(
    file,
    Object.entries(settings)
      .map(([name, value]) => `${name}=${value}\n`)
      .join(''),
  );
  const classPath = JARS.map((jar) => `/usr/share/java/${jar}.jar`).join(':');
  const main = 'org.apache.zookeeper.server.quorum.QuorumPeerMain';
  const quiet = '-Dorg.slf4j.simpleLogger.defaultLogLevel=error';
  const child = spawn('java', ['-Xmx512m', quiet, '-cp', classPath, main, file], { stdio: 'ignore' });
  for (let tries = 0; !(await ask('srvr').catch(() => '')).includes('Mode'); tries++) {
    if (tries === 300) throw new Error('ZooKeeper did not start');
    await sleep(100);
  }
  return child;
}

/** The class path of Cycles.java and of Curator, which Maven brings once. */
function compileCurator(): string {
  const cache = process.env['LDLM_INTEROP_CACHE'] ?? `${root}.cache/interop`;
  const jars = `${cache}/curator-5.9.0`;
  if (!existsSync(`${jars}/ldlm-installed`)) {
    const settings = [`-Dmaven.repo.local=${cache}/maven`, `-DoutputDirectory=${jars}`];
    const pom = ['--file', `${root}test/interop/zookeeper/java/pom.xml`];
    execFileSync('mvn', ['--quiet', '--batch-mode', ...pom, ...settings, 'dependency:copy-dependencies']);
    writeFileSync(`${jars}/ldlm-installed`, '');
  }
  const classes = join(folder, 'classes');
  mkdirSync(classes);
  execFileSync('javac', ['-d', classes, '-cp', `${jars}/*`, `${root}bench/zookeeper/Cycles.java`]);
  return `${classes}:${jars}/*`;
}
