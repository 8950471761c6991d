import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { encodeBaseData } from '../../../src/engine/zookeeper/base-data.ts';
import { LockMirror, type WatchedNodes } from '../../../src/engine/zookeeper/lock-mirror.ts';
import { LockPaths } from '../../../src/engine/zookeeper/lock-place.ts';
import type { PlacedLock } from '../../../src/engine/zookeeper/placed-lock.ts';
import { childOf, nameOf, parentOf } from '../../../src/zookeeper/node-path.ts';
import type { WatchEvent, Watcher } from '../../../src/zookeeper/nodes.ts';
import { NoAuthError, UnimplementedError } from '../../../src/zookeeper/server-refusal.ts';
import { ModelNodes } from '../../zookeeper/model/model-nodes.ts';
import { type NodeRoom, openRoom, ours, uuidOf } from './node-room.ts';

const paths = new LockPaths([{ name: 'm', path: '/teams/m', layout: 'mutex' }]);
const GATHER_MS = 30;
const AGAIN_MS = 1_000;

/** The watches that stay are told by hand, so that a test says when, and of what. */
class WatchingNodes extends ModelNodes implements WatchedNodes {
  readonly watchers = new Map<string, Watcher>();

  override async addWatch(path: string, options: { readonly recursive: boolean }, watcher: Watcher) {
    expect(options).toEqual({ recursive: true });
    expect(this.watchers.has(path)).toBe(false);
    this.watchers.set(path, watcher);
    return () => void this.watchers.delete(path);
  }

  /** The event of a node, told by the watch above it. */
  tell(type: WatchEvent['type'], path: string): void {
    for (const [root, watcher] of this.watchers) if (path.startsWith(root)) watcher({ type, path });
  }

  tellAll(type: 'lost' | 'reconnected'): void {
    const told = [...this.watchers];
    if (type === 'lost') this.watchers.clear();
    for (const [path, watcher] of told) watcher({ type, path });
  }
}

let room: NodeRoom;
let nodes: WatchingNodes;
let mirror: LockMirror;
/** What the mirror has told: the lock, and how many held it and waited for it before and after. */
let told: string[] = [];
let completions: number;
let contenders = 0;

beforeEach(async () => {
  room = await openRoom();
  nodes = new WatchingNodes(room.ensemble);
  await room.pass(0);
  told = [];
  completions = 0;
});

afterEach(async () => {
  mirror.close();
  await room.pass(AGAIN_MS);
  expect(nodes.watchers.size).toBe(0);
});

const counts = (lock: PlacedLock | null) =>
  lock === null ? 'free' : `${lock.holders.length}/${lock.waiters.length}`;

/** Begins, and lets it look at all. */
async function begin(): Promise<void> {
  mirror = new LockMirror(nodes, paths, (before, after) => {
    told.push(`${(after ?? before)?.place.name}: ${counts(before)} -> ${counts(after)}`);
  });
  mirror.completed = () => {
    completions++;
  };
  await room.pass(0);
}

/** What was told since this was asked before. */
const news = () => told.splice(0).sort();
const known = () => [...mirror.locks].map((lock) => `${lock.place.name} ${counts(lock)}`).sort();

/** Somebody comes to a lock, and nobody tells of it. */
async function come(name: string): Promise<string> {
  const { base, mapped } = paths.placeOf(name);
  const kind = mapped === 'mutex' ? 'lock-' : '__WRIT__';
  if (!room.has(base)) await room.put(base, encodeBaseData(nameOf(base), 1, name));
  const number = String(contenders++).padStart(10, '0');
  return room.put(childOf(base, `_c_${uuidOf(contenders)}-${kind}${number}`), ours());
}

const leave = (path: string) => room.come(room.others.delete(path));

async function comeAndTell(name: string): Promise<string> {
  const path = await come(name);
  nodes.tell('created', path);
  return path;
}

/** The paths that children were asked of from now on. */
function listings(): () => string[] {
  const list = vi.spyOn(nodes, 'getChildren');
  return () => list.mock.calls.map(([path]) => path);
}

