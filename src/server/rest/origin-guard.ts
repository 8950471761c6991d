import type { ServerOptions } from '../../config/server-options.ts';
import { AllowedHosts } from '../allowed-hosts.ts';
import { isFromOwnPage } from '../same-origin.ts';
import type { RawRequest } from './rest-call.ts';

type GuardOptions = Pick<ServerOptions, 'restListenAddress' | 'adminHosts' | 'tlsCertFile'>;

/**
 * Keeps the pages of other sites out, which could begin sessions and take locks with requests for which no browser asks
 * for leave first; and `SameSite` does not tell the ports of a host apart. Browsers name the page in `Origin` unless they
 * only read, programs send none: where it is, it must be the origin of this server, under a name that this server has,
 * see {@link AllowedHosts}.
 */
export class OriginGuard {
  readonly #hosts: AllowedHosts;
  readonly #isTls: boolean;

  /** @throws ConfigError for host names that cannot be any */
  constructor({ restListenAddress, adminHosts, tlsCertFile }: GuardOptions) {
    this.#isTls = tlsCertFile !== '';
    this.#hosts = new AllowedHosts(adminHosts, restListenAddress, this.#isTls);
  }

  /** Null when the request may be answered, else why not. */
  refuse(request: RawRequest): string | null {
    const { origin } = request.headers;
    if (origin === undefined || request.method === 'GET' || request.method === 'HEAD') return null;
    return this.#refuseOrigin(request, origin);
  }

  #refuseOrigin({ headers, socket }: RawRequest, origin: string): string | null {
    const host = hostOf(headers);
    if (!isFromOwnPage(headers, host, this.#isTls)) {
      const own = `${this.#isTls ? 'https' : 'http'}://${(host ?? '').slice(0, SHOWN_CHARACTERS)}`;
      return (
        `the request comes from a page of the origin ${JSON.stringify(origin.slice(0, SHOWN_CHARACTERS))}: ` +
        `browsers may ask from pages of ${own} only, and programs send no origin`
      );
    }
    return this.#hosts.refuse(host, socket);
  }
}

const SHOWN_CHARACTERS = 256;

/** In HTTP/2 it is a pseudo header. */
function hostOf(headers: RawRequest['headers']): string | undefined {
  const authority = headers[':authority'];
  return typeof authority === 'string' ? authority : headers.host;
}
