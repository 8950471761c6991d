import { channelCredentials } from './channel-credentials.ts';
import type { CheckedOptions } from './client-options.ts';
import { GrpcTransport } from './grpc-transport.ts';
import { RestTransport } from './rest-transport.ts';
import type { Transport } from './transport.ts';

/**
 * What carries a client's calls. It connects with the first of them.
 *
 * @throws InvalidOptionError for TLS files that cannot be used
 */
export function openTransport(options: CheckedOptions): Transport {
  const { transport, address, password, tls } = options;
  if (transport === 'rest') return new RestTransport({ address, password, tls });
  const name = tls?.serverName;
  const named = name === undefined ? {} : { 'grpc.ssl_target_name_override': name };
  const channelOptions = { ...named, ...options.channelOptions };
  return new GrpcTransport({ address, password, channelOptions, credentials: channelCredentials(tls) });
}
