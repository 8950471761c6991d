import { describe, expect, it, vi } from 'vitest';
import { Limits } from '../../../src/base/limits.ts';
import { Refusals } from '../../../src/contract/refusal.ts';
import { RandomKeySource } from '../../../src/shard/key-source.ts';
import { ModelNodes } from '../../zookeeper/model/model-nodes.ts';
import { EngineCaller } from '../engine-caller.ts';
import { openModelEngine } from './model/model-engine.ts';
import { type ModelServer, newRoom, openServers } from './open-over-model.ts';

describe('a lease that was renewed here and elsewhere', () => {
  it.each<[what: string, again: 'Renew' | 'Lock']>([
    ['renewed', 'Renew'],
    ['asked for once more', 'Lock'],
  ])('is not shortened by what comes late, when it was %s here', async (_what, again) => {
    const room = newRoom({ replicas: 2 });
    const { ensemble } = room;
    let connections = 0;
    vi.spyOn(ensemble, 'anyReplica').mockImplementation(() => ensemble.replicas[connections++ % 2]!);
    const follow = vi.spyOn(ensemble, 'follow').mockImplementation(() => {});
    const [one, two] = (await openServers(room, 2)) as [ModelServer, ModelServer];
    const request = { name: 'a', request_id: Buffer.from('request 1'), lock_timeout_ms: '60000' };
    const key = await one.caller.acquire(request);
    await one.pass(300);
    const shorter = { name: 'a', key, lock_timeout_ms: '50' };
    const elsewhere = two.caller.send('Renew', shorter);
    await two.pass(60);
    const longer = again === 'Renew' ? { ...shorter, lock_timeout_ms: '60000' } : request;
    expect(await one.caller.ask(again, longer)).toMatchObject({ locked: true });
    follow.mockRestore();
    ensemble.follow();
    expect(await two.caller.answerTo(elsewhere)).toMatchObject({ locked: true });
    await one.pass(500);
    expect(await two.caller.ask('TryLock', { name: 'a' })).toEqual({ name: 'a' });
  });
});

/** Leaves what is read without an answer. */
class SilentNodes extends ModelNodes {
  override getData(): Promise<never> {
    return new Promise(() => {});
  }
}

describe('the limits', () => {
  it('let a server hold and wait for so many locks, and no more', async () => {
    const { time, ensemble } = newRoom();
    const nodes = new SilentNodes(ensemble);
    await time.runUntil(50);
    const caller = new EngineCaller();
    const engine = openModelEngine(
      { time, nodes, keys: new RandomKeySource() },
      Object.assign(caller, { locksLost: () => {} }),
    );
    const work = () => new Promise<void>((resolve) => void setImmediate(resolve));
    caller.attach({ engine, nowMs: () => engine.clock.nowMs(), work, pass: work });
    const calls = Array.from({ length: Limits.zookeeperClaimsMax }, () => caller.send('Lock', { name: 'a' }));
    const { code, message } = Refusals.tooManyClaims;
    expect(await caller.ask('Lock', { name: 'b' })).toEqual({ name: 'b', error: { message } });
    expect([code, calls.filter((call) => caller.hasReply(call))]).toEqual([0, []]);
    caller.cancel(calls[7]!);
    const next = caller.send('TryLock', { name: 'b' });
    await work();
    expect(caller.hasReply(next)).toBe(false);
  });
});
