import { beforeEach, describe, expect, it, vi } from 'vitest';
import { LockPaths } from '../../../src/engine/zookeeper/lock-place.ts';
import { type ScannedNode, scanNodes } from '../../../src/engine/zookeeper/node-scan.ts';
import { childOf } from '../../../src/zookeeper/node-path.ts';
import { NoAuthError, NoNodeError } from '../../../src/zookeeper/server-refusal.ts';
import { type NodeRoom, openRoom, ours, uuidOf } from './node-room.ts';

const paths = new LockPaths([
  { name: 'm', path: '/teams/m', layout: 'mutex' },
  { name: 's', path: '/teams/s', layout: 'semaphore' },
]);

let room: NodeRoom;

beforeEach(async () => {
  room = await openRoom();
});

/** All that is found, as it comes. */
async function scan(): Promise<ScannedNode[][]> {
  const read = async (): Promise<ScannedNode[][]> => {
    const found: ScannedNode[][] = [];
    for await (const some of scanNodes(room.nodes, paths)) found.push([...some]);
    return found;
  };
  return room.come(read());
}

const scannedPaths = async () =>
  (await scan())
    .flat()
    .map(({ path }) => path)
    .sort();
const under = (name: string, child: string) => childOf(paths.placeOf(name).base, child);
const contender = (number: number, lockName = '__WRIT__') =>
  `_c_${uuidOf(number)}-${lockName}${String(number).padStart(10, '0')}`;

describe('the contenders of our servers', () => {
  it('are found of all kinds, in all places, whether they stay or not', async () => {
    const expected = [
      await room.put(under('a', contender(1)), ours()),
      await room.put(under('a', contender(2, '__READ__')), ours(), 'ephemeral'),
      await room.put(under('b', contender(3, 'lock-')), ours()),
      await room.put(under('m', contender(4, 'lock-')), ours()),
      await room.put(childOf('/teams/s/leases', contender(5, 'lease-')), ours()),
      await room.put(under('n'.repeat(250), contender(6)), ours()),
    ];
    expect(await scannedPaths()).toEqual(expected.sort());
  });

  it('are told with what they say, and what the server says of them', async () => {
    const path = await room.put(under('a', contender(1)), ours({ server: 'me', lockTimeoutMs: 5_000 }));
    await room.come(room.others.setData(path, ours({ server: 'me', lockTimeoutMs: 6_000 })));
    const [[node]] = (await scan()) as [[ScannedNode]];
    expect(node).toMatchObject({ path, data: { server: 'me', lockTimeoutMs: 6_000 } });
    expect([node.stat.version, node.stat.ephemeralOwner]).toEqual([1, 0n]);
  });

  it('are none where there is nothing, and in empty nodes', async () => {
    expect(await scan()).toEqual([]);
    await room.put('/locks/00/a');
    await room.put('/locks/01');
    expect((await scan()).flat()).toEqual([]);
  });
});

describe('what is left out', () => {
  it('is what other programs have made, and what is nobody’s contender', async () => {
    await room.put(under('a', contender(1)), Buffer.from('10.0.0.1'));
    await room.put(under('a', contender(2)), Buffer.from('{"ldlm":2}'));
    await room.put(under('a', 'readme'), ours());
    await room.put(under('a', `${contender(3)}x`), ours());
    // Those who wait for a semaphore vanish with their servers.
    await room.put(childOf('/teams/s/locks', contender(4, 'lock-')), ours());
    await room.put('/elsewhere/a', ours());
    expect((await scan()).flat()).toEqual([]);
  });

  it('is not even read unless it is a contender', async () => {
    await room.put(under('a', 'readme'), ours());
    const read = vi.spyOn(room.nodes, 'getData');
    await scan();
    expect(read).not.toHaveBeenCalled();
  });
});

describe('a scan', () => {
  it('reads so many at a time and no more, and tells of them before it goes on', async () => {
    const expected: string[] = [];
    for (let i = 0; i < 257; i++) expected.push(await room.put(under('a', contender(i)), ours()));
    const found = await scan();
    expect(found.map((some) => some.length)).toEqual([256, 1]);
    expect(
      found
        .flat()
        .map(({ path }) => path)
        .sort(),
    ).toEqual(expected.sort());
  });

  it('misses what vanishes meanwhile, and nothing else', async () => {
    const [gone, kept] = [
      await room.put(under('a', contender(1)), ours()),
      await room.put(under('b', contender(2)), ours()),
    ];
    const { getData, getChildren } = room.nodes;
    vi.spyOn(room.nodes, 'getData').mockImplementation((path, ...rest) =>
      path === gone ? Promise.reject(new NoNodeError(path)) : getData.call(room.nodes, path, ...rest),
    );
    expect(await scannedPaths()).toEqual([kept]);
    const base = paths.placeOf('a').base;
    vi.spyOn(room.nodes, 'getChildren').mockImplementation((path, ...rest) =>
      path === base ? Promise.reject(new NoNodeError(path)) : getChildren.call(room.nodes, path, ...rest),
    );
    expect(await scannedPaths()).toEqual([kept]);
  });

  it.each(['getChildren', 'getData'] as const)('fails where something is refused: %s', async (method) => {
    await room.put(under('a', contender(1)), ours());
    vi.spyOn(room.nodes, method).mockRejectedValueOnce(new NoAuthError('/locks'));
    await expect(scan()).rejects.toThrow(NoAuthError);
  });

  it('goes on behind a lost connection', async () => {
    const path = await room.put(under('a', contender(1)), ours());
    room.isolate(room.nodes, 500);
    expect(await scannedPaths()).toEqual([path]);
  });
});
