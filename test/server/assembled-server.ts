import { checkServerOptions, type ServerOptions } from '../../src/config/server-options.ts';
import { AdminGuard } from '../../src/server/admin/admin-guard.ts';
import { assembleServer, type ServerFoundation, type ServerParts } from '../../src/server/assemble-server.ts';
import { Cluster } from '../../src/server/cluster.ts';
import { ServerState } from '../../src/server/state.ts';
import { LogLines } from './log-lines.ts';
import { afterwards } from './running-server.ts';

export interface AssembledServer extends ServerParts {
  readonly log: LogLines;
  /** What a running server would be told that it has lost. */
  readonly failed: readonly Error[];
  /** Opens what the options name: the admin listener, gRPC and REST. */
  openAll(): Promise<void>;
}

/** The parts of a server on free ports of 127.0.0.1, with threads that work, ended after the test. */
export async function assemble(
  settings: Partial<ServerOptions> = {},
  foundation: Partial<ServerFoundation> = {},
): Promise<AssembledServer> {
  const log = new LogLines(settings.logLevel);
  const own = { listenAddress: '127.0.0.1:0', ipcSocketFile: '' };
  const threads = settings.engine === 'zookeeper' ? {} : { shards: 1 };
  const options = checkServerOptions({ ...own, ...threads, ...settings });
  const state = await ServerState.open(options, log.logger);
  const cluster = await Cluster.open(options, log.logger);
  const failed: Error[] = [];
  const parts = assembleServer(
    { options, logger: log.logger, tls: null, state, cluster, workerUrl: undefined, ...foundation },
    { failed: (error) => failed.push(error), locksLost: () => {} },
  );
  const { engine, inspector, health, connections, administration, endpoints } = parts;
  afterwards(async () => {
    endpoints.closeGrpc();
    for (const some of [connections, endpoints.rest, administration]) some?.destroy();
    health.close();
    inspector.close();
    await engine.close();
    await endpoints.closeAdmin();
    state?.close();
  });
  await engine.ready();
  const openAll = async (): Promise<void> => {
    if (options.adminListenAddress !== '')
      await endpoints.openAdmin(new AdminGuard({ ...options, isTls: false }));
    await endpoints.openGrpc();
    await endpoints.openRest();
  };
  return { ...parts, log, failed, openAll };
}
