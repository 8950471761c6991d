import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findFreePort } from '../../test/interop/zookeeper/ports.ts';
import { TetheredProcess } from '../../test/interop/zookeeper/tethered-process.ts';
import { BUILT_PROGRAM } from '../load/contenders.ts';
import type { Restartable } from './restartable.ts';

const READY_LINE = 'gRPC server started. Listening on ';
const READY_MS_MAX = 20_000;
const STOP_MS_MAX = 10_000;

export interface LockServerOptions {
  readonly name: string;
  /** The ensemble, with the folder in which the servers of the cluster share their locks. */
  readonly connectString: string;
  readonly sessionTimeoutMs: number;
  readonly folder: string;
}

/** An ldlm-server that keeps its locks in the ensemble, at one address for its whole life, however often it is started. */
export class LockServer implements Restartable {
  readonly name: string;
  readonly kind = 'server';
  readonly address: string;
  readonly #args: readonly string[];
  readonly #logFile: string;
  #process: TetheredProcess | null = null;

  private constructor(options: LockServerOptions, port: number) {
    const { name, connectString, sessionTimeoutMs, folder } = options;
    this.name = name;
    this.address = `127.0.0.1:${port}`;
    this.#logFile = join(folder, `${name.replaceAll(' ', '-')}.log`);
    this.#args = [
      BUILT_PROGRAM,
      ...['--listen_address', this.address, '--ipc_socket_file', ''],
      ...['--engine', 'zookeeper', '--zookeeper_connect', connectString],
      ...['--zookeeper_session_timeout', `${sessionTimeoutMs}ms`],
    ];
  }

  /** A server with a port of its own that is not started yet. */
  static async place(options: LockServerOptions): Promise<LockServer> {
    return new LockServer(options, await findFreePort());
  }

  async role(): Promise<string> {
    return '';
  }

  async kill(): Promise<void> {
    await this.#process?.kill();
  }

  async start(): Promise<void> {
    const child = new TetheredProcess(process.execPath, this.#args, ['ignore', 'ignore', 'pipe']);
    this.#process = child;
    let logged = '';
    let isReady = false;
    child.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      appendFileSync(this.#logFile, text);
      if (isReady) return;
      logged += text;
      isReady = logged.includes(READY_LINE);
    });
    const untilMs = performance.now() + READY_MS_MAX;
    while (!isReady) {
      if (!child.running || performance.now() > untilMs)
        throw new Error(`${this.name} did not start: ${logged}`);
      await sleep(10);
    }
  }

  /** Asks it to stop, as at the end of a demonstration. */
  async stop(): Promise<void> {
    this.#process?.signal('SIGTERM');
    await this.#process?.endWithin(STOP_MS_MAX);
  }
}