describe('the beginning of a mirror', () => {
  it('looks at all locks there are, and says when it has', async () => {
    for (const name of ['a', 'b', 'b', 'm', 'n'.repeat(250)]) await come(name);
    await begin();
    const expected = ['a 1/0', 'b 1/1', 'm 1/0', `${'n'.repeat(250)} 1/0`];
    expect(known()).toEqual(expected.sort());
    expect(news()).toEqual(
      ['a: free -> 1/0', 'b: free -> 1/1', 'm: free -> 1/0', `${'n'.repeat(250)}: free -> 1/0`].sort(),
    );
    expect([mirror.isComplete, completions]).toEqual([true, 1]);
  });

  it('does so also where there are none', async () => {
    await begin();
    expect([known(), news(), mirror.isComplete, completions]).toEqual([[], [], true, 1]);
  });

  it('has it told of locks before it says that it is complete', async () => {
    await come('a');
    await begin();
    const order: string[] = [];
    const second = new LockMirror(new WatchingNodes(room.ensemble), paths, () => order.push('lock'));
    second.completed = () => order.push(`completed ${second.isComplete}`);
    expect(second.isComplete).toBe(false);
    await room.pass(0);
    second.close();
    expect(order).toEqual(['lock', 'completed true']);
  });

  it('watches before it looks, below the locks and at each mapped path', async () => {
    const asked: string[] = [];
    const { addWatch, getChildren } = nodes;
    vi.spyOn(nodes, 'addWatch').mockImplementation((path, ...rest) => {
      asked.push(`watch ${path}`);
      return addWatch.call(nodes, path, ...rest);
    });
    vi.spyOn(nodes, 'getChildren').mockImplementation((path, ...rest) => {
      asked.push(`list ${path}`);
      return getChildren.call(nodes, path, ...rest);
    });
    await begin();
    expect(asked.slice(0, 3)).toEqual(['watch /locks', 'watch /teams/m', 'list /locks']);
  });

  it('reads more locks than one page has', async () => {
    const names = Array.from({ length: 520 }, (_, i) => `lock-${i}`);
    for (const name of names) await come(name);
    await begin();
    expect([...mirror.locks].map(({ place }) => place.name).sort()).toEqual(names.sort());
    expect(completions).toBe(1);
  });
});

describe('a change', () => {
  it.each([
    ['any other', 'a'],
    ['a mapped one', 'm'],
    ['one with a long name', 'n'.repeat(250)],
  ])('of a lock is told with what was before it: %s', async (_what, name) => {
    await begin();
    const path = await comeAndTell(name);
    await room.pass(GATHER_MS);
    expect(news()).toEqual([`${name}: free -> 1/0`]);
    const waiter = await comeAndTell(name);
    await room.pass(GATHER_MS);
    expect(news()).toEqual([`${name}: 1/0 -> 1/1`]);
    for (const gone of [path, waiter]) {
      await leave(gone);
      nodes.tell('deleted', gone);
    }
    await room.pass(GATHER_MS);
    expect(news()).toEqual([`${name}: 1/1 -> free`]);
    expect(known()).toEqual([]);
  });

  it('is looked at when some time has passed, together with what happens within that', async () => {
    await begin();
    const asked = listings();
    await comeAndTell('a');
    await room.pass(GATHER_MS - 1);
    await comeAndTell('a');
    await comeAndTell('b');
    expect([news(), asked()]).toEqual([[], []]);
    await room.pass(1);
    expect(news()).toEqual(['a: free -> 1/1', 'b: free -> 1/0']);
    // Nothing else is asked for than the locks themselves.
    expect(asked().sort()).toEqual(['a', 'b'].map((name) => paths.placeOf(name).base).sort());
  });

  it('that happens while it is looked is looked at again', async () => {
    await begin();
    const { getData } = nodes;
    vi.spyOn(nodes, 'getData').mockImplementationOnce(async (...args) => {
      const read = await getData.apply(nodes, args);
      const other = childOf(paths.placeOf('b').base, `_c_${uuidOf(900)}-__WRIT__0000000900`);
      await room.others.create(paths.placeOf('b').base);
      await room.others.create(other, { data: ours() });
      nodes.tell('created', other);
      return read;
    });
    await room.put(parentOf(paths.placeOf('b').base));
    await comeAndTell('a');
    await room.pass(GATHER_MS);
    expect(known()).toEqual(['a 1/0', 'b 1/0']);
  });

  it('is not looked at before those are that came before it', async () => {
    await begin();
    const { getData } = nodes;
    vi.spyOn(nodes, 'getData').mockImplementationOnce(async (...args) => {
      await new Promise<void>((resolve) => void room.time.after(100, resolve));
      return getData.apply(nodes, args);
    });
    await comeAndTell('a');
    await room.pass(GATHER_MS);
    await comeAndTell('b');
    await room.pass(99);
    expect(news()).toEqual([]);
    await room.pass(1);
    expect(news()).toEqual(['a: free -> 1/0', 'b: free -> 1/0']);
  });

  it('of a node that is no lock’s asks for nothing', async () => {
    await begin();
    const asked = listings();
    for (const path of ['/locks', '/locks/3e', '/teams/mother', '/locks/zz/a', '/locks/00/%zz'])
      nodes.tell('created', path);
    await room.pass(AGAIN_MS);
    expect([news(), asked()]).toEqual([[], []]);
  });

  it('below a node that stands where none of us has put it is none of a lock', async () => {
    await begin();
    for (const node of [`~ffffffff${'0'.repeat(56)}`, '~zz', '~']) {
      const base = `/locks/00/${node}`;
      await room.put(base, encodeBaseData(node, 1, 'a'));
      nodes.tell('created', await room.put(`${base}/_c_${uuidOf(1)}-__WRIT__0000000001`, ours()));
    }
    await room.pass(GATHER_MS);
    expect([news(), known()]).toEqual([[], []]);
  });

  it('that leaves a lock without anybody before and after is not told', async () => {
    await begin();
    await room.put(paths.placeOf('a').base);
    nodes.tell('created', paths.placeOf('a').base);
    await room.pass(GATHER_MS);
    expect([news(), known()]).toEqual([[], []]);
  });

  it('is told of all locks, however many change at once', async () => {
    await begin();
    for (let i = 0; i < 150; i++) await comeAndTell(`lock-${i}`);
    await room.pass(GATHER_MS);
    expect(news()).toHaveLength(150);
  });
});

