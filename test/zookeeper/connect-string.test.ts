import { describe, expect, it } from 'vitest';
import { parseConnectString } from '../../src/zookeeper/connect-string.ts';
import { ZooKeeperUseError } from '../../src/zookeeper/zookeeper-error.ts';

describe('a connect string', () => {
  it.each([
    ['a', [{ host: 'a', port: 2181 }], ''],
    [
      'a:1,b.c:65535',
      [
        { host: 'a', port: 1 },
        { host: 'b.c', port: 65535 },
      ],
      '',
    ],
    [
      ' a , b:2 ',
      [
        { host: 'a', port: 2181 },
        { host: 'b', port: 2 },
      ],
      '',
    ],
    [
      '[::1]:3,[fe80::1]',
      [
        { host: '::1', port: 3 },
        { host: 'fe80::1', port: 2181 },
      ],
      '',
    ],
    ['a/', [{ host: 'a', port: 2181 }], ''],
    [
      'a,b/c/d',
      [
        { host: 'a', port: 2181 },
        { host: 'b', port: 2181 },
      ],
      '/c/d',
    ],
  ])('names servers, and a node below which all stands: %s', (text, servers, chroot) => {
    expect(parseConnectString(text)).toEqual({ servers, chroot });
  });

  it.each(['', ',', 'a,', 'a:', 'a:b', 'a:0', 'a:65536', '::1', '[::1', 'a:1:2', '/a'])(
    'is refused with what is wrong: %j',
    (text) => {
      expect(() => parseConnectString(text)).toThrow(ZooKeeperUseError);
      expect(() => parseConnectString(text)).toThrow(`is no host:port in ${JSON.stringify(text)}`);
    },
  );

  it('is refused with a chroot that is no path', () => {
    expect(() => parseConnectString('a/b//c')).toThrow('"/b//c" is no path of a node: a part of it is empty');
  });

  it.each([
    ['a:1/x,b:2/y', 'a:1,b:2/x'],
    ['zk1:2181/ldlm,zk2:2181/ldlm', 'zk1:2181,zk2:2181/ldlm'],
    ['a/x, b', 'a,b/x'],
    ['a,b/x,c/', 'a,b,c/x'],
    ['a/x/y,[::1]:2', 'a,[::1]:2/x/y'],
    ['a/,b/', 'a,b'],
  ])('is refused with servers behind the chroot, and shown as it would be right: %s', (text, right) => {
    expect(() => parseConnectString(text)).toThrow(ZooKeeperUseError);
    expect(() => parseConnectString(text)).toThrow(
      `the chroot stands once, behind the last server, and has no comma: ${right}, not ${text}`,
    );
  });

  it.each(['zk://a:1', 'zookeeper://a:1,b:2/c'])('is refused as a URL, and shown without: %s', (text) => {
    expect(() => parseConnectString(text)).toThrow(ZooKeeperUseError);
    const right = text.replace(/^.*:\/\//, '');
    expect(() => parseConnectString(text)).toThrow(`a connect string is no URL: ${right}, not ${text}`);
  });
});
