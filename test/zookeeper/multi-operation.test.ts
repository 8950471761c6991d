import { describe, expect, it } from 'vitest';
import {
  ANY_VERSION,
  createParts,
  type MultiOperation,
  multiPart,
} from '../../src/zookeeper/multi-operation.ts';
import type { Acl } from '../../src/zookeeper/wire/records.ts';
import { int, long, text, written } from './jute-by-hand.ts';

const at = { server: '/space/a', client: '/a' };
const PATH = text(at.server);
const data = Buffer.from([1, 2, 3]);
const DATA = '00000003010203';
const NOTHING = '00000000';
const clientAcl: readonly Acl[] = [{ permissions: 31, scheme: 'auth', id: '' }];
const CLIENT_ACL = int(1) + int(31) + text('auth') + text('');
const acl: readonly Acl[] = [{ permissions: 1, scheme: 'world', id: 'anyone' }];
const ACL = int(1) + int(1) + text('world') + text('anyone');

describe('an operation of a multi', () => {
  it.each<[string, MultiOperation, number, string]>([
    ['create', { type: 'create', path: '/a' }, 15, `${PATH}${NOTHING}${CLIENT_ACL}${int(0)}`],
    [
      'create, with all that may be said',
      { type: 'create', path: '/a', mode: 'ephemeralSequential', data, acl },
      15,
      `${PATH}${DATA}${ACL}${int(3)}`,
    ],
    [
      'create with a time to live',
      { type: 'create', path: '/a', mode: 'ttl', ttlMs: 70 },
      21,
      `${PATH}${NOTHING}${CLIENT_ACL}${int(5)}${long(70n)}`,
    ],
    [
      'create of a container',
      { type: 'create', path: '/a', mode: 'container' },
      19,
      `${PATH}${NOTHING}${CLIENT_ACL}${int(4)}`,
    ],
    ['delete', { type: 'delete', path: '/a' }, 2, `${PATH}ffffffff`],
    ['delete of one version', { type: 'delete', path: '/a', version: 0 }, 2, `${PATH}00000000`],
    ['setData', { type: 'setData', path: '/a', data }, 5, `${PATH}${DATA}ffffffff`],
    [
      'setData of one version',
      { type: 'setData', path: '/a', data, version: 7 },
      5,
      `${PATH}${DATA}00000007`,
    ],
    ['check', { type: 'check', path: '/a', version: 7 }, 13, `${PATH}00000007`],
  ])('is asked for as the same would be alone: %s', (_, operation, op, hex) => {
    const part = multiPart(operation, at, clientAcl);
    expect([part.op, written((writer) => part.write(writer))]).toEqual([op, hex]);
    // For errors, where the server's path would tell a program of nodes that it does not know.
    expect(part.path).toBe('/a');
  });
});

describe('an operation that cannot be', () => {
  // From JavaScript. Written as they are, they would be other bytes, or another version, than was meant.
  it.each<[string, object]>([
    ['data that are no bytes', { type: 'setData', data: '123' }],
    ['a version that is no whole number', { type: 'setData', data, version: 1.5 }],
    ['data of a new node that are no bytes', { type: 'create', data: '123' }],
    ['a kind of node that there is not', { type: 'create', mode: 'lasting' }],
    ['a node to live for a time without the time', { type: 'create', mode: 'ttl' }],
    ['a version to delete that is below any', { type: 'delete', version: -2 }],
    ['a check without a version', { type: 'check' }],
    ['an operation that there is not', { type: 'crate' }],
    ['no operation', {}],
  ])('is refused as the same would be alone: %s', (_, operation) => {
    const asked = { path: '/a', ...operation } as unknown as MultiOperation;
    expect(() => multiPart(asked, at, clientAcl)).toThrow(
      expect.objectContaining({ code: 'ZOOKEEPER_USE', path: '/a' }),
    );
  });
});

describe('a node', () => {
  it('is created with what its maker says', () => {
    const said = { mode: 'ttlSequential', data, acl, ttlMs: 70 } as const;
    expect(createParts(said, clientAcl)).toEqual(said);
  });

  it('is created to stay, with no data and by the rules of the client, where he says nothing', () => {
    expect(createParts({}, clientAcl)).toEqual({
      mode: 'persistent',
      data: Buffer.alloc(0),
      acl: clientAcl,
      ttlMs: 0,
    });
  });

  it('has any version by the number that servers have for it', () => {
    expect(ANY_VERSION).toBe(-1);
  });
});
