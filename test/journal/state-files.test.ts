import { describe, expect, it } from 'vitest';
import { hashName, shardOf } from '../../src/base/name-hash.ts';
import { LockCore } from '../../src/core/lock-core.ts';
import { decodeManifest } from '../../src/journal/manifest.ts';
import { replayFile } from '../../src/journal/replay.ts';
import { RoutingRestorer } from '../../src/journal/routing-restorer.ts';
import { openStateFiles, type StateFilesOptions } from '../../src/journal/state-files.ts';
import { seededIntegers } from '../core/random.ts';
import { encodeLdlmState } from './ldlm-state-encoder.ts';
import { RecordedJournal } from './recorded-journal.ts';
import { PowerCutError, SimulatedDisk } from './simulated-disk.ts';
import { type HeldClaim, heldClaims, heldText, releasedRequests, wholeToken } from './state-text.ts';

const PATH = '/state/locks';
const SEED = 0xabc;

function open(disk: SimulatedDisk, shards: number, options: Partial<StateFilesOptions> = {}) {
  const notices: string[] = [];
  const notice = (message: string): void => void notices.push(message);
  const files = openStateFiles({
    ...{ disk, path: PATH, shards, newSeed: SEED, repair: false, nowMs: 1_000, notice },
    ...options,
  });
  return { ...files, notices };
}

/** What all shards hold together, each read as its own thread does. */
function readAll(disk: SimulatedDisk, shards: number) {
  const { data } = open(disk, shards);
  const held: HeldClaim[] = [];
  const cores: LockCore[] = [];
  data.forEach((id, shard) => {
    const restorer = new RoutingRestorer(1, id.seed);
    const scan = replayFile(disk.open(id.path, false), id, restorer);
    expect(scan).toMatchObject({ damagedOffset: -1 });
    const core = restorer.cores[0]!;
    for (const claim of heldClaims(core)) {
      expect(shardOf(hashName(Buffer.from(claim.name, 'latin1'), 0, claim.name.length), shards)).toBe(shard);
      held.push(claim);
    }
    cores.push(core);
  });
  held.sort((one, two) => (one.token < two.token ? -1 : 1));
  return { held: heldText(held), cores };
}

/** The released requests that each core remembers of the names that come to it. */
function releasedWhereTheyCome(cores: readonly LockCore[], nowMs: number): string[] {
  const released = cores.flatMap((core, shard) =>
    releasedRequests(core, nowMs).filter((request) => {
      // The length of the request id, the id, and the name, see `requestKey`.
      const [key = ''] = request.split(' ');
      const name = Buffer.from(key.slice(1 + key.charCodeAt(0)), 'latin1');
      return shardOf(hashName(name, 0, name.length), cores.length) === shard;
    }),
  );
  return released.sort();
}

/** A state of one shard with some locks, and what is held in it. */
function withLocks(draw = seededIntegers(1)) {
  const disk = new SimulatedDisk(draw);
  const [id] = open(disk, 1).data;
  const journal = new RecordedJournal(disk, id!);
  for (let turns = 60; turns > 0; turns--) if (journal.turn(draw, 4, 40)) journal.commit();
  disk.syncFolderOf();
  return { disk, journal, held: heldText(heldClaims(journal.scenario.core)) };
}

