import type { JuteReader } from './jute-reader.ts';
import type { JuteWriter } from './jute-writer.ts';

/** What ZooKeeper knows of a node. Times in milliseconds since 1970, by the server's clock. */
export interface Stat {
  /** The transaction that created it: grows over all nodes, and never goes back. */
  readonly czxid: bigint;
  /** The transaction that wrote its data last. */
  readonly mzxid: bigint;
  readonly createdMs: number;
  readonly modifiedMs: number;
  /** How often its data was written. */
  readonly version: number;
  /** How often children came or went. */
  readonly childrenVersion: number;
  readonly aclVersion: number;
  /** The session with which it vanishes; 0 when it does not. */
  readonly ephemeralOwner: bigint;
  readonly dataBytes: number;
  readonly childrenCount: number;
  /** The transaction that changed its children last. */
  readonly pzxid: bigint;
}

export function readStat(reader: JuteReader): Stat {
  return {
    czxid: reader.long(),
    mzxid: reader.long(),
    createdMs: reader.safeLong(),
    modifiedMs: reader.safeLong(),
    version: reader.int(),
    childrenVersion: reader.int(),
    aclVersion: reader.int(),
    ephemeralOwner: reader.long(),
    dataBytes: reader.int(),
    childrenCount: reader.int(),
    pzxid: reader.long(),
  };
}

/** Who may do what with a node. */
export interface Acl {
  readonly permissions: number;
  readonly scheme: string;
  readonly id: string;
}

export const Permission = { Read: 1, Write: 2, Create: 4, Delete: 8, Admin: 16, All: 31 } as const;

/** Anybody may do anything. */
export const OPEN_ACL: readonly Acl[] = [{ permissions: Permission.All, scheme: 'world', id: 'anyone' }];
/** Whoever has authenticated as its creator has may do anything, and nobody else. */
export const CREATOR_ACL: readonly Acl[] = [{ permissions: Permission.All, scheme: 'auth', id: '' }];

export function writeAcls(writer: JuteWriter, acls: readonly Acl[]): void {
  writer.int(acls.length);
  for (const { permissions, scheme, id } of acls) {
    writer.int(permissions);
    writer.string(scheme);
    writer.string(id);
  }
}

export function readAcls(reader: JuteReader): Acl[] {
  const count = Math.max(0, reader.int());
  const acls: Acl[] = [];
  for (let i = 0; i < count; i++)
    acls.push({ permissions: reader.int(), scheme: reader.string(), id: reader.string() });
  return acls;
}
