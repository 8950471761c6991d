import { fileURLToPath } from 'node:url';
import { ServerProcess } from './server-process.ts';

const GRPC_JS_SERVER = fileURLToPath(new URL('grpc-js-server.js', import.meta.url));
const TLS_SERVER = fileURLToPath(new URL('tls-server.js', import.meta.url));
const ECHO_SERVER = fileURLToPath(new URL('echo-server.js', import.meta.url));
const TLS_FIXTURES = fileURLToPath(new URL('../../../test/fixtures/tls/', import.meta.url));

/** The server program of the working tree, as `npm run build` left it. */
export const BUILT_PROGRAM = fileURLToPath(new URL('../../src/cli/ldlm-server.js', import.meta.url));

/** The authority that has signed the certificate of the servers with TLS. */
export const CA_FILE = `${TLS_FIXTURES}ca.pem`;
const CERT_FILE = `${TLS_FIXTURES}server.pem`;
const KEY_FILE = `${TLS_FIXTURES}server-key.pem`;

export interface OwnServerOptions {
  readonly program: string;
  /** Default: the server's own. */
  readonly shards?: number;
  readonly tls?: boolean;
  readonly collectable?: boolean;
  /** Default: locks live in memory. */
  readonly stateFile?: string;
  readonly stateSync?: string;
  /** Where `ldlm-lock` finds it. Default: nowhere. */
  readonly ipcSocketFile?: string;
  /** Where metrics are served. Default: nowhere. */
  readonly adminAddress?: string;
}

/** Starts the lock server. */
export function startOwnServer(options: OwnServerOptions): Promise<ServerProcess> {
  const args = (address: string): string[] => [
    options.program,
    ...[
      '--listen_address',
      address,
      '--ipc_socket_file',
      options.ipcSocketFile ?? '',
      '--log_level',
      'error',
    ],
    ...(options.shards === undefined ? [] : ['--shards', String(options.shards)]),
    ...(options.stateFile === undefined ? [] : ['--state_file', options.stateFile]),
    ...(options.stateSync === undefined ? [] : ['--state_sync', options.stateSync]),
    ...(options.adminAddress === undefined ? [] : ['--admin_listen_address', options.adminAddress]),
    ...(options.tls === true ? ['--tls_cert', CERT_FILE, '--tls_key', KEY_FILE] : []),
  ];
  return ServerProcess.node(args, options.collectable ?? false);
}

/** Starts the same service on @grpc/grpc-js. */
export function startGrpcJsServer(): Promise<ServerProcess> {
  return ServerProcess.node((address) => [GRPC_JS_SERVER, address]);
}

/** Starts a `tls` server that does nothing with its connections. */
export function startBareTlsServer(): Promise<ServerProcess> {
  return ServerProcess.node((address) => [TLS_SERVER, address, CERT_FILE, KEY_FILE], true);
}

/** Starts a server that sends back what it reads. */
export function startEchoServer(): Promise<ServerProcess> {
  return ServerProcess.node((address) => [ECHO_SERVER, address]);
}
