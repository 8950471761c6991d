import { beforeEach, describe, expect, it, vi } from 'vitest';
import { Changes } from '../../../src/zookeeper/locks/changes.ts';
import { NoAuthError } from '../../../src/zookeeper/server-refusal.ts';
import { type NodeRoom, openRoom } from '../model/node-room.ts';

/** Time enough for what comes at once: a client's clock may be a little slow. */
const SOON_MS = 50;

let room: NodeRoom;
let changes: Changes;
/** What has been waited for, and came. */
let woken: string[];

beforeEach(async () => {
  room = await openRoom();
  changes = new Changes(room.nodes);
  woken = [];
  await room.put('/a');
});

/** Waits for an event of the node. */
async function begin(lookMs?: number): Promise<void> {
  const arm = async (wake: () => void): Promise<boolean> => {
    await room.nodes.getData('/a', wake);
    return true;
  };
  void changes.wait(['/a'], arm, lookMs).then((why) => woken.push(why));
  await room.pass(SOON_MS);
}

describe('who waits for changes', () => {
  it('is woken by an event of a node', async () => {
    await begin();
    expect(woken).toEqual([]);
    await room.come(room.others.setData('/a', Buffer.from('b')));
    await room.pass(SOON_MS);
    expect(woken).toEqual(['event']);
  });

  it('looks again when a connection has come back, and not when it is lost', async () => {
    await begin();
    room.isolate(room.nodes, 300);
    await room.pass(250);
    expect(woken).toEqual([]);
    await room.pass(100);
    expect(woken).toEqual(['look']);
  });

  it('is woken by the end of the session', async () => {
    await begin();
    // The watch is lost with it, and says so: without one it is the state alone that does.
    vi.spyOn(room.nodes.session.watches, 'loseAll').mockImplementation(() => {});
    room.isolate(room.nodes, 10_000);
    await room.pass(5_000);
    expect(woken).toEqual(['event']);
  });

  it('is woken when the client is closed', async () => {
    await begin();
    vi.spyOn(room.nodes.session.watches, 'loseAll').mockImplementation(() => {});
    room.nodes.close();
    await room.pass(0);
    expect(woken).toEqual(['event']);
  });

  it.each([
    [undefined, 30_000],
    [500, 500],
  ])('looks by itself now and then: %s', async (lookMs, expectedMs) => {
    await begin(lookMs);
    await room.pass(expectedMs * 0.95 - SOON_MS);
    expect(woken).toEqual([]);
    await room.pass(expectedMs * 0.1);
    expect(woken).toEqual(['look']);
  });

  it('goes on at once where there is nothing to wait for', async () => {
    expect(await room.come(changes.wait([], async () => false))).toBe('event');
  });

  it('is told of what cannot be watched', async () => {
    const failing = changes.wait([], () => Promise.reject(new NoAuthError('/a')));
    await expect(room.come(failing)).rejects.toThrow(NoAuthError);
  });

  it('waits anew each time', async () => {
    await begin();
    await room.come(room.others.setData('/a', Buffer.from('b')));
    await begin();
    expect(woken).toEqual(['event']);
    await room.come(room.others.setData('/a', Buffer.from('c')));
    await room.pass(SOON_MS);
    expect(woken).toEqual(['event', 'event']);
  });
});

describe('who has waited', () => {
  it('leaves no watch behind, and listens to nothing any more', async () => {
    const ends: number[] = [];
    const { onState } = room.nodes;
    vi.spyOn(room.nodes, 'onState').mockImplementation((listener) => {
      const end = onState.call(room.nodes, listener);
      return () => {
        ends.push(ends.length);
        end();
      };
    });
    const { clock } = room.nodes;
    const { after } = clock;
    let endedTimers = 0;
    vi.spyOn(clock, 'after').mockImplementation((waitMs, call) => {
      const end = after.call(clock, waitMs, call);
      return () => {
        if (waitMs === 7_777) endedTimers++;
        end();
      };
    });
    await begin(7_777);
    expect([room.nodes.session.watches.isEmpty, ends.length, endedTimers]).toEqual([false, 0, 0]);
    room.nodes.session.link?.cut();
    await room.pass(SOON_MS);
    expect(woken).toEqual(['look']);
    expect([room.nodes.session.watches.isEmpty, ends.length, endedTimers]).toEqual([true, 1, 1]);
  });
});

describe('a request that is cancelled', () => {
  it('waits no longer, now and from now on', async () => {
    await begin();
    expect(changes.isCancelled).toBe(false);
    changes.cancel();
    await room.pass(0);
    expect([woken, changes.isCancelled]).toEqual([['event'], true]);
    const arm = vi.fn(async () => true);
    expect(await room.come(changes.wait(['/a'], arm))).toBe('event');
    expect(arm).not.toHaveBeenCalled();
  });

  it('while it sets its watches waits for nothing', async () => {
    const arm = async (): Promise<boolean> => {
      changes.cancel();
      return true;
    };
    const beganMs = room.time.nowMs;
    expect(await room.come(changes.wait([], arm))).toBe('event');
    expect(room.time.nowMs).toBe(beganMs);
  });

  it('before it has ever waited is just that', () => {
    changes.cancel();
    expect(changes.isCancelled).toBe(true);
  });
});
