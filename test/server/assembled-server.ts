import { checkServerOptions, type ServerOptions } from '../../src/config/server-options.ts';
import { AdminGuard } from '../../src/server/admin/admin-guard.ts';
import { assembleServer, type ServerFoundation, type ServerParts } from '../../src/server/assemble-server.ts';
import { LogLines } from './log-lines.ts';
import { afterwards } from './running-server.ts';

export interface AssembledServer extends ServerParts {
  readonly log: LogLines;
  readonly options: ServerOptions;
  /** What goes wrong, as a running server would be told. */
  readonly failed: Error[];
  readonly lost: ReadonlySet<number>[];
  /** Opens what the options name: the admin listener, gRPC and REST. */
  openAll(): Promise<void>;
}

/** The parts of a server on free ports of 127.0.0.1, with threads that work, ended after the test. */
export async function assemble(
  settings: Partial<ServerOptions> = {},
  foundation: Partial<ServerFoundation> = {},
): Promise<AssembledServer> {
  const log = new LogLines(settings.logLevel);
  const own = { listenAddress: '127.0.0.1:0', ipcSocketFile: '', shards: 1 };
  const options = checkServerOptions({ ...own, ...settings });
  const [failed, lost]: [Error[], ReadonlySet<number>[]] = [[], []];
  const parts = assembleServer(
    {
      options,
      logger: log.logger,
      tls: null,
      state: null,
      cluster: null,
      workerUrl: undefined,
      ...foundation,
    },
    { failed: (error) => failed.push(error), locksLost: (sessions) => lost.push(sessions) },
  );
  const { engine, inspector, health, connections, administration, endpoints } = parts;
  afterwards(async () => {
    endpoints.closeGrpc();
    for (const some of [connections, endpoints.rest, administration]) some?.destroy();
    health.close();
    inspector.close();
    await engine.close();
    await endpoints.closeAdmin();
  });
  await engine.ready();
  const openAll = async (): Promise<void> => {
    if (options.adminListenAddress !== '')
      await endpoints.openAdmin(new AdminGuard({ ...options, isTls: false }));
    await endpoints.openGrpc();
    await endpoints.openRest();
  };
  return { ...parts, log, options, failed, lost, openAll };
}
