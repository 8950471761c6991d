import type { CreateOptions } from './nodes.ts';
import type { Credentials } from './session/session-link.ts';
import { CreateFlag } from './wire/op-code.ts';
import { ZooKeeperUseError } from './zookeeper-error.ts';

const INT_MAX = 2 ** 31 - 1;
/** What servers keep of a time to live. */
const TTL_MS_MAX = 2 ** 40 - 1;

/** @throws ZooKeeperUseError */
export function checkMs(option: string, ms: number): void {
  if (!(typeof ms === 'number' && ms > 0 && ms <= INT_MAX))
    throw new ZooKeeperUseError(`${option} must be a number of milliseconds above 0, not ${String(ms)}`);
}

/** @throws ZooKeeperUseError */
export function checkCount(option: string, count: number, path = ''): void {
  if (!Number.isSafeInteger(count) || count < 1)
    throw new ZooKeeperUseError(`${option} must be a whole number from 1 on, not ${String(count)}`, path);
}

/** @throws ZooKeeperUseError */
export function checkCredentials(auth: readonly Credentials[]): void {
  for (const { scheme, auth: secret } of auth)
    if (typeof scheme !== 'string' || !(typeof secret === 'string' || secret instanceof Uint8Array))
      throw new ZooKeeperUseError('auth must be a list of { scheme, auth }, each a text');
}

/** @throws ZooKeeperUseError */
export function checkVersion(path: string, version: number): void {
  if (!Number.isInteger(version) || version < -1 || version > INT_MAX)
    throw new ZooKeeperUseError(`a version is a whole number from -1 on, not ${String(version)}`, path);
}

/** @throws ZooKeeperUseError */
export function checkData(path: string, data: Uint8Array): void {
  if (!(data instanceof Uint8Array))
    throw new ZooKeeperUseError('the data of a node are bytes: Buffer.from(text) makes them of a text', path);
}

/** @throws ZooKeeperUseError */
export function checkCreate(path: string, { mode = 'persistent', data, ttlMs }: CreateOptions): void {
  if (!Object.hasOwn(CreateFlag, mode))
    throw new ZooKeeperUseError(
      `mode must be one of ${Object.keys(CreateFlag).join(', ')}, not ${mode}`,
      path,
    );
  if (data !== undefined) checkData(path, data);
  const isTimed = mode === 'ttl' || mode === 'ttlSequential';
  const isGiven = ttlMs !== undefined && Number.isInteger(ttlMs) && ttlMs > 0 && ttlMs <= TTL_MS_MAX;
  if (isTimed && !isGiven)
    throw new ZooKeeperUseError(`ttlMs must be a whole number from 1 to 2^40-1, not ${String(ttlMs)}`, path);
}
