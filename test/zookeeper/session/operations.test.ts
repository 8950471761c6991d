import { describe, expect, it } from 'vitest';
import * as operations from '../../../src/zookeeper/session/operations.ts';
import type { RequestParts } from '../../../src/zookeeper/session/request.ts';
import type { CreateMode } from '../../../src/zookeeper/wire/op-code.ts';
import { type Acl, OPEN_ACL } from '../../../src/zookeeper/wire/records.ts';
import { MalformedReplyError } from '../../../src/zookeeper/zookeeper-error.ts';
import { int, long, reading, STAT, STAT_HEX, text, written } from '../jute-by-hand.ts';

const at: operations.RequestPath = { server: '/space/ä', client: '/ä' };
const PATH = text(at.server);
const DATA = '00000003010203';
const data = Buffer.from([1, 2, 3]);
const acl: readonly Acl[] = [{ permissions: 5, scheme: 'digest', id: 'a:b' }];
const ACL = int(1) + int(5) + text('digest') + text('a:b');
const OPEN = int(1) + int(31) + text('world') + text('anyone');
const toClient = (path: string): string => path.replace('/space', '');
const no = (): boolean => false;
const nobody = (): void => {};

const creation = (mode: CreateMode, ttlMs = 0) =>
  operations.create(at, { data, acl: OPEN_ACL, mode, ttlMs }, toClient);

describe('a request', () => {
  // By the numbers of ZooDefs.OpCode and the records of zookeeper.jute.
  it.each<[string, RequestParts<unknown>, number, 'read' | 'write', string]>([
    ['delete', operations.remove(at, -1), 2, 'write', `${PATH}ffffffff`],
    ['setData', operations.setData(at, data, 7), 5, 'write', `${PATH}${DATA}00000007`],
    ['exists', operations.exists(at, no, nobody), 3, 'read', `${PATH}00`],
    ['getData', operations.getData(at, no, nobody), 4, 'read', `${PATH}00`],
    ['getChildren2', operations.getChildren(at, no, nobody), 12, 'read', `${PATH}00`],
    ['sync', operations.sync(at), 9, 'read', PATH],
    ['getACL', operations.getAcl(at), 6, 'read', PATH],
    ['setACL', operations.setAcl(at, acl, -1), 7, 'write', `${PATH}${ACL}ffffffff`],
    ['getEphemerals', operations.getEphemerals(at, toClient), 103, 'read', PATH],
    ['removeWatches', operations.removeWatches(at), 18, 'read', `${PATH}00000003`],
    ['create2', creation('persistent'), 15, 'write', `${PATH}${DATA}${OPEN}00000000`],
  ])('for %s is what servers know', (_, parts, op, kind, hex) => {
    expect([parts.op, parts.isRead ? 'read' : 'write']).toEqual([op, kind]);
    expect(written((writer) => parts.write(writer))).toBe(hex);
    expect(parts.path).toBe(at.client);
  });

  it.each<[CreateMode, number, number, string]>([
    ['persistent', 15, 0, ''],
    ['ephemeral', 15, 1, ''],
    ['persistentSequential', 15, 2, ''],
    ['ephemeralSequential', 15, 3, ''],
    ['container', 19, 4, ''],
    ['ttl', 21, 5, long(0xff_ffff_ffffn)],
    ['ttlSequential', 21, 6, long(0xff_ffff_ffffn)],
  ])('that creates a node tells its kind: %s', (mode, op, flags, ttl) => {
    const parts = creation(mode, 0xff_ffff_ffff);
    expect(parts.op).toBe(op);
    expect(written((writer) => parts.write(writer))).toBe(`${PATH}${DATA}${OPEN}${int(flags)}${ttl}`);
  });

  it.each([
    ['exists', operations.exists],
    ['getData', operations.getData],
    ['getChildren', operations.getChildren],
  ])('says when it is sent whether it sets a watch: %s', (_, read) => {
    let watches = false;
    const parts = read(at, () => watches, nobody);
    watches = true;
    expect(written((writer) => parts.write(writer))).toBe(`${PATH}01`);
    watches = false;
    expect(written((writer) => parts.write(writer))).toBe(`${PATH}00`);
  });

  it.each([
    ['persistent', '00000000'],
    ['persistentRecursive', '00000001'],
  ] as const)('for a watch that stays tells its kind, and that it is sent: %s', (mode, flag) => {
    const told: string[] = [];
    const parts = operations.addWatch(at, mode, {
      asked: () => told.push('asked'),
      answered: () => told.push('answered'),
    });
    expect([parts.op, parts.isRead, parts.path, told]).toEqual([106, true, at.client, []]);
    expect(written((writer) => parts.write(writer))).toBe(PATH + flag);
    expect(told).toEqual(['asked']);
    // Servers send the number of an error behind the head: 0.
    parts.read(reading('00000000'));
    expect(told).toEqual(['asked', 'answered']);
  });
});

