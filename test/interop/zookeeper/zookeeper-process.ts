import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ask, parseCounters, type ZooKeeperCounters } from './four-letter-words.ts';
import { TetheredProcess } from './tethered-process.ts';
import {
  configuration,
  javaArguments,
  serverPem,
  type ZooKeeperOptions,
  type ZooKeeperPlace,
} from './zookeeper-options.ts';

const readyMsMax = 15_000;

export type ZooKeeperMode = 'standalone' | 'leader' | 'follower';

/** Debian's ZooKeeper as a process of its own on 127.0.0.1. */
export class ZooKeeperServer {
  readonly port: number;
  readonly address: string;
  /** Where it serves TLS; empty without the option. */
  readonly secureAddress: string;
  readonly #place: ZooKeeperPlace;
  readonly #java: readonly string[];
  readonly #logFile: string;
  #process: TetheredProcess | undefined;

  constructor(options: ZooKeeperOptions, place: ZooKeeperPlace) {
    this.#place = place;
    this.port = place.port;
    this.address = `127.0.0.1:${place.port}`;
    this.secureAddress = place.securePort === undefined ? '' : `127.0.0.1:${place.securePort}`;
    this.#logFile = join(place.folder, 'server.log');
    const configFile = join(place.folder, 'zoo.cfg');
    mkdirSync(place.dataDir, { recursive: true });
    writeFileSync(configFile, configuration(options, place));
    if (place.securePort !== undefined) writeFileSync(join(place.folder, 'server.pem'), serverPem());
    this.#java = [...javaArguments(options), configFile];
  }

  /** Starts the process, and does not wait until it serves. */
  launch(): void {
    const log = openSync(this.#logFile, 'a');
    this.#process = new TetheredProcess('java', this.#java, ['ignore', log, log]);
    closeSync(log);
  }

  /** Waits until it serves: alone, or as a member of a quorum. */
  async ready(): Promise<void> {
    const end = Date.now() + readyMsMax;
    while ((await this.mode()) === undefined || !(await this.#listensForTls())) {
      if (!this.#process?.running || Date.now() > end) {
        throw new Error(`ZooKeeper did not start: ${readFileSync(this.#logFile, 'utf8')}`);
      }
      await sleep(20);
    }
  }

  /** What clients are given. */
  get connectString(): string {
    return this.address;
  }

  get pid(): number {
    return this.#running.pid;
  }

  /** Undefined while it does not serve. */
  async mode(): Promise<ZooKeeperMode | undefined> {
    const answer = await ask(this.port, 'srvr').catch(() => '');
    return /^Mode: (\w+)$/m.exec(answer)?.[1] as ZooKeeperMode | undefined;
  }

  async counters(): Promise<ZooKeeperCounters> {
    return parseCounters(await ask(this.port, 'mntr'));
  }

  /** The sessions and their ephemeral nodes, in ZooKeeper's words. */
  dump(): Promise<string> {
    return ask(this.port, 'dump');
  }

  /** What it has logged since it was started first. */
  log(): string {
    return readFileSync(this.#logFile, 'utf8');
  }

  /** Asks it to end, and kills it if it does not. */
  async stop(): Promise<void> {
    this.#process?.signal('SIGTERM');
    this.#process?.signal('SIGCONT');
    await this.#process?.endWithin(5_000);
  }

  async kill(): Promise<void> {
    await this.#process?.kill();
  }

  /** Stops it as it is: its connections stay, and nothing answers. */
  freeze(): void {
    this.#running.signal('SIGSTOP');
  }

  thaw(): void {
    this.#running.signal('SIGCONT');
  }

  /** Starts it again with its port and its data, whether it runs or not. */
  async restart(): Promise<void> {
    await this.stop();
    this.launch();
    await this.ready();
  }

  /** It opens the port for TLS behind the other one, on which it says already that it serves. */
  #listensForTls(): Promise<boolean> {
    const { securePort } = this.#place;
    if (securePort === undefined) return Promise.resolve(true);
    return new Promise((resolve) => {
      const socket = connect(securePort, '127.0.0.1', () => socket.destroy());
      socket.on('error', () => resolve(false)).on('close', () => resolve(true));
    });
  }

  get #running(): TetheredProcess {
    if (!this.#process?.running) throw new Error(`ZooKeeper on ${this.address} does not run`);
    return this.#process;
  }
}
