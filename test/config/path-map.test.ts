import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/config/config-error.ts';
import { parsePathMap } from '../../src/config/path-map.ts';

describe('parsePathMap', () => {
  it('reads entries of a name, a path and a kind', () => {
    expect(parsePathMap('deploy=/teams/deploy:mutex')).toEqual([
      { name: 'deploy', path: '/teams/deploy', layout: 'mutex' },
    ]);
    expect(parsePathMap(' a=/a:rw , b c/d:e=/pool:semaphore,, ')).toEqual([
      { name: 'a', path: '/a', layout: 'rw' },
      { name: 'b c/d:e', path: '/pool', layout: 'semaphore' },
    ]);
  });

  it.each(['', ' ', ',', ' , '])('finds nothing in %j', (text) => {
    expect(parsePathMap(text)).toEqual([]);
  });

  it('takes paths that only begin alike', () => {
    expect(parsePathMap('a=/team:rw,b=/teams:rw,c=/locks2:rw').map(({ path }) => path)).toEqual([
      ...['/team', '/teams', '/locks2'],
    ]);
  });

  const form = 'zookeeper_path_map must be entries of the form name=/path:mutex, :rw or :semaphore, got';
  it.each([
    ['deploy', `${form} "deploy"`],
    ['=/a:mutex', `${form} "=/a:mutex"`],
    ['a=/a', `${form} "a=/a"`],
    ['a=/a:', `${form} "a=/a:"`],
    ['a=/a:queue', `${form} "a=/a:queue"`],
    ['a=/a:Mutex', `${form} "a=/a:Mutex"`],
    ['a=a:mutex', `${form} "a=a:mutex"`],
    ['b=/b:rw,a=/a:lock', `${form} "a=/a:lock"`],
    ['a=/a//b:rw', 'zookeeper_path_map: "/a//b" is no path of a node: a part of it is empty'],
    ['a=/a/:rw', 'zookeeper_path_map: "/a/" is no path of a node: it must not end with /'],
    ['a=/a/..:rw', 'zookeeper_path_map: "/a/.." is no path of a node: . and .. are no names of nodes'],
    ['a=/:rw', 'zookeeper_path_map: / is where the servers or ZooKeeper keep their own nodes'],
    ['a=/locks:rw', 'zookeeper_path_map: /locks is where the servers or ZooKeeper keep their own nodes'],
    ['a=/reaper:mutex', 'zookeeper_path_map: /reaper is where the servers or ZooKeeper keep their own nodes'],
    [
      'a=/servers/x:rw',
      'zookeeper_path_map: /servers/x is where the servers or ZooKeeper keep their own nodes',
    ],
    [
      'a=/zookeeper:rw',
      'zookeeper_path_map: /zookeeper is where the servers or ZooKeeper keep their own nodes',
    ],
    [
      'a=/locks/00/a:rw',
      'zookeeper_path_map: /locks/00/a is where the servers or ZooKeeper keep their own nodes',
    ],
    ['a=/a:rw,b=/b:rw,a=/c:rw', 'zookeeper_path_map names a path for "a" twice'],
    ['a=/a:rw,b=/a:rw', 'zookeeper_path_map has /a and /a, of which one is within the other'],
    ['a=/a:rw,b=/a/b:rw', 'zookeeper_path_map has /a and /a/b, of which one is within the other'],
    ['a=/a/b/c:rw,b=/a:rw', 'zookeeper_path_map has /a/b/c and /a, of which one is within the other'],
  ])('refuses %j', (text, message) => {
    expect(() => parsePathMap(text)).toThrow(new ConfigError(message));
  });
});
