import { connect } from 'node:net';
import { parseListenAddress } from '../../config/listen-address.ts';
import { CommandFailure } from './command-failure.ts';
import { reasonOf, splitAddresses } from './lock-target.ts';

/** For how long a machine may take to answer, in milliseconds, before the next one is asked. */
const CONNECT_MS_MAX = 3_000;

/**
 * The first of several addresses, with commas between them, at which somebody listens. One alone is not tried: who talks
 * to it will see.
 *
 * @throws CommandFailure that says of each what is wrong with it
 */
export async function pickAddress(text: string, connectMsMax: number = CONNECT_MS_MAX): Promise<string> {
  const addresses = splitAddresses(text);
  if (addresses.length === 1) return text;
  const failures: string[] = [];
  for (const address of addresses) {
    const failure = await dialAddress(address, connectMsMax);
    if (failure === null) return address;
    failures.push(`cannot connect to ${address}: ${failure}`);
  }
  throw new CommandFailure(failures.join('\n'));
}

/** Null when somebody listens, else why not. */
function dialAddress(address: string, connectMsMax: number): Promise<string | null> {
  const { host, port } = parseListenAddress(address);
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const settle = (failure: string | null): void => {
      socket.destroy();
      resolve(failure);
    };
    socket.setTimeout(connectMsMax, () => settle(`no answer within ${connectMsMax} ms`));
    socket.once('connect', () => settle(null));
    socket.once('error', (error) => settle(reasonOf(error)));
  });
}