describe('openStateFiles', () => {
  it('begins a state, durably, and finds it again', () => {
    const disk = new SimulatedDisk(seededIntegers(1));
    const first = open(disk, 2);
    expect(first).toMatchObject({ hashSeed: SEED, notices: [] });
    expect(first.data.map(({ path }) => path)).toEqual(['/state/locks.1.0', '/state/locks.1.1']);
    disk.losePower();
    expect(disk.names).toEqual(['locks', 'locks.1.0', 'locks.1.1']);
    expect(open(disk, 2, { newSeed: 1 })).toEqual(first);
    expect(decodeManifest(disk.contentOf(PATH), PATH)).toEqual({ generation: 1, shards: 2, hashSeed: SEED });
  });

  it('takes an empty file for a state that begins', () => {
    const disk = new SimulatedDisk(seededIntegers(1));
    disk.put(PATH, Buffer.alloc(0));
    expect(open(disk, 1).data).toHaveLength(1);
  });

  it.each([2, 3, 16])('divides a state among %d shards and puts it together again', (shards) => {
    const { disk, journal, held } = withLocks();
    expect(held.split('\n').length).toBeGreaterThan(3);
    const divided = open(disk, shards);
    expect(divided.notices).toEqual(['the number of shards has changed: the state is divided anew']);
    expect(disk.names).toHaveLength(shards + 1);
    const { cores } = readAll(disk, shards);
    expect(readAll(disk, shards).held).toBe(held);
    const last = wholeToken(LockCore.stateOf(journal.scenario.core).lastToken);
    const { nowMs, core } = journal.scenario;
    expect(releasedWhereTheyCome(cores, nowMs)).toEqual(releasedRequests(core, nowMs));
    // The first division has read a journal, this one reads snapshots.
    open(disk, shards + 1);
    expect(releasedWhereTheyCome(readAll(disk, shards + 1).cores, nowMs)).toEqual(
      releasedRequests(core, nowMs),
    );
    expect(cores.some((core) => wholeToken(LockCore.stateOf(core).lastToken) === last)).toBe(true);
    disk.losePower();
    expect(readAll(disk, 1).held).toBe(held);
    expect(wholeToken(LockCore.stateOf(readAll(disk, 1).cores[0]!).lastToken)).toBe(last);
    expect(disk.names).toEqual(['locks', 'locks.4.0']);
  });

  it('removes what an end at the wrong moment has left, and nothing else', () => {
    const { disk, held } = withLocks();
    const strangers = [
      'locks.ldlm',
      'locks.lock',
      'locks.1.0.damaged',
      'locks.txt',
      'other.1.0',
      'locks.1.x',
    ];
    for (const name of ['locks.2.0', 'locks.2.1', 'locks.1.0.new', 'locks.9.3.new', ...strangers]) {
      disk.put(`/state/${name}`, Buffer.from('left'));
    }
    expect(readAll(disk, 1).held).toBe(held);
    expect(disk.names).toEqual(['locks', 'locks.1.0', ...strangers].sort());
  });

  it('makes durable what the last process has put in its place and not lived to sync', () => {
    for (let seed = 0; seed < 50; seed++) {
      const { disk } = withLocks(seededIntegers(seed));
      for (const name of ['locks', 'locks.1.0']) {
        const content = disk.contentOf(`/state/${name}`);
        const file = disk.open(`/state/${name}.new`, true);
        file.write(content, 0, content.length, 0);
        file.sync();
        disk.rename(`/state/${name}.new`, `/state/${name}`);
      }
      disk.kill();
      const { path } = open(disk, 1).data[0]!;
      const file = disk.open(path, false);
      file.write(Buffer.from('acknowledged'), 0, 12, 1_000_000);
      file.sync();
      disk.losePower();
      expect(disk.contentOf(path).subarray(1_000_000).toString(), `seed ${seed}`).toBe('acknowledged');
    }
  });

  it('refuses a state that misses a data file, and data files that miss their state', () => {
    const { disk } = withLocks();
    const content = disk.contentOf('/state/locks.1.0');
    disk.remove('/state/locks.1.0');
    for (const shards of [1, 2]) {
      expect(() => open(disk, shards)).toThrow(expect.objectContaining({ code: 'LDLM_STATE_DAMAGED' }));
    }
    disk.put('/state/locks.1.0', content);
    disk.remove(PATH);
    for (const prepare of [() => {}, () => disk.put(PATH, Buffer.alloc(0))]) {
      prepare();
      expect(() => open(disk, 1)).toThrow(/but \/state\/locks\.1\.0 holds locks/);
      expect(disk.contentOf('/state/locks.1.0').equals(content)).toBe(true);
    }
  });

  it('refuses to divide a damaged state, and divides it once it is repaired', () => {
    const { disk } = withLocks();
    const bytes = disk.contentOf('/state/locks.1.0');
    bytes[700]! ^= 1;
    disk.put('/state/locks.1.0', bytes);
    const before = disk.names;
    expect(() => open(disk, 2)).toThrow(/\/state\/locks\.1\.0 is damaged at byte \d+/);
    expect(disk.names).toEqual(before);
    const { notices } = open(disk, 2, { repair: true });
    expect(notices).toHaveLength(2);
    expect(disk.contentOf('/state/locks.1.0.damaged').equals(bytes)).toBe(true);
    expect(readAll(disk, 2).held).not.toBe('');
  });

  it('takes over a state of LDLM, and keeps it', () => {
    const key = '01234567-89ab-4def-8123-456789abcdef';
    const bytes = encodeLdlmState([{ sessionId: 's', locks: [{ name: 'a', key, size: 3 }] }]);
    const disk = new SimulatedDisk(seededIntegers(1));
    disk.put(PATH, bytes);
    const { notices } = open(disk, 2);
    expect(notices).toEqual(['took over a state file of LDLM, which is kept']);
    expect(disk.contentOf(`${PATH}.ldlm`)).toEqual(bytes);
    disk.losePower();
    expect(readAll(disk, 2).held).toMatch(/\ba\|1\|3\|1\|0\|1000\|0\|Infinity/);
  });

  it('leaves what is not its own as it was', () => {
    const disk = new SimulatedDisk(seededIntegers(1));
    const bytes = Buffer.from('\x89PNG and so on, which is no state of anybody');
    disk.put(PATH, bytes);
    expect(() => open(disk, 1)).toThrow(expect.objectContaining({ code: 'LDLM_STATE_FOREIGN' }));
    expect(disk.names).toEqual(['locks']);
    expect(disk.contentOf(PATH)).toEqual(bytes);
  });

  describe.each<[string, () => { disk: SimulatedDisk; held: string }, number]>([
    ['begins a state', () => ({ disk: new SimulatedDisk(seededIntegers(3)), held: '' }), 2],
    ['divides a state', () => withLocks(), 3],
    ['takes over a state of LDLM', withLdlmState, 2],
  ])('when it %s', (_, prepare, shards) => {
    it('may lose the power at any operation, and comes to the same in the end', () => {
      let cuts = 0;
      for (let operation = 0; ; operation++) {
        const { disk, held } = prepare();
        disk.failAfter(operation, 'power');
        try {
          open(disk, shards);
          break;
        } catch (error) {
          if (!(error instanceof PowerCutError)) throw error;
        }
        cuts++;
        disk.losePower();
        expect(readAll(disk, shards).held, `operation ${operation}`).toBe(held);
        expect(disk.names.filter((name) => name.endsWith('.new'))).toEqual([]);
      }
      expect(cuts).toBeGreaterThan(10);
    });

    it('may find no room at any operation, and works when there is some', () => {
      for (let operation = 0; ; operation++) {
        const { disk, held } = prepare();
        disk.failAfter(operation, 'ENOSPC');
        try {
          open(disk, shards);
        } catch (error) {
          expect(error).toMatchObject({ code: 'ENOSPC' });
        }
        if (disk.isFaultAhead) break;
        disk.mend();
        expect(readAll(disk, shards).held, `operation ${operation}`).toBe(held);
      }
    });
  });
});

function withLdlmState() {
  const key = '01234567-89ab-4def-8123-456789abcdef';
  const locks = ['a', 'b', 'c'].map((name, i) => ({ name, key: key.replace('0', `${i}`), size: 1 }));
  const disk = new SimulatedDisk(seededIntegers(4));
  disk.put(PATH, encodeLdlmState([{ sessionId: 's', locks }]));
  const whole = new SimulatedDisk(seededIntegers(4));
  whole.put(PATH, disk.contentOf(PATH));
  return { disk, held: readAll(whole, 2).held };
}
