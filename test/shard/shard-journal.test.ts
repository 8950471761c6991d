import { describe, expect, it } from 'vitest';
import { GrpcStatus } from '../../src/contract/grpc-status.ts';
import { scanJournal } from '../../src/journal/scan.ts';
import type { ShardJournalOptions } from '../../src/shard/open-journal.ts';
import { seededIntegers } from '../core/random.ts';
import { DATA_FILE, ShardCaller } from '../journal/shard-caller.ts';
import { SimulatedDisk } from '../journal/simulated-disk.ts';
import { heldClaims, heldText } from '../journal/state-text.ts';

const { path, generation, seed } = DATA_FILE;
const RETRY_MS = 200;

function openCaller(options: Partial<ShardJournalOptions> = {}): ShardCaller {
  const caller = new ShardCaller(new SimulatedDisk(seededIntegers(1)), options);
  caller.settle();
  return caller;
}

/** The disk is full to the byte from now on, and no room was made ahead. */
function fillDisk({ disk }: ShardCaller): void {
  disk.open(path, false).truncate(scanJournal(disk.open(path, false), generation, seed, () => {}).offset);
  disk.bytesMax = disk.bytesUsed;
}

/** A caller with the lock `held`, whose extension of the file found no room. */
function openTight() {
  const disk = new SimulatedDisk(seededIntegers(1));
  const caller = new ShardCaller(disk);
  disk.bytesMax = 2_000;
  const key = caller.lock('held', { lock_timeout_ms: '60000' });
  caller.lock('also', { lock_timeout_ms: '1000' });
  disk.bytesMax = disk.bytesUsed;
  // What room there is within the file is used up by a batch that fits.
  for (let i = 0; caller.ask('Lock', { name: `fill/${i}`.padEnd(100, 'x') })?.status === GrpcStatus.Ok; i++);
  expect(caller.suspensions).toEqual([true]);
  return { caller, disk, key };
}

