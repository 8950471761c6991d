import { describe, expect, it } from 'vitest';
import {
  type Acl,
  CREATOR_ACL,
  OPEN_ACL,
  Permission,
  readAcls,
  readStat,
  writeAcls,
} from '../../../src/zookeeper/wire/records.ts';
import { MalformedReplyError } from '../../../src/zookeeper/zookeeper-error.ts';
import { int, reading, STAT, STAT_HEX, text, written } from '../jute-by-hand.ts';

describe('a Stat', () => {
  it('is read field by field, and not beyond its end', () => {
    const reader = reading(`${STAT_HEX}ff`);
    expect([readStat(reader), reader.remaining]).toEqual([STAT, 1]);
  });

  it('that is cut off is none', () => {
    expect(() => readStat(reading(STAT_HEX.slice(0, -2)))).toThrow(MalformedReplyError);
  });
});

describe('an ACL', () => {
  const acls: readonly Acl[] = [
    { permissions: Permission.Read | Permission.Create, scheme: 'digest', id: 'ä:b' },
    { permissions: Permission.All, scheme: 'world', id: 'anyone' },
  ];
  const hex = [
    int(2),
    `00000005${text('digest')}00000004c3a43a62`,
    `0000001f00000005776f726c6400000006616e796f6e65`,
  ].join('');

  it('is its entries behind their number, and each its permissions, scheme and id', () => {
    expect(written((writer) => writeAcls(writer, acls))).toBe(hex);
    const reader = reading(`${hex}ff`);
    expect([readAcls(reader), reader.remaining]).toEqual([acls, 1]);
  });

  it('may be empty, or null', () => {
    expect(written((writer) => writeAcls(writer, []))).toBe('00000000');
    for (const none of ['00000000', 'ffffffff']) expect(readAcls(reading(none))).toEqual([]);
  });

  it.each([
    ['is cut off', hex.slice(0, -2)],
    ['has fewer entries than it says', int(3) + hex.slice(8)],
    ['says that it has more entries than could ever come', int(0x7fff_ffff) + hex.slice(8)],
  ])('that %s is none', (_, broken) => {
    expect(() => readAcls(reading(broken))).toThrow(MalformedReplyError);
  });

  it('names what may be done as servers number it', () => {
    expect(Permission).toEqual({ Read: 1, Write: 2, Create: 4, Delete: 8, Admin: 16, All: 31 });
  });

  it.each([
    ['for anybody', OPEN_ACL, 'world', 'anyone'],
    ['for whoever has authenticated as its creator has', CREATOR_ACL, 'auth', ''],
  ])('%s is at hand', (_, acl, scheme, id) => {
    expect(written((writer) => writeAcls(writer, acl))).toBe(int(1) + int(31) + text(scheme) + text(id));
  });
});
