import { ConfigError } from '../../config/config-error.ts';
import { parseListenAddress } from '../../config/listen-address.ts';
import type { ServerOptions } from '../../config/server-options.ts';
import { resolveHost } from '../bind.ts';
import { isLoopback } from '../loopback.ts';

type AccessSettings = Pick<
  ServerOptions,
  'adminListenAddress' | 'password' | 'clientCertVerify' | 'clientCaFile'
>;

/**
 * The admin listener shows every lock and releases any: who reaches it from another machine must say who he is.
 *
 * @throws ConfigError when it is to be reached from elsewhere and asks for nothing
 * @throws BindError, ListenAddressError when the address names no place
 */
export async function checkAdminAccess(settings: AccessSettings): Promise<void> {
  const { adminListenAddress, password, clientCertVerify, clientCaFile } = settings;
  if (password !== '' || clientCertVerify || clientCaFile !== '') return;
  const ips = await resolveHost(parseListenAddress(adminListenAddress).host);
  if (ips.every(isLoopback)) return;
  throw new ConfigError(
    `admin_listen_address ${adminListenAddress} can be reached from other machines: ` +
      'set password, or tls_cert and client_ca, or listen at localhost',
  );
}