describe('the answer', () => {
  const NAMES = int(2) + text('b') + text('a');

  it.each<[string, RequestParts<unknown>, string, unknown]>([
    ['create2', creation('persistent'), text('/space/b7') + STAT_HEX, { path: '/b7', stat: STAT }],
    ['delete', operations.remove(at, -1), '', undefined],
    ['setData', operations.setData(at, data, 7), STAT_HEX, STAT],
    ['exists', operations.exists(at, no, nobody), STAT_HEX, STAT],
    ['getData', operations.getData(at, no, nobody), DATA + STAT_HEX, { data, stat: STAT }],
    [
      'getChildren2',
      operations.getChildren(at, no, nobody),
      NAMES + STAT_HEX,
      { children: ['b', 'a'], stat: STAT },
    ],
    ['sync', operations.sync(at), PATH, undefined],
    ['getACL', operations.getAcl(at), ACL + STAT_HEX, { acl, stat: STAT }],
    ['setACL', operations.setAcl(at, acl, -1), STAT_HEX, STAT],
    ['removeWatches', operations.removeWatches(at), '', undefined],
  ])('to %s is what servers say', (_, parts, hex, reply) => {
    expect(parts.read(reading(hex))).toEqual(reply);
  });

  it.each<[string, RequestParts<unknown>]>([
    ['create2', creation('persistent')],
    ['setData', operations.setData(at, data, 7)],
    ['exists', operations.exists(at, no, nobody)],
    ['getData', operations.getData(at, no, nobody)],
    ['getChildren2', operations.getChildren(at, no, nobody)],
    ['getACL', operations.getAcl(at)],
    ['setACL', operations.setAcl(at, acl, -1)],
    ['getEphemerals', operations.getEphemerals(at, toClient)],
  ])('to %s cannot be nothing', (_, parts) => {
    expect(() => parts.read(reading(''))).toThrow(MalformedReplyError);
  });

  it('to exists may be that there is no node, and no other refusal is one', () => {
    const told: boolean[] = [];
    const parts = operations.exists(at, no, (doesExist) => told.push(doesExist));
    expect([parts.refused!(-102), told]).toEqual([undefined, []]);
    expect([parts.refused!(-101), told]).toEqual([null, [false]]);
    parts.read(reading(STAT_HEX));
    expect(told).toEqual([false, true]);
    for (const read of [operations.getData, operations.getChildren])
      expect(read(at, no, nobody).refused).toBeUndefined();
  });

  it('to a read is told of while it is read, so that a watch stands before what comes behind it', () => {
    const told: string[] = [];
    for (const [read, hex] of [
      [operations.getData, DATA + STAT_HEX],
      [operations.getChildren, NAMES + STAT_HEX],
    ] as const)
      read(at, no, () => told.push('answered')).read(reading(hex));
    expect(told).toEqual(['answered', 'answered']);
  });

  it('to getEphemerals is sorted, without what only begins like the path', () => {
    const nodes = ['/space/ä/c', '/space/ä', '/space/äb', '/space/ä/a'];
    const parts = operations.getEphemerals(at, toClient);
    expect(parts.read(reading(int(nodes.length) + nodes.map(text).join('')))).toEqual(['/ä', '/ä/a', '/ä/c']);
  });
});