describe('a connection', () => {
  it('that comes back has all locks looked at, under the same watches', async () => {
    const gone = await come('a');
    await come('b');
    await begin();
    const watch = vi.spyOn(nodes, 'addWatch');
    news();
    await leave(gone);
    await come('c');
    nodes.tellAll('reconnected');
    await room.pass(GATHER_MS);
    expect(news()).toEqual(['a: 1/0 -> free', 'b: 1/0 -> 1/0', 'c: free -> 1/0']);
    expect(known()).toEqual(['b 1/0', 'c 1/0']);
    expect(watch).not.toHaveBeenCalled();
    expect(completions).toBe(1);
  });

  it('that comes back once has all locks looked at once', async () => {
    await begin();
    const asked = listings();
    await comeAndTell('a');
    nodes.tellAll('reconnected');
    await room.pass(10 * AGAIN_MS);
    const { base } = paths.placeOf('a');
    for (const path of ['/locks', base]) expect(asked().filter((one) => one === path)).toEqual([path]);
  });

  it('of another session is watched anew before all locks are looked at', async () => {
    await begin();
    await come('a');
    nodes.tellAll('lost');
    await room.pass(GATHER_MS);
    expect(news()).toEqual(['a: free -> 1/0']);
    expect([...nodes.watchers.keys()]).toEqual(['/locks', '/teams/m']);
    await comeAndTell('b');
    await room.pass(GATHER_MS);
    expect(news()).toEqual(['b: free -> 1/0']);
  });
});

describe('a session', () => {
  it('that ends between two watches takes the first with it, and both are set anew', async () => {
    const add = nodes.addWatch.bind(nodes);
    let isFirst = true;
    nodes.addWatch = (path, options, watcher) => {
      // The first one goes with its session, and the second is set in the next.
      if (path === '/teams/m' && isFirst) {
        isFirst = false;
        nodes.tellAll('lost');
      }
      return add(path, options, watcher);
    };
    await begin();
    expect([...nodes.watchers.keys()]).toEqual(['/teams/m']);
    await room.pass(AGAIN_MS + GATHER_MS);
    expect([...nodes.watchers.keys()].sort()).toEqual(['/locks', '/teams/m']);
  });
});

