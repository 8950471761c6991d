import { JuteReader } from '../../src/zookeeper/wire/jute-reader.ts';
import { JuteWriter } from '../../src/zookeeper/wire/jute-writer.ts';
import type { Stat } from '../../src/zookeeper/wire/records.ts';

/** Jute in digits, as ZooKeeper's definitions have it: the client's own writer has no part in it. */
export const int = (value: number): string => (value >>> 0).toString(16).padStart(8, '0');
export const long = (value: bigint): string => BigInt.asUintN(64, value).toString(16).padStart(16, '0');
export const text = (value: string): string =>
  int(Buffer.byteLength(value)) + Buffer.from(value).toString('hex');
export const framed = (content: string): string => int(content.length / 2) + content;

/** What was written, in digits. */
export function written(write: (writer: JuteWriter) => void): string {
  const writer = new JuteWriter();
  write(writer);
  return writer.take().toString('hex');
}

export function reading(hex: string): JuteReader {
  return new JuteReader(Buffer.from(hex, 'hex'));
}

/** A Stat each of whose fields has a value of its own, and what it is in digits. */
export const STAT: Stat = {
  czxid: 0x1_0000_0001n,
  mzxid: 0x1_0000_0002n,
  createdMs: 0x19a_0000_0003,
  modifiedMs: 0x19a_0000_0004,
  version: 5,
  childrenVersion: -6,
  aclVersion: 7,
  ephemeralOwner: -8n,
  dataBytes: 9,
  childrenCount: 10,
  pzxid: 0x1_0000_000bn,
};
export const STAT_HEX = [
  '0000000100000001',
  '0000000100000002',
  '0000019a00000003',
  '0000019a00000004',
  '00000005',
  'fffffffa',
  '00000007',
  'fffffffffffffff8',
  '00000009',
  '0000000a',
  '000000010000000b',
].join('');
