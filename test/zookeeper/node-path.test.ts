import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Chroot, checkPath, childOf, isWithin, nameOf, parentOf } from '../../src/zookeeper/node-path.ts';
import { ZooKeeperUseError } from '../../src/zookeeper/zookeeper-error.ts';

describe('the path of a node', () => {
  it.each(['/', '/a', '/a/b', '/...', '/a.b', '/ ', '/ä', '/a-0000000001'])('may be %s', (path) => {
    expect(() => checkPath(path)).not.toThrow();
  });

  it.each([
    ['', 'it must begin with /'],
    ['a', 'it must begin with /'],
    ['/a/', 'it must not end with /'],
    ['/a//b', 'a part of it is empty'],
    ['//', 'it must not end with /'],
    ['/.', '. and .. are no names of nodes'],
    ['/a/../b', '. and .. are no names of nodes'],
    ['/a\u0000', 'it has a character that ZooKeeper does not allow'],
    ['/\u{1f600}', 'it has a character that ZooKeeper does not allow'],
    ['/\uffff', 'it has a character that ZooKeeper does not allow'],
  ])('may not be %j', (path, why) => {
    expect(() => checkPath(path)).toThrow(`${JSON.stringify(path)} is no path of a node: ${why}`);
  });

  it.each([undefined, null, 5, {}])('is a text, and not %s', (path) => {
    const checking = (): void => checkPath(path as never);
    expect(checking).toThrow(ZooKeeperUseError);
    expect(checking).toThrow(`a path must be a text such as "/a/b", not ${path}`);
  });

  it('has only characters that ZooKeeper allows, wherever they stand', () => {
    // As PathUtils.validatePath has them.
    const isForbidden = (code: number): boolean =>
      code <= 0x1f || (code >= 0x7f && code <= 0x9f) || (code >= 0xd800 && code <= 0xf8ff) || code >= 0xfff0;
    const edges = [
      0x1f, 0x20, 0x7e, 0x7f, 0x9f, 0xa0, 0xd7ff, 0xd800, 0xf8ff, 0xf900, 0xffef, 0xfff0, 0xffff,
    ];
    const code = fc.oneof(fc.constantFrom(...edges), fc.integer({ min: 0, max: 0xffff }));
    fc.assert(
      fc.property(code, fc.nat({ max: 2 }), (value, at) => {
        fc.pre(value !== 0x2f);
        const path = `/aa/${'bb'.slice(0, at)}${String.fromCharCode(value)}${'bb'.slice(at)}`;
        if (isForbidden(value)) expect(() => checkPath(path)).toThrow('a character that ZooKeeper does not');
        else expect(() => checkPath(path)).not.toThrow();
      }),
    );
  });

  it.each([
    ['/', '/', '', '/x'],
    ['/a', '/', 'a', '/a/x'],
    ['/a/b', '/a', 'b', '/a/b/x'],
  ])('has a parent, a name, and children: %s', (path, parent, name, child) => {
    expect([parentOf(path), nameOf(path), childOf(path, 'x')]).toEqual([parent, name, child]);
  });
});

it.each([
  ['/', '/', true],
  ['/', '/a/b', true],
  ['/a', '/a', true],
  ['/a', '/a/b', true],
  ['/a', '/ab', false],
  ['/a/b', '/a', false],
])('a node is at a path or below it, which texts alone do not say: %s, %s', (path, node, isIn) => {
  expect(isWithin(path, node)).toBe(isIn);
});

describe('a chroot', () => {
  it.each([
    ['', '/', '/'],
    ['', '/a', '/a'],
    ['/c', '/', '/c'],
    ['/c', '/a/b', '/c/a/b'],
  ])('stands before all paths on the server: %s', (prefix, client, server) => {
    const chroot = new Chroot(prefix);
    expect([chroot.toServer(client), chroot.toClient(server)]).toEqual([server, client]);
  });

  it('lets no path through that is none', () => {
    expect(() => new Chroot('/c').toServer('a')).toThrow('it must begin with /');
  });
});
