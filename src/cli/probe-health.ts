import { connect } from 'node:http2';
import { parseListenAddress } from '../config/listen-address.ts';
import type { ServerOptions } from '../config/server-options.ts';

const HEALTH_CHECK = {
  ':method': 'POST',
  ':path': '/grpc.health.v1.Health/Check',
  'content-type': 'application/grpc',
  te: 'trailers',
} as const;
/** The prefix of an empty HealthCheckRequest, and the whole of a HealthCheckResponse that says SERVING. */
const EMPTY_MESSAGE = Buffer.alloc(5);
const SERVING = '00000000020801';

type ProbedOptions = Pick<
  ServerOptions,
  'listenAddress' | 'tlsCertFile' | 'clientCertVerify' | 'clientCaFile'
>;

/**
 * Asks a server on this machine that has these options whether it serves.
 *
 * Its certificate is not verified: it is ours, and need not name the loopback address. A server that wants certificates
 * of its clients would refuse us behind the handshake; there it is taken for an answer that it shakes hands.
 *
 * @returns null when it serves, else what is wrong.
 * @throws ListenAddressError
 */
export function probeHealth(options: ProbedOptions, timeoutMs: number): Promise<string | null> {
  const tls = options.tlsCertFile !== '';
  const wantsCertificates = options.clientCertVerify || options.clientCaFile !== '';
  const authority = `${tls ? 'https' : 'http'}://${reachableAddress(options.listenAddress)}`;
  return new Promise((resolve) => {
    const session = connect(authority, { rejectUnauthorized: false });
    const timer = setTimeout(() => end(`no answer within ${timeoutMs} ms`), timeoutMs);
    const end = (wrong: string | null): void => {
      clearTimeout(timer);
      session.destroy();
      resolve(wrong);
    };
    session.on('error', (error) => end(error.message));
    session.on('close', () => end('the connection was closed'));
    if (tls && wantsCertificates) {
      session.on('connect', () => end(null));
      return;
    }
    const request = session.request(HEALTH_CHECK);
    let answer = '';
    request.setEncoding('hex');
    request.on('data', (text: string) => {
      answer += text;
    });
    request.on('error', (error) => end(error.message));
    request.on('end', () => end(answer === SERVING ? null : 'it does not serve now'));
    request.end(EMPTY_MESSAGE);
  });
}

/** Where a server is reached that listens there: by loopback, when that is all interfaces. */
function reachableAddress(listenAddress: string): string {
  const { host, port } = parseListenAddress(listenAddress);
  if (host === '' || host === '0.0.0.0') return `127.0.0.1:${port}`;
  return host.includes(':') ? `[${host === '::' ? '::1' : host}]:${port}` : `${host}:${port}`;
}
