import { connect, isIP, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls, createSecureContext } from 'node:tls';
import type { buildConnector } from 'undici';
import type { TlsOptions } from './client-options.ts';
import { readTlsMaterial, useTlsMaterial } from './tls-material.ts';

const CONNECT_MS_MAX = 10_000;
/** After so much silence the system asks whether the server's machine is still there. */
const KEEP_ALIVE_MS = 20_000;
const DEFAULT_PORTS = { clear: 80, tls: 443 };

/**
 * Opens the connections of a pool. undici's own way leaves those alone that are not open yet when the pool is destroyed:
 * they would outlive the client by ten seconds. None of them keeps the process running.
 */
export class HttpConnector {
  readonly #tls: ConnectionOptions | null;
  readonly #opening = new Set<Socket>();

  /** @throws InvalidOptionError for TLS files that cannot be used */
  constructor(tls: TlsOptions | null) {
    this.#tls = tls === null ? null : connectionOptions(tls);
  }

  /** Calls back with a socket that is open, or with why there is none. */
  open({ hostname, port }: buildConnector.Options, callback: buildConnector.Callback): void {
    const socket = this.#tls === null ? openClear(hostname, port) : openTls(this.#tls, hostname, port);
    this.#opening.add(socket);
    socket.setNoDelay(true).setKeepAlive(true, KEEP_ALIVE_MS).unref();
    // undici would have it keep the process running while there is a request on it, whoever that is for.
    socket.ref = () => socket;
    const timer = setTimeout(
      () => socket.destroy(new Error(`no connection within ${CONNECT_MS_MAX} ms`)),
      CONNECT_MS_MAX,
    ).unref();
    const settle = (error: Error | null): void => {
      if (!this.#opening.delete(socket)) return;
      clearTimeout(timer);
      if (error === null) callback(null, socket);
      else callback(error, null);
    };
    socket.once(this.#tls === null ? 'connect' : 'secureConnect', () => settle(null));
    socket.on('error', (error) => {
      settle(error);
      // A refusal of the client's certificate comes when the connection is open. Its end, which follows, would hide it.
      socket.destroy(error);
    });
    socket.once('close', () => settle(new Error('the connection was closed before it was open')));
  }

  /** Gives up what is not open yet. */
  abandon(): void {
    for (const socket of this.#opening) socket.destroy();
  }
}

function openClear(host: string, port: string): Socket {
  return connect({ host, port: Number(port) || DEFAULT_PORTS.clear });
}

function openTls(tls: ConnectionOptions, host: string, port: string): Socket {
  return connectTls({
    host,
    port: Number(port) || DEFAULT_PORTS.tls,
    // Names only, as TLS has it: what an address must match is `host` then.
    ...(isIP(host) === 0 && { servername: host }),
    ALPNProtocols: ['http/1.1'],
    ...tls,
  });
}

/** @throws InvalidOptionError */
function connectionOptions(tls: TlsOptions): ConnectionOptions {
  const { ca, key, cert } = readTlsMaterial(tls);
  const { serverName, skipVerify = false } = tls;
  return {
    secureContext: useTlsMaterial(() =>
      createSecureContext({
        ...(ca !== null && { ca }),
        ...(key !== null && cert !== null && { key, cert }),
      }),
    ),
    ...(serverName !== undefined && { servername: serverName }),
    ...(skipVerify && { rejectUnauthorized: false, checkServerIdentity: () => undefined }),
  };
}