describe('ShardJournal on a full disk', () => {
  it('undoes what was granted, and answers everything with UNAVAILABLE while there is no room', () => {
    const { caller, key } = openTight();
    for (const [method, message] of [
      ['Lock', { name: 'a' }],
      ['TryLock', { name: 'held' }],
      ['Unlock', { name: 'held', key }],
      ['Renew', { name: 'held', key, lock_timeout_ms: '5000' }],
    ] as const) {
      expect(caller.ask(method, message), method).toEqual({ status: GrpcStatus.Unavailable, message: null });
    }
    const names = heldClaims(caller.shard.core).map(({ name }) => name);
    expect(names.slice(0, 2)).toEqual(['held', 'also']);
    expect(names).not.toContain('a');
  });

  it('holds nothing of the batch that found no room, and keeps what was before it', () => {
    const { caller, disk } = openTight();
    const before = heldText(heldClaims(caller.shard.core));
    disk.mend();
    caller.restart();
    // What had no timeout has the default one now; the keys and tokens are the same.
    const tokens = (text: string) => text.split('\n').map((line) => line.split('|')[1]);
    expect(tokens(heldText(heldClaims(caller.shard.core)))).toEqual(tokens(before));
  });

  it('tries again every 200 ms, and goes on by itself', () => {
    const { caller, disk } = openTight();
    const { write } = disk.counts;
    caller.pass(RETRY_MS - 1);
    expect(disk.counts.write).toBe(write);
    caller.pass(1);
    expect(caller.ask('TryLock', { name: 'a' })?.status).toBe(GrpcStatus.Unavailable);
    disk.mend();
    caller.pass(RETRY_MS - 1);
    expect(caller.ask('TryLock', { name: 'a' })?.status).toBe(GrpcStatus.Unavailable);
    caller.pass(1);
    expect(caller.suspensions).toEqual([true, false]);
    expect(caller.tryLock('a')).toBe(true);
  });

  it('lets time and the ends of sessions go on, and owes the journal what they release', () => {
    const { caller, disk } = openTight();
    const other = caller.send('Lock', { name: 'a' }, 2);
    caller.settle();
    expect(caller.replyTo(other)?.status).toBe(GrpcStatus.Unavailable);
    caller.pass(1_100);
    expect(heldClaims(caller.shard.core).map(({ name }) => name)).not.toContain('also');
    caller.shard.endSession(1);
    caller.settle();
    expect(heldClaims(caller.shard.core)).toEqual([]);
    disk.mend();
    caller.pass(RETRY_MS);
    caller.restart();
    expect(heldClaims(caller.shard.core)).toEqual([]);
  });

  it('lets through who waits when there is room again, behind what is owed', () => {
    const disk = new SimulatedDisk(seededIntegers(1));
    const caller = new ShardCaller(disk);
    disk.bytesMax = 900;
    caller.lock('a', { lock_timeout_ms: '500' });
    const waiter = caller.send('Lock', { name: 'a' }, 2);
    for (
      let i = 0;
      caller.ask('Lock', { name: `fill/${i}`.padEnd(100, 'x') })?.status === GrpcStatus.Ok;
      i++
    );
    caller.pass(600);
    expect(caller.replyTo(waiter)).toBeUndefined();
    disk.mend();
    caller.pass(RETRY_MS);
    expect(caller.replyTo(waiter)?.message?.locked).toBe(true);
    caller.restart();
    expect(caller.tryLock('a')).toBe(false);
  });

  it('forgets the request id of what was undone, so that the request can be made again', () => {
    const { caller, disk } = openTight();
    const request = { name: 'again', request_id: Buffer.from('request-1') };
    expect(caller.ask('Lock', request)?.status).toBe(GrpcStatus.Unavailable);
    disk.mend();
    caller.pass(RETRY_MS);
    const key = caller.lock('again', request);
    // And in the batch that finds no room itself.
    disk.failAfter(0, 'ENOSPC', 'write');
    const other = { name: 'other', request_id: Buffer.from('request-2') };
    expect(caller.ask('Lock', other)?.status).toBe(GrpcStatus.Unavailable);
    caller.pass(RETRY_MS);
    caller.lock('other', other);
    caller.restart();
    expect(caller.ask('Lock', request)?.message?.key).toBe(key);
  });

  it('drops what was granted and released in the one batch, and owes the rest of it', () => {
    const caller = openCaller();
    const key = caller.lock('before');
    const { disk } = caller;
    disk.failAfter(0, 'ENOSPC', 'write');
    const calls = [
      caller.send('Lock', { name: 'a', request_id: Buffer.from('request-1') }),
      caller.send('Unlock', { name: 'a', request_id: Buffer.from('request-1') }),
      caller.send('Unlock', { name: 'before', key }),
      caller.send('TryLock', { name: 'before' }, 2),
    ];
    caller.settle();
    for (const call of calls) expect(caller.replyTo(call)?.status).toBe(GrpcStatus.Unavailable);
    caller.pass(RETRY_MS);
    expect(heldClaims(caller.shard.core)).toEqual([]);
    caller.restart();
    expect(heldClaims(caller.shard.core)).toEqual([]);
  });

  it('owes the refusal of a request id, also behind a grant that is undone', () => {
    const caller = openCaller();
    caller.lock('before');
    const { disk } = caller;
    const late = { name: 'late', request_id: Buffer.from('request-1') };
    disk.failAfter(0, 'ENOSPC', 'write');
    const calls = [caller.send('Lock', { name: 'undone' }), caller.send('Unlock', late)];
    caller.settle();
    for (const call of calls) expect(caller.replyTo(call)?.status).toBe(GrpcStatus.Unavailable);
    caller.pass(RETRY_MS);
    caller.restart();
    expect(caller.tryLock('undone')).toBe(true);
    expect(caller.ask('Lock', late)?.message).toMatchObject({ error: { code: 5 } });
  });

  it('comes to its end without a word when what is owed finds no room', () => {
    const { caller, disk } = openTight();
    caller.shard.endSession(1);
    caller.settle();
    caller.shard.exit();
    disk.mend();
    expect(scanJournal(disk.open(path, false), generation, seed, () => {})).toMatchObject({ isClean: false });
    caller.restart();
    // Nobody was told that they are free.
    expect(
      heldClaims(caller.shard.core)
        .map(({ name }) => name)
        .slice(0, 1),
    ).toEqual(['held']);
  });
});

