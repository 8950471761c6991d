import { Buffer } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

const READ_BYTES = 256 * 1024;
/**
 * The kernel's queue for connections that are not accepted yet is short, and a server gives a handshake only so much
 * time; so many are opened at a time.
 */
const OPENING_MAX = 100;
const OPENING_TLS_MAX = 20;

/** One for all sockets: whoever is handed the bytes has to be done with them before it returns. */
const readBuffer = Buffer.allocUnsafeSlow(READ_BYTES);

export interface Target {
  readonly host: string;
  readonly port: number;
  /** A PEM file with the server's authority: then the connections use TLS. */
  readonly caFile?: string;
}

export type Receive = (bytes: Buffer, length: number) => void;

/** Opens connections to one address. `attach` gets each socket and says who receives its bytes. */
export async function openSockets(
  target: Target,
  count: number,
  attach: (socket: Socket, id: number) => Receive,
): Promise<void> {
  const ca = target.caFile === undefined ? null : readFileSync(target.caFile);
  const openingMax = ca === null ? OPENING_MAX : OPENING_TLS_MAX;
  for (let id = 0; id < count; ) {
    const batch: Promise<void>[] = [];
    for (let i = 0; i < openingMax && id < count; i++, id++) {
      batch.push(ca === null ? openPlain(target, id, attach) : openTls(target, ca, id, attach));
    }
    await Promise.all(batch);
  }
}

function openPlain(
  { host, port }: Target,
  id: number,
  attach: (socket: Socket, id: number) => Receive,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let receive: Receive = () => {};
    const socket = connect({
      host,
      port,
      noDelay: true,
      onread: {
        buffer: readBuffer,
        callback: (length) => {
          receive(readBuffer, length);
          return true;
        },
      },
    });
    socket.once('error', reject);
    socket.once('connect', () => {
      receive = attach(socket, id);
      resolve();
    });
  });
}

function openTls(
  { host, port }: Target,
  ca: Buffer,
  id: number,
  attach: (socket: Socket, id: number) => Receive,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connectTls({ host, port, ca, servername: 'localhost', ALPNProtocols: ['h2'] });
    socket.once('error', reject);
    socket.once('secureConnect', () => {
      const receive = attach(socket, id);
      socket.on('data', (bytes: Buffer) => receive(bytes, bytes.length));
      resolve();
    });
  });
}
