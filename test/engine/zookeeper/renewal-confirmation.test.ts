import { beforeEach, describe, expect, it, vi } from 'vitest';
import { isConfirmed } from '../../../src/engine/zookeeper/renewal-confirmation.ts';
import { NoNodeError } from '../../../src/zookeeper/server-refusal.ts';
import { SessionExpiredError } from '../../../src/zookeeper/zookeeper-error.ts';
import { type NodeRoom, openRoom, ours } from './node-room.ts';

const PATH = '/a';
const ASKED = ours({ lockTimeoutMs: 5_000, asksRenewal: true });
const CONFIRMED = ours({ lockTimeoutMs: 5_000 });

let room: NodeRoom;

beforeEach(async () => {
  room = await openRoom();
  await room.put(PATH, ASKED);
});

const write = (data: Uint8Array) => room.come(room.others.setData(PATH, data));

/** Asks, and notes what comes of it and when. */
function ask(): { outcome: unknown; readonly done: Promise<void> } {
  const asked: { outcome: unknown; done: Promise<void> } = { outcome: 'waits', done: Promise.resolve() };
  const settle = (outcome: unknown): void => {
    asked.outcome = outcome;
  };
  asked.done = isConfirmed(room.nodes, PATH).then(settle, settle);
  return asked;
}

describe('a renewal that another server was asked for', () => {
  it('is confirmed if what asks for it is taken away already', async () => {
    await write(CONFIRMED);
    expect(await room.come(isConfirmed(room.nodes, PATH))).toBe(true);
  });

  it('is confirmed as soon as that is so', async () => {
    const asked = ask();
    await room.pass(700);
    expect(asked.outcome).toBe('waits');
    await write(CONFIRMED);
    await room.pass(0);
    expect(asked.outcome).toBe(true);
  });

  it('is still waited for when somebody else asks for one, within the same time', async () => {
    const asked = ask();
    await room.pass(1_500);
    await write(ours({ lockTimeoutMs: 9_000, asksRenewal: true }));
    await room.pass(499);
    expect(asked.outcome).toBe('waits');
    await room.pass(1);
    expect(asked.outcome).toBe(false);
  });

  it('is not confirmed in time after two seconds', async () => {
    const asked = ask();
    await room.pass(1_999);
    expect(asked.outcome).toBe('waits');
    await room.pass(1);
    expect(asked.outcome).toBe(false);
  });

  it('is confirmed at the last moment also where no watch has told of it', async () => {
    const watched = vi.spyOn(room.nodes, 'getData');
    const { getData } = room.others;
    watched.mockImplementation((path) => getData.call(room.others, path));
    const asked = ask();
    await room.pass(1_000);
    await write(CONFIRMED);
    await room.pass(999);
    expect(asked.outcome).toBe('waits');
    await room.pass(1);
    expect(asked.outcome).toBe(true);
  });

  it('is not confirmed by what another program writes over it', async () => {
    const asked = ask();
    await write(Buffer.from('10.0.0.1'));
    await room.pass(2_000);
    expect(asked.outcome).toBe(false);
  });

  it('fails with the lock that is gone, before and meanwhile', async () => {
    const asked = ask();
    await room.pass(100);
    await room.come(room.others.delete(PATH));
    await room.pass(0);
    expect(asked.outcome).toBeInstanceOf(NoNodeError);
    await expect(room.come(isConfirmed(room.nodes, PATH))).rejects.toThrow(NoNodeError);
  });

  it('is waited for beyond a lost connection, and not beyond the end of the session here', async () => {
    const asked = ask();
    room.isolate(room.nodes, 500);
    await room.pass(400);
    await write(CONFIRMED);
    expect(asked.outcome).toBe('waits');
    await room.pass(100);
    expect(asked.outcome).toBe(true);
    await write(ASKED);
    const other = ask();
    room.isolate(room.nodes, 1_600);
    await room.pass(1_000);
    expect(other.outcome).toBeInstanceOf(SessionExpiredError);
  });

  it('leaves no watch behind, however it ends', async () => {
    const first = ask();
    await room.pass(2_000);
    expect(room.nodes.session.watches.isEmpty).toBe(true);
    const second = ask();
    await write(CONFIRMED);
    await room.come(Promise.all([first.done, second.done]));
    expect(room.nodes.session.watches.isEmpty).toBe(true);
    await room.come(room.others.delete(PATH));
    await room.come(ask().done);
    expect(room.nodes.session.watches.isEmpty).toBe(true);
  });
});