describe('ShardJournal at work', () => {
  it('ends a stop in order with a footer', () => {
    const caller = openCaller();
    const key = caller.lock('a');
    caller.shard.exit();
    const scan = scanJournal(caller.disk.open(path, false), generation, seed, () => {});
    expect(scan).toMatchObject({ isClean: true, tornBytes: 0, damagedOffset: -1 });
    caller.restart();
    expect(caller.unlock('a', key)).toBe(true);
  });

  it('makes a file anew that has grown, while work goes on', () => {
    const caller = openCaller({ compactionBytesMin: 20_000, compactionSliceRows: 2 });
    const held: string[] = [];
    for (let i = 0; i < 10; i++) held.push(caller.lock(`held/${i}`));
    let sizeMax = 0;
    for (let i = 0; i < 400; i++) {
      const call = caller.send('Lock', { name: `lock/${i % 7}` });
      caller.shard.turn();
      const key = caller.replyTo(call)?.message?.key ?? '';
      caller.send('Unlock', { name: `lock/${i % 7}`, key });
      caller.shard.turn();
      sizeMax = Math.max(
        sizeMax,
        scanJournal(caller.disk.open(path, false), generation, seed, () => {}).offset,
      );
    }
    expect(caller.disk.counts.rename).toBeGreaterThan(1);
    expect(sizeMax).toBeLessThan(30_000);
    expect(caller.disk.names).not.toContain('data.other');
    caller.restart();
    held.forEach((key, i) => {
      expect(caller.unlock(`held/${i}`, key)).toBe(true);
    });
    expect(caller.tryLock('lock/1')).toBe(true);
  });

  it('gives up making a file anew when there is no room for two, and works on', () => {
    const caller = openCaller({ compactionBytesMin: 2_000, compactionSliceRows: 1 });
    const { disk } = caller;
    const name = (i: number): string => `a${i}`.padEnd(200, 'x');
    const keys = Array.from({ length: 10 }, (_, i) => caller.lock(name(i)));
    fillDisk(caller);
    disk.bytesMax += 7_000;
    const { open, rename } = disk.counts;
    for (let i = 0; i < 34; i++) expect(caller.unlock('b', caller.lock('b'))).toBe(true);
    // Once, and not again for a minute.
    expect(disk.counts).toMatchObject({ open: open + 1, rename });
    expect(caller.suspensions).toEqual([]);
    expect(disk.names).toEqual(['data']);
    disk.mend();
    caller.restart();
    keys.forEach((key, i) => {
      expect(caller.unlock(name(i), key)).toBe(true);
    });
  });

  it.each(['write', 'sync', 'rename', 'syncFolder'] as const)(
    'ends when a %s fails while a file is made anew, and loses nothing',
    (operation) => {
      const caller = openCaller({ compactionBytesMin: 3_000, compactionSliceRows: 1 });
      const { disk } = caller;
      const keys = Array.from({ length: 5 }, (_, i) => caller.lock(`held/${i}`));
      const work = (): void => {
        for (let i = 0; i < 60; i++) caller.unlock('b', caller.lock('b'));
      };
      while (disk.counts.open === 1) caller.unlock('b', caller.lock('b'));
      disk.failAfter(0, 'EIO', operation);
      expect(work).toThrow('EIO');
      caller.restart();
      keys.forEach((key, i) => {
        expect(caller.unlock(`held/${i}`, key)).toBe(true);
      });
    },
  );

  it('with `interval` wants a turn when the interval is over', () => {
    const caller = openCaller({ sync: 'interval', syncIntervalMs: 1_000 });
    caller.lock('a');
    const { sync } = caller.disk.counts;
    caller.pass(10);
    caller.lock('b');
    expect(caller.disk.counts.sync).toBe(sync);
    caller.pass(1_000);
    expect(caller.disk.counts.sync).toBe(sync + 1);
    // A turn that finds nothing to write syncs nothing.
    caller.pass(1_000);
    expect(caller.disk.counts.sync).toBe(sync + 1);
  });
});
