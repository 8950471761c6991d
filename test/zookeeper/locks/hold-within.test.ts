import { beforeEach, describe, expect, it } from 'vitest';
import { firstOf, holdWithin, type LockRequest } from '../../../src/zookeeper/locks/hold-within.ts';
import { LockTimeoutError } from '../../../src/zookeeper/locks/lock-error.ts';
import type { LockHold } from '../../../src/zookeeper/locks/lock-hold.ts';
import type { QueueNode } from '../../../src/zookeeper/locks/queue-node.ts';
import { type NodeRoom, openRoom } from '../model/node-room.ts';

/** Comes to what it is told, whether it is cancelled or not: so late may a grant be. */
class ToldRequest implements LockRequest {
  runs = 0;
  cancels = 0;
  settle!: (node: QueueNode | null) => void;
  fail!: (error: Error) => void;
  readonly #end = new Promise<QueueNode | null>((resolve, reject) => {
    this.settle = resolve;
    this.fail = reject;
  });

  run(): Promise<QueueNode | null> {
    this.runs++;
    return this.#end;
  }

  cancel(): void {
    this.cancels++;
  }
}

let room: NodeRoom;
let node: QueueNode;
let request: ToldRequest;

beforeEach(async () => {
  room = await openRoom();
  node = await room.queue('/lock');
  request = new ToldRequest();
});

const hold = (timeoutMs: number | null, signal?: AbortSignal): Promise<LockHold | null> => {
  const holding = holdWithin(room.nodes, '/lock', request, { timeoutMs, signal });
  holding.catch(() => {});
  return holding;
};

describe('a request within its time', () => {
  it.each([
    ['for ever', null, undefined],
    ['with a time', 1_000, undefined],
    ['with a signal', null, new AbortController().signal],
  ] as const)('comes to a hold: %s', async (_, timeoutMs, signal) => {
    const holding = hold(timeoutMs, signal);
    await room.pass(900);
    request.settle(node);
    const held = await holding;
    await room.pass(1_000);
    expect(held).toMatchObject({ node, fencingToken: node.czxid, isHeld: true });
    expect([request.runs, request.cancels, room.has(node.path)]).toEqual([1, 0, true]);
  });

  it('comes to a hold of the lock that it was made for', async () => {
    request.settle(node);
    const held = await hold(null);
    room.isolate(room.nodes, 3_000);
    await room.pass(4_000);
    expect(held!.signal.reason).toMatchObject({ path: '/lock', code: 'ZOOKEEPER_LOCK_LOST' });
  });

  it.each([null, 1_000])('comes to nothing where there is nothing to be had: %s', async (timeoutMs) => {
    request.settle(null);
    expect(await hold(timeoutMs)).toBeNull();
  });

  it.each([null, 1_000])('fails as it fails: %s', async (timeoutMs) => {
    const bug = new Error('a bug');
    request.fail(bug);
    await expect(hold(timeoutMs)).rejects.toBe(bug);
  });

  it('waits for ever where no time is said', async () => {
    const holding = hold(null, new AbortController().signal);
    await room.pass(20_000);
    expect(request.cancels).toBe(0);
    request.settle(node);
    expect((await holding)!.isHeld).toBe(true);
  });
});

describe('a request whose time is over', () => {
  it('is cancelled, and its caller told of the lock and the time', async () => {
    const holding = hold(500);
    await room.pass(490);
    expect(request.cancels).toBe(0);
    await room.pass(20);
    expect(request.cancels).toBe(1);
    await expect(holding).rejects.toThrow(LockTimeoutError);
    await expect(holding).rejects.toMatchObject({ path: '/lock', timeoutMs: 500 });
  });

  it('leaves nothing of what it comes to all the same', async () => {
    const holding = hold(500);
    await room.pass(600);
    request.settle(node);
    await room.pass(100);
    await expect(holding).rejects.toThrow(LockTimeoutError);
    expect(room.has(node.path)).toBe(false);
  });

  it('may come to nothing', async () => {
    const holding = hold(500);
    await room.pass(600);
    request.settle(null);
    await expect(holding).rejects.toThrow(LockTimeoutError);
    expect(room.has(node.path)).toBe(true);
  });
});

describe('a request whose signal aborts', () => {
  it('is cancelled, its caller told the reason, and nothing left of what it comes to', async () => {
    const controller = new AbortController();
    const holding = hold(10_000, controller.signal);
    await room.pass(100);
    expect(request.cancels).toBe(0);
    const reason = new Error('enough');
    controller.abort(reason);
    expect(request.cancels).toBe(1);
    await expect(holding).rejects.toBe(reason);
    request.settle(node);
    await room.pass(100);
    expect(room.has(node.path)).toBe(false);
  });

  it('in the moment in which it is granted has nothing', async () => {
    const controller = new AbortController();
    const holding = hold(null, controller.signal);
    request.settle(node);
    controller.abort();
    await room.pass(100);
    await expect(holding).rejects.toMatchObject({ name: 'AbortError' });
    expect(room.has(node.path)).toBe(false);
  });
});

describe('the first of two requests', () => {
  it('is enough where it comes to something', async () => {
    const second = new ToldRequest();
    const both = firstOf(request, second).run();
    request.settle(node);
    expect([await both, second.runs]).toEqual([node, 0]);
  });

  it('is followed by the second where there is nothing to be had by it', async () => {
    const second = new ToldRequest();
    const both = firstOf(request, second).run();
    await room.pass(100);
    expect(second.runs).toBe(0);
    request.settle(null);
    await room.pass(0);
    expect(second.runs).toBe(1);
    second.settle(node);
    expect(await both).toBe(node);
  });

  it('ends both where it fails', async () => {
    const second = new ToldRequest();
    const both = firstOf(request, second).run();
    request.fail(new Error('a bug'));
    await expect(both).rejects.toThrow('a bug');
    expect(second.runs).toBe(0);
  });

  it('is cancelled with the second, whichever is under way', () => {
    const second = new ToldRequest();
    firstOf(request, second).cancel();
    expect([request.cancels, second.cancels]).toEqual([1, 1]);
  });
});
