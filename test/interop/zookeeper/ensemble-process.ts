import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findFreePort } from './ports.ts';
import type { ZooKeeperOptions } from './zookeeper-options.ts';
import type { ZooKeeperMode, ZooKeeperServer } from './zookeeper-process.ts';

const quorumMsMax = 15_000;

type Modes = readonly (ZooKeeperMode | undefined)[];

/** A leader that was frozen takes itself for one a little longer. */
const hasOneLeader = (modes: Modes): boolean => modes.filter((mode) => mode === 'leader').length === 1;

/** Several servers that replicate; each can be killed, frozen and restarted by itself. */
export class ZooKeeperEnsemble {
  readonly servers: readonly ZooKeeperServer[];
  readonly connectString: string;

  constructor(servers: readonly ZooKeeperServer[]) {
    this.servers = servers;
    this.connectString = servers.map((server) => server.address).join(',');
  }

  /** The server that leads, once there is one; a frozen one does not count. */
  async leader(): Promise<ZooKeeperServer> {
    const [leader] = await this.#within(hasOneLeader, 'leader');
    return leader!;
  }

  /** Those that follow at the moment. */
  async followers(): Promise<readonly ZooKeeperServer[]> {
    return this.#within(() => true, 'follower');
  }

  /** Waits until one leads and all others follow. */
  async ready(): Promise<void> {
    await this.#within((modes) => hasOneLeader(modes) && !modes.includes(undefined), 'leader');
  }

  /** The servers of a mode, as soon as the modes of all are `enough`. */
  async #within(
    enough: (modes: Modes) => boolean,
    wanted: ZooKeeperMode,
  ): Promise<readonly ZooKeeperServer[]> {
    const end = Date.now() + quorumMsMax;
    for (;;) {
      const modes = await Promise.all(this.servers.map((server) => server.mode()));
      if (enough(modes)) return this.servers.filter((_, index) => modes[index] === wanted);
      if (Date.now() > end) {
        const logs = this.servers.map((server) => server.log().slice(-2_000));
        throw new Error(`no quorum, the modes are ${modes.join(', ')}\n${logs.join('\n---\n')}`);
      }
      await sleep(20);
    }
  }
}

/**
 * The options of so many servers that know each other, each with a data folder that says who it is.
 *
 * @param makeFolder makes the data folder of a server
 */
export async function memberOptions(
  size: number,
  options: ZooKeeperOptions,
  makeFolder: (id: number) => string,
): Promise<readonly ZooKeeperOptions[]> {
  const members: Record<string, string> = {};
  for (let id = 1; id <= size; id += 1) {
    members[`server.${id}`] = `127.0.0.1:${await findFreePort()}:${await findFreePort()}`;
  }
  const settings = { initLimit: 20, syncLimit: 5, ...members, ...options.settings };
  return Array.from({ length: size }, (_, index) => {
    const dataDir = makeFolder(index + 1);
    mkdirSync(dataDir, { recursive: true });
    writeFileSync(join(dataDir, 'myid'), `${index + 1}\n`);
    return { ...options, dataDir, settings };
  });
}
