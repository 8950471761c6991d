import { join } from 'node:path';
import { memberOptions, ZooKeeperEnsemble } from '../../test/interop/zookeeper/ensemble-process.ts';
import { findFreePort } from '../../test/interop/zookeeper/ports.ts';
import { ZooKeeperServer } from '../../test/interop/zookeeper/zookeeper-process.ts';
import type { Restartable } from './restartable.ts';

const SIZE = 3;

/** Sessions end at multiples of it, and a session timeout should be three of them at least. */
const TICK_MS = 500;

/** A node of the ensemble, which knows at each moment whether it leads. */
class EnsembleNode implements Restartable {
  readonly name: string;
  readonly kind = 'zookeeper';
  readonly #server: ZooKeeperServer;

  constructor(name: string, server: ZooKeeperServer) {
    this.name = name;
    this.#server = server;
  }

  async role(): Promise<string> {
    return (await this.#server.mode()) ?? 'not in the quorum';
  }

  kill(): Promise<void> {
    return this.#server.kill();
  }

  /** Resolves once it is a member of the quorum again. */
  async start(): Promise<void> {
    this.#server.launch();
    await this.#server.ready();
  }
}

interface RunningEnsemble {
  readonly connectString: string;
  readonly nodes: readonly EnsembleNode[];
  stop(): Promise<void>;
}

/** Three nodes on 127.0.0.1, with their files and logs in `folder`. */
export async function startEnsemble(folder: string): Promise<RunningEnsemble> {
  const folderOf = (id: number): string => join(folder, `zookeeper-${id}`);
  const members = await memberOptions(SIZE, { tickMs: TICK_MS }, (id) => join(folderOf(id), 'data'));
  const servers: ZooKeeperServer[] = [];
  for (const [index, options] of members.entries()) {
    const port = await findFreePort();
    const place = {
      folder: folderOf(index + 1),
      dataDir: options.dataDir!,
      port,
      securePort: undefined,
    };
    servers.push(new ZooKeeperServer(options, place));
  }
  for (const server of servers) server.launch();
  const ensemble = new ZooKeeperEnsemble(servers);
  await ensemble.ready();
  return {
    connectString: ensemble.connectString,
    nodes: servers.map((server, index) => new EnsembleNode(`ZooKeeper ${index + 1}`, server)),
    stop: async () => void (await Promise.all(servers.map((server) => server.stop()))),
  };
}
