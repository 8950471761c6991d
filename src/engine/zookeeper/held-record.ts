import { LockCommand } from '../../core/command.ts';
import { nameOf } from '../../zookeeper/node-path.ts';
import { Claim } from './claim.ts';
import { byteStringOf, type LockPaths, textOf } from './lock-place.ts';

/** A held lock as a server that stops writes it down for the one that goes on with its session. */
export interface HeldRecord {
  /** The node that stands for it. */
  readonly path: string;
  /** In hexadecimal digits. */
  readonly czxid: string;
  readonly name: string;
  readonly key: string;
  readonly size: number;
  readonly mode: number;
  readonly lockTimeoutMs: number;
  readonly holder: string;
  /** In hexadecimal digits; empty for none. */
  readonly requestId: string;
}

export function recordOf(claim: Claim): HeldRecord {
  const { place, key, size, mode, lockTimeoutMs, holder, requestId, node } = claim;
  return {
    ...{ path: node!.path, czxid: node!.czxid.toString(16), name: textOf(place.name), key },
    ...{ size, mode, lockTimeoutMs, holder: textOf(holder) },
    requestId: Buffer.from(requestId, 'latin1').toString('hex'),
  };
}

/** The claim that a record stands for, held from now on by the session that this server has taken over. */
export function claimOfRecord(record: HeldRecord, paths: LockPaths, sessionId: bigint, nowMs: number): Claim {
  const { path, czxid, key, size, mode, lockTimeoutMs } = record;
  const command = new LockCommand();
  command.name = byteStringOf(record.name);
  command.size = size;
  command.mode = mode;
  command.lockTimeoutMs = lockTimeoutMs;
  command.holder = byteStringOf(record.holder);
  command.requestId = Buffer.from(record.requestId, 'hex').toString('latin1');
  const claim = new Claim(command, paths.placeOf(command.name), nowMs, key);
  const name = nameOf(path);
  const prefix = name.slice(0, name.indexOf(key) + key.length + 1);
  claim.node = { path, name, prefix, sessionId, czxid: BigInt(`0x${czxid}`) };
  claim.state = 'held';
  claim.grantedMs = nowMs;
  return claim;
}

/** Whether something that was read from a file is one. */
export function isHeldRecord(value: unknown): value is HeldRecord {
  if (typeof value !== 'object' || value === null) return false;
  const record = value as Readonly<Record<keyof HeldRecord, unknown>>;
  const texts = [record.path, record.name, record.key, record.holder];
  const numbers = [record.size, record.mode, record.lockTimeoutMs];
  return (
    texts.every((text) => typeof text === 'string') &&
    numbers.every((number) => Number.isSafeInteger(number)) &&
    [record.czxid, record.requestId].every((hex) => typeof hex === 'string' && /^[0-9a-f]*$/.test(hex)) &&
    record.czxid !== ''
  );
}