describe('servers that have no watches that stay', () => {
  it('are asked for all locks again and again', async () => {
    vi.spyOn(nodes, 'addWatch').mockRejectedValue(new UnimplementedError('/locks'));
    const path = await come('a');
    await begin();
    expect([news(), completions]).toEqual([['a: free -> 1/0'], 1]);
    await come('b');
    await leave(path);
    await room.pass(AGAIN_MS - 1);
    expect(news()).toEqual([]);
    await room.pass(1);
    expect(news()).toEqual(['a: 1/0 -> free', 'b: free -> 1/0']);
    await come('c');
    await room.pass(AGAIN_MS);
    expect(news()).toEqual(['b: 1/0 -> 1/0', 'c: free -> 1/0']);
  });

  it('are asked for none of them once others have taken over', async () => {
    vi.spyOn(nodes, 'addWatch').mockRejectedValueOnce(new UnimplementedError('/locks'));
    await begin();
    await room.pass(AGAIN_MS);
    const asked = listings();
    await room.pass(5 * AGAIN_MS);
    expect(asked()).toEqual([]);
    expect(nodes.watchers.size).toBe(2);
  });
});

describe('a failure', () => {
  it('of a watch leaves none of the others behind, and all begins anew a second later', async () => {
    const { addWatch } = nodes;
    let failures = 0;
    vi.spyOn(nodes, 'addWatch').mockImplementation((path, ...rest) =>
      path === '/teams/m' && failures++ === 0
        ? Promise.reject(new NoAuthError(path))
        : addWatch.call(nodes, path, ...rest),
    );
    await come('a');
    await begin();
    expect([nodes.watchers.size, news(), mirror.isComplete]).toEqual([0, [], false]);
    await room.pass(AGAIN_MS - 1);
    expect(nodes.watchers.size).toBe(0);
    await room.pass(1);
    expect([news(), completions]).toEqual([['a: free -> 1/0'], 1]);
  });

  it('while all are looked at forgets none of them', async () => {
    await come('a');
    await begin();
    news();
    vi.spyOn(nodes, 'getChildren').mockRejectedValueOnce(new NoAuthError('/locks'));
    nodes.tellAll('reconnected');
    await room.pass(GATHER_MS);
    expect([news(), known()]).toEqual([[], ['a 1/0']]);
    await come('b');
    await room.pass(AGAIN_MS - 1);
    expect(news()).toEqual([]);
    await room.pass(1);
    expect(news()).toEqual(['a: 1/0 -> 1/0', 'b: free -> 1/0']);
  });

  it('while some are looked at has all looked at', async () => {
    await begin();
    vi.spyOn(nodes, 'getData').mockRejectedValueOnce(new NoAuthError('/locks'));
    await comeAndTell('a');
    await come('untold');
    await room.pass(GATHER_MS);
    expect(news()).toEqual([]);
    await room.pass(AGAIN_MS);
    expect(news()).toEqual(['a: free -> 1/0', 'untold: free -> 1/0']);
  });
});

describe('a mirror that is closed', () => {
  it('asks for nothing more, and tells of nothing', async () => {
    await begin();
    const asked = listings();
    await comeAndTell('a');
    const [[, watcher]] = [...nodes.watchers] as [[string, Watcher]];
    mirror.close();
    watcher({ type: 'created', path: paths.placeOf('a').base });
    watcher({ type: 'lost', path: '/locks' });
    await room.pass(2 * AGAIN_MS);
    expect([news(), asked()]).toEqual([[], []]);
  });

  it('before it has begun asks for nothing at all', async () => {
    const watch = vi.spyOn(nodes, 'addWatch');
    mirror = new LockMirror(nodes, paths, () => {});
    mirror.close();
    await room.pass(AGAIN_MS);
    expect(watch).not.toHaveBeenCalled();
  });

  it('while it looks tells of nothing that it finds', async () => {
    await come('a');
    const { getChildren } = nodes;
    vi.spyOn(nodes, 'getChildren').mockImplementationOnce((...args) => {
      mirror.close();
      return getChildren.apply(nodes, args);
    });
    await begin();
    expect([news(), mirror.isComplete, completions]).toEqual([[], false, 0]);
  });

  it('while it is about to watch ends the watches that it gets all the same', async () => {
    const { addWatch } = nodes;
    vi.spyOn(nodes, 'addWatch').mockImplementationOnce((...args) => {
      mirror.close();
      return addWatch.apply(nodes, args);
    });
    await begin();
    expect(nodes.watchers.size).toBe(0);
  });
});
