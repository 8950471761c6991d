import { beforeEach, describe, expect, it } from 'vitest';
import { LockCommand } from '../../../src/core/command.ts';
import { Claim } from '../../../src/engine/zookeeper/claim.ts';
import { ClaimBook } from '../../../src/engine/zookeeper/claim-book.ts';
import { HeldLong } from '../../../src/engine/zookeeper/held-long.ts';
import { byteStringOf, LockPaths } from '../../../src/engine/zookeeper/lock-place.ts';
import type { DebugAttributes } from '../../../src/shard/debug-lines.ts';
import { VirtualTime } from '../../zookeeper/model/virtual-time.ts';

/** The wall clock is another one than that of the timers. */
const WALL_MS = 1_800_000_000_000;
const LINES_PER_WALK = 10;

let time = new VirtualTime();
let book = new ClaimBook();
let lines: { message: string; attributes: DebugAttributes; session: number }[] = [];
let keys = 0;

beforeEach(() => {
  time = new VirtualTime();
  book = new ClaimBook();
  lines = [];
});

function open(heldLongMs: number): HeldLong {
  const notices = {
    notice: (message: string, attributes: DebugAttributes, session = 0) =>
      void lines.push({ message, attributes, session }),
  };
  return new HeldLong(book, { nowMs: () => WALL_MS + time.nowMs }, time, notices, heldLongMs);
}

function add(state: Claim['state'] = 'held', fields: Partial<LockCommand> = {}): Claim {
  const command = Object.assign(new LockCommand(), { name: 'a', ...fields });
  command.key.a = ++keys;
  command.origin.session = 7;
  const claim = new Claim(command, new LockPaths().placeOf(command.name), WALL_MS + time.nowMs);
  claim.state = state;
  claim.grantedMs = state === 'held' ? WALL_MS + time.nowMs : 0;
  book.add(claim);
  return claim;
}

describe('a lock that is held for long', () => {
  it('is told of once, with who has it and for how long', async () => {
    open(2_500);
    add('held', { name: byteStringOf('täsk'), holder: byteStringOf('Zoë') });
    await time.runUntil(2_999);
    expect(lines).toEqual([]);
    await time.runUntil(3_000);
    const key = (keys >>> 0).toString(16).padStart(8, '0');
    expect(lines).toEqual([
      {
        message: 'Lock is held for long',
        attributes: { lock: 'täsk', key, holder: 'Zoë', held_seconds: 3 },
        session: 7,
      },
    ]);
    await time.runUntil(60_000);
    expect(lines).toHaveLength(1);
  });

  it.each([
    [2_000, 1],
    [2_001, 0],
  ])('is one from exactly %i ms on', async (heldLongMs, told) => {
    open(heldLongMs);
    add();
    await time.runUntil(2_000);
    expect(lines).toHaveLength(told);
  });

  it('is found soon where little is long', async () => {
    open(40);
    add();
    await time.runUntil(39);
    expect(lines).toEqual([]);
    await time.runUntil(40);
    expect(lines.map(({ attributes }) => attributes['held_seconds'])).toEqual([0.04]);
  });

  it('is none that is waited for, however long', async () => {
    open(1_000);
    add('waiting');
    await time.runUntil(10_000);
    expect(lines).toEqual([]);
  });

  it('is none that was released', async () => {
    open(1_000);
    book.remove(add());
    await time.runUntil(10_000);
    expect(lines).toEqual([]);
  });

  it('is told of again if it is another lock of the same name', async () => {
    open(1_000);
    const first = add();
    await time.runUntil(1_000);
    book.remove(first);
    add();
    await time.runUntil(2_000);
    expect(lines).toHaveLength(2);
  });
});

describe('many locks that are held for long', () => {
  it.each([
    [LINES_PER_WALK, null],
    [LINES_PER_WALK + 1, 1],
    [LINES_PER_WALK + 90, 90],
  ])('%i at once make ten lines, and one that counts the rest', async (count, rest) => {
    open(1_000);
    for (let i = 0; i < count; i++) add();
    await time.runUntil(1_000);
    expect(lines.filter(({ message }) => message === 'Lock is held for long')).toHaveLength(LINES_PER_WALK);
    const more = lines.slice(LINES_PER_WALK);
    const line = { message: 'More locks are held for long', attributes: { count: rest }, session: 0 };
    expect(more).toEqual(rest === null ? [] : [line]);
    // The rest has been told of, too.
    await time.runUntil(10_000);
    expect(lines).toHaveLength(LINES_PER_WALK + more.length);
  });
});

describe('nobody is told', () => {
  it('where it was not asked for', async () => {
    open(0);
    add();
    await time.runUntil(100_000);
    expect([lines, time.events]).toEqual([[], 0]);
  });

  it('of anything behind the end', async () => {
    const heldLong = open(1_000);
    add();
    await time.runUntil(500);
    heldLong.close();
    await time.runUntil(10_000);
    expect(lines).toEqual([]);
  });
});
