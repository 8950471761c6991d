import { existsSync, mkdtempSync, readdirSync, rmSync, watch } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { checkState } from '../../src/journal/check-state.ts';
import { nodeDisk } from '../../src/journal/node-disk.ts';
import { root } from '../interop/peers.ts';
import { ServerProcess } from '../interop/server-process.ts';
import { CheckedCalls } from './checked-calls.ts';
import { ClaimLedger } from './claim-ledger.ts';
import { CrashConnection } from './crash-connection.ts';
import { CrashLoad, makeContendedLocks } from './crash-load.ts';
import { RecoveryCheck } from './recovery-check.ts';
import { ClientEnd, planRound, type RoundPlan } from './round-plan.ts';

/** The server as `npm run build` has left it. */
export const builtProgram = `${root}dist/src/cli/ldlm-server.js`;

const GRACE_MS = 250;
const TORN_TAIL = 'cut off what a crash left';
const DATA_FILE = /^state\.\d+\.\d+$/;
/** Of a compaction that goes on. */
const COMPACTED_FILE = /^state\.\d+\.\d+\.new$/;

/** What happened in a run, beside what was acknowledged. */
export interface RunCounts {
  rounds: number;
  kills: number;
  orderlyStops: number;
  killedStarts: number;
  /** Kills in the middle of a compaction, and of a division among other shards. */
  unfinishedCompactions: number;
  unfinishedDivisions: number;
  tornTails: number;
}

/** One state file after another server: load, an end, and a check of everything that was acknowledged. */
export class CrashRun {
  readonly ledger = new ClaimLedger();
  readonly counts: RunCounts = {
    rounds: 0,
    kills: 0,
    orderlyStops: 0,
    killedStarts: 0,
    unfinishedCompactions: 0,
    unfinishedDivisions: 0,
    tornTails: 0,
  };
  readonly folder = mkdtempSync(join(tmpdir(), 'ldlm-crash-'));
  readonly #path = join(this.folder, 'state');
  readonly #calls = new CheckedCalls(this.ledger);
  readonly #check = new RecoveryCheck(this.ledger, this.#calls);
  readonly #contended = makeContendedLocks();
  #shards = 2;
  #endedInOrder = false;
  #server: LiveServer | null = null;

