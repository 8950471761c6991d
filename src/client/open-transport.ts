import { channelCredentials } from './channel-credentials.ts';
import type { CheckedOptions, TlsOptions } from './client-options.ts';
import { FailoverTransport } from './failover-transport.ts';
import { GrpcTransport } from './grpc-transport.ts';
import { RestTransport } from './rest-transport.ts';
import { loadTlsFiles } from './tls-material.ts';
import type { Transport } from './transport.ts';

/**
 * What carries a client's calls. It connects with the first of them.
 *
 * @param holds whether the client holds a lock that nothing speaks against
 * @throws InvalidOptionError for TLS files that cannot be used
 */
export function openTransport(options: CheckedOptions, holds: () => boolean): Transport {
  const { addresses } = options;
  const tls = options.tls === null ? null : loadTlsFiles(options.tls);
  if (addresses.length === 1) return openOne(addresses[0]!, tls, options);
  return new FailoverTransport({ addresses, holds, open: (address) => openOne(address, tls, options) });
}

/** A session whose server has answered nothing for so long is given up where there is another one to go to. */
const CERTAIN_MS_MAX = 10_000;

function openOne(address: string, tls: TlsOptions | null, options: CheckedOptions): Transport {
  const { transport, password } = options;
  if (transport === 'rest') {
    const certainMsMax = options.addresses.length === 1 ? Number.POSITIVE_INFINITY : CERTAIN_MS_MAX;
    return new RestTransport({ address, password, tls, certainMsMax });
  }
  const name = tls?.serverName;
  const named = name === undefined ? {} : { 'grpc.ssl_target_name_override': name };
  const channelOptions = { ...named, ...keepaliveOf(options), ...options.channelOptions };
  return new GrpcTransport({ address, password, channelOptions, credentials: channelCredentials(tls) });
}

/**
 * Where there is another server to go to, one that has vanished without a word is noticed sooner. gRPC's servers put up with
 * one ping in ten seconds.
 */
function keepaliveOf({ addresses }: CheckedOptions): Record<string, number> {
  return addresses.length === 1
    ? {}
    : { 'grpc.keepalive_time_ms': 11_000, 'grpc.keepalive_timeout_ms': 4_000 };
}
