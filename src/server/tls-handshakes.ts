import { type Server, Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { systemErrorCode } from '../base/system-error.ts';
import { peerAddress } from './session-directory.ts';

/** Where handshakes that come to nothing are told of. */
export interface HandshakeEvents {
  /** A TLS handshake has come to nothing. */
  handshakeFailed(address: string, reason: string): void;
  /** A client speaks HTTP in clear where TLS is spoken. The socket is still open, and ended by whoever is told. */
  spokenInClear?(socket: Socket): void;
}

/** Sockets whose TLS handshake is not done. The server tells of both ends of a handshake with different objects, so they are known by their peer. */
export class TlsHandshakes {
  readonly #sockets = new Map<string, Socket>();

  /** Minds the handshakes of a server. */
  watch(server: Server, events: HandshakeEvents): void {
    server.on('connection', (socket: Socket) => this.#begin(socket));
    server.on('secureConnection', (socket: Socket) => this.#sockets.delete(peerOf(socket)));
    server.on('tlsClientError', (error: Error, socket: TLSSocket) => {
      events.handshakeFailed(addressBeneath(socket), describeTlsError(error, socket));
      const beneath = systemErrorCode(error) === 'ERR_SSL_HTTP_REQUEST' ? socketBeneath(socket) : null;
      if (beneath !== null && events.spokenInClear !== undefined) events.spokenInClear(beneath);
      else socket.destroy();
    });
  }

  /** Ends those that are not done. */
  destroy(): void {
    for (const socket of this.#sockets.values()) socket.destroy();
  }

  #begin(socket: Socket): void {
    const peer = peerOf(socket);
    this.#sockets.set(peer, socket);
    // A later socket of the same peer may stand here by then.
    socket.once('close', () => {
      if (this.#sockets.get(peer) === socket) this.#sockets.delete(peer);
    });
  }
}

function peerOf(socket: Socket): string {
  return `${socket.remoteAddress} ${socket.remotePort} ${socket.localAddress}`;
}

/** The socket beneath a TLS socket, which has no public name. */
function socketBeneath(socket: TLSSocket): Socket | null {
  const beneath: unknown = Reflect.get(socket, '_parent');
  return beneath instanceof Socket ? beneath : null;
}

/** The peer of a TLS socket that is closed, which only the socket beneath it still knows. */
function addressBeneath(socket: TLSSocket): string {
  const beneath = socketBeneath(socket);
  return beneath === null ? '' : peerAddress(beneath.remoteAddress, beneath.remotePort);
}

/** Why a handshake failed: what is wrong with the client's certificate, else what OpenSSL or the socket says. */
function describeTlsError(error: Error, socket: TLSSocket): string {
  const certificateError: unknown = socket.authorizationError;
  if (typeof certificateError === 'string') return certificateError;
  // Such as clients that do not trust our certificate and say nothing of it.
  if (systemErrorCode(error) === 'ECONNRESET') return 'the client ended the connection';
  return 'reason' in error && typeof error.reason === 'string' ? error.reason : error.message;
}