  async round(seed: number): Promise<void> {
    const plan = planRound(seed, this.#shards);
    const server = await this.#start(plan);
    const connections = await Promise.all(plan.clients.map(() => CrashConnection.connect(server.address)));
    await server.whileRunning(this.#check.run(connections, this.#contended, plan.random));
    const load = new CrashLoad(this.ledger, this.#calls, plan, this.#contended);
    load.begin(connections);
    await server.whileRunning(this.#whileLoaded(plan));
    if (plan.isOrderly) await this.#stop(plan, server, connections, load);
    else await this.#kill(plan, server, connections, load);
    for (const connection of connections) connection.giveUp();
    this.ledger.serverEnded(Date.now());
    this.counts.rounds++;
  }

  /** Checks all that was ever acknowledged with one more server. */
  async finish(seed: number): Promise<void> {
    const plan = planRound(seed, this.#shards);
    const server = await this.#start({ ...plan, killedStarts: [] });
    const connections = await Promise.all(plan.clients.map(() => CrashConnection.connect(server.address)));
    await server.whileRunning(this.#check.runToEnd(connections, this.#contended));
    for (const connection of connections) connection.destroy();
    await server.process.stop();
  }

  /** Ends what still runs. The files of a run that has failed are kept. */
  async close(hasFailed: boolean): Promise<void> {
    this.#server?.kill();
    await this.#server?.process.end;
    if (!hasFailed) rmSync(this.folder, { recursive: true });
  }

  async #start(plan: RoundPlan): Promise<LiveServer> {
    const fromMs = Date.now();
    for (const when of plan.killedStarts) await this.#killStart(plan, when);
    const server = await LiveServer.start(this.#args(plan));
    this.#server = server;
    this.ledger.restored(fromMs, Date.now(), plan.defaultLockTimeoutMs);
    const isTorn = server.process.stderr.includes(TORN_TAIL);
    if (isTorn) this.counts.tornTails++;
    if (isTorn && this.#endedInOrder && plan.killedStarts.length === 0)
      this.ledger.violation(`a torn tail after an orderly stop: ${server.process.stderr}`);
    this.#shards = plan.shards;
    return server;
  }

  async #killStart(plan: RoundPlan, when: number | 'new generation'): Promise<void> {
    const server = new ServerProcess(this.#args(plan), {}, builtProgram);
    const over = new AbortController();
    const waited = when === 'new generation' ? this.#fileMade(DATA_FILE, over.signal) : sleep(when);
    await Promise.race([waited, server.ready(), server.end]);
    over.abort();
    server.signal('SIGKILL');
    await server.end;
    this.counts.killedStarts++;
    if (this.#files().some((name) => name === 'state.new')) this.counts.unfinishedDivisions++;
    else if (this.#generations() > 1) this.counts.unfinishedDivisions++;
  }

  /** A heavy round ends in a compaction, a little after its beginning, if there is one. */
  async #whileLoaded({ loadMs, isHeavy, random }: RoundPlan): Promise<void> {
    if (!isHeavy) return sleep(loadMs);
    const over = new AbortController();
    await Promise.race([this.#fileMade(COMPACTED_FILE, over.signal), sleep(loadMs)]);
    over.abort();
    await sleep(random(20));
  }

  /** Waits until a file of such a name is made. */
  async #fileMade(pattern: RegExp, signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      const known = new Set(this.#files());
      const watcher = watch(this.folder, { signal }, (_event, name) => {
        if (name !== null && pattern.test(name) && !known.has(name)) resolve();
      });
      watcher.on('error', () => {});
    });
  }

  async #kill(
    plan: RoundPlan,
    server: LiveServer,
    connections: readonly CrashConnection[],
    load: CrashLoad,
  ): Promise<void> {
    const ofKind = (kind: ClientEnd) => connections.filter((_, i) => plan.clients[i] === kind);
    for (const connection of ofKind(ClientEnd.CutBefore)) {
      if (!plan.noClearOnDisconnect) this.ledger.connectionLost(connection);
      connection.destroy();
    }
    server.kill();
    for (const connection of ofKind(ClientEnd.CutAfter)) connection.destroy();
    for (const connection of connections) load.silence(connection);
    await server.process.end;
    await Promise.all(connections.map((connection) => connection.closed()));
    this.#endedInOrder = false;
    this.counts.kills++;
    if (this.#files().some((name) => COMPACTED_FILE.test(name))) this.counts.unfinishedCompactions++;
  }

  /** Half of the clients go when they are told to, and half wait until they are cut off. */
  async #stop(
    plan: RoundPlan,
    server: LiveServer,
    connections: readonly CrashConnection[],
    load: CrashLoad,
  ): Promise<void> {
    this.#calls.isStopping = true;
    connections.forEach((connection, i) => {
      if (plan.clients[i] !== ClientEnd.Stays) return;
      connection.onGoAway = () => {
        load.silence(connection);
        connection.endWhenIdle();
      };
    });
    server.stop();
    const { exitCode, stderr } = await server.process.end;
    await Promise.all(connections.map((connection) => connection.closed()));
    this.#calls.isStopping = false;
    if (exitCode !== 0) this.ledger.violation(`exit code ${exitCode} after SIGTERM: ${stderr}`);
    const { lines } = checkState(nodeDisk, this.#path);
    const unclean = lines.slice(1).filter((line) => !line.endsWith('; closed in order'));
    for (const line of unclean) this.ledger.violation(`after an orderly stop: ${line}`);
    this.#endedInOrder = true;
    this.counts.orderlyStops++;
  }

  #args(plan: RoundPlan): string[] {
    return [
      ...['--listen_address', '127.0.0.1:0', '--log_level', 'warn', '--shutdown_grace', `${GRACE_MS}ms`],
      ...['--state_file', this.#path, '--state_sync', plan.sync, '--shards', String(plan.shards)],
      ...['--default_lock_timeout', `${plan.defaultLockTimeoutMs}ms`],
      ...(plan.noClearOnDisconnect ? ['--no_clear_on_disconnect'] : []),
    ];
  }

  #files(): string[] {
    return existsSync(this.folder) ? readdirSync(this.folder) : [];
  }

  #generations(): number {
    return new Set(this.#files().map((name) => /^state\.(\d+)\.\d+$/.exec(name)?.[1] ?? '')).size - 1;
  }
}

/** A server that serves, and is not to end by itself. */
class LiveServer {
  readonly process: ServerProcess;
  readonly address: string;
  readonly #ended: Promise<never>;

  private constructor(process: ServerProcess, address: string) {
    this.process = process;
    this.address = address;
    this.#ended = process.end.then(({ exitCode, stderr }) => {
      throw new Error(`the server has ended with code ${exitCode}: ${stderr}`);
    });
    this.#ended.catch(() => {});
  }

  static async start(args: readonly string[]): Promise<LiveServer> {
    const process = new ServerProcess(args, {}, builtProgram);
    return new LiveServer(process, await process.ready());
  }

  whileRunning<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.#ended]);
  }

  kill(): void {
    this.process.signal('SIGKILL');
  }

  stop(): void {
    this.process.signal('SIGTERM');
  }
}
