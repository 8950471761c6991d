import { checkServerOptions, type ServerOptions } from './config/server-options.ts';
import { createLogger, type Logger } from './server/logger.ts';
import type { RunningServer } from './server/running-server.ts';
import { LockServer } from './server/server.ts';

export { ConfigError } from './config/config-error.ts';
export { ListenAddressError } from './config/listen-address.ts';
export type { LogFormat, LogLevel, ServerOptions } from './config/server-options.ts';
export { LdlmServerError } from './contract/server-error.ts';
export { ShardFailedError } from './engine/shard-watch.ts';
export { BindError } from './server/bind.ts';
export type { Logger } from './server/logger.ts';
export type { RunningServer } from './server/running-server.ts';
export { TlsConfigError } from './server/tls-context.ts';

/**
 * The options of {@link startServer}: any of {@link ServerOptions}, where to log, and what ends the start. `ipcSocketFile` is
 * empty by default.
 */
export interface StartOptions extends Partial<ServerOptions> {
  /** Default: lines on stderr in the format and from the level that the options say. */
  readonly logger?: Logger;
  /** Ends a start that looks for its ensemble, with its reason. From then on it is `close()` that stops the server. */
  readonly signal?: AbortSignal;
}

/**
 * Starts a lock server in this process. Resolves when it takes connections; `addresses` says where, which matters
 * with port 0. `close()` ends it in order.
 *
 * @throws ConfigError for an option that is out of its range, {@link ListenAddressError}, {@link BindError} or
 * {@link TlsConfigError} for what cannot be used: all are {@link LdlmServerError}s with a stable `code`. The promise
 * `closed` rejects with {@link ShardFailedError} when the server could not go on.
 */
export async function startServer(options: StartOptions = {}): Promise<RunningServer> {
  const { logger, signal, ...settings } = options;
  // A server in another program is not the machine's one server, whose socket `ldlm-lock` looks for.
  const checked = checkServerOptions({ ipcSocketFile: '', ...settings });
  return LockServer.start(checked, logger ?? createLogger(checked), { signal });
}
