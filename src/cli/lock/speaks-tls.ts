import { connect } from 'node:tls';
import { parseListenAddress } from '../../config/listen-address.ts';

/** For how long a server may think about it, in milliseconds. */
const PROBE_MS_MAX = 2_000;

/** Whether TLS is spoken at an address, `host:port`, whatever its certificate says: nothing is sent there. */
export function speaksTls(address: string): Promise<boolean> {
  const { host, port } = parseListenAddress(address);
  return new Promise((resolve) => {
    const socket = connect({ host, port, rejectUnauthorized: false, ALPNProtocols: ['h2'] });
    const answer = (speaks: boolean): void => {
      socket.destroy();
      resolve(speaks);
    };
    socket.setTimeout(PROBE_MS_MAX, () => answer(false));
    socket.once('secureConnect', () => answer(true));
    // An alert is an answer in TLS, too: a server may want a certificate before all else.
    socket.once('error', (error) => answer('code' in error && String(error.code).includes('ALERT')));
  });
}
