import { beforeEach, describe, expect, it, vi } from 'vitest';
import { MetricWord } from '../../../src/base/metric-words.ts';
import { LockCommand } from '../../../src/core/command.ts';
import { Claim } from '../../../src/engine/zookeeper/claim.ts';
import { ClaimBook } from '../../../src/engine/zookeeper/claim-book.ts';
import { ClaimCounts } from '../../../src/engine/zookeeper/claim-counts.ts';
import { ClaimLeases } from '../../../src/engine/zookeeper/claim-leases.ts';
import type { LockDeskParts } from '../../../src/engine/zookeeper/lock-desk-parts.ts';
import { byteStringOf, LockPaths } from '../../../src/engine/zookeeper/lock-place.ts';
import { decodeNodeData, type NodeData, serverName } from '../../../src/engine/zookeeper/node-data.ts';
import { ServerRegister } from '../../../src/engine/zookeeper/server-register.ts';
import { BadVersionError } from '../../../src/zookeeper/server-refusal.ts';
import { ConnectionLossError } from '../../../src/zookeeper/zookeeper-error.ts';
import { type NodeRoom, openRoom, ours } from './node-room.ts';

const WALL_MS = 1_800_000_000_000;
const PATH = '/a';

let room: NodeRoom;
let counts: ClaimCounts;
let leases: ClaimLeases;
let events: string[] = [];
let isWatched = false;

beforeEach(async () => {
  room = await openRoom();
  events = [];
  isWatched = false;
  open();
});

/** @param staying locks outlive their server */
function open(staying = false): void {
  const clock = { nowMs: nowMs };
  counts = new ClaimCounts(clock, new ClaimBook());
  const parts: Pick<
    LockDeskParts,
    'nodes' | 'clock' | 'counts' | 'register' | 'serverName' | 'describeSession'
  > = {
    ...{ nodes: room.nodes, clock, counts },
    register: staying ? new ServerRegister(room.nodes, serverName, () => {}) : null,
    serverName,
    describeSession: (session) => ({ sessionId: String(session), address: 'here', protocol: 'grpc' }),
  };
  leases = new ClaimLeases(parts as LockDeskParts, {
    deadlineMoved: ({ deadlineMs }) => void events.push(`until ${deadlineMs - nowMs()}`),
    gone: (claim) => {
      claim.state = 'ended';
      events.push('gone');
    },
    isWatched: () => isWatched,
  });
}

function nowMs(): number {
  return WALL_MS + room.time.nowMs;
}

/** A lock that was granted just now, whose node says so. */
async function hold(lockTimeoutMs: number): Promise<Claim> {
  const command = Object.assign(new LockCommand(), { name: 'a', lockTimeoutMs });
  command.holder = byteStringOf('Zoë');
  command.origin.session = 7;
  const claim = new Claim(command, new LockPaths().placeOf('a'), nowMs());
  const { sessionId } = room.nodes;
  const { stat } = await room.come(room.nodes.create(PATH, { data: leases.dataOf(claim, 0) }));
  claim.node = { path: PATH, name: 'a', prefix: '', sessionId, czxid: stat.czxid };
  claim.state = 'held';
  claim.grantedMs = nowMs();
  claim.setLease(lockTimeoutMs, nowMs());
  return claim;
}

const said = () => decodeNodeData(room.dataAt(PATH))!;
const versionOf = () => room.ensemble.server.tree.stat(PATH)!.version;
const renewals = () => counts.sumOf(MetricWord.Renewals);

describe('a renewal by the holder here', () => {
  it('begins a whole lease, shorter or longer', async () => {
    const claim = await hold(5_000);
    await room.pass(1_000);
    expect(await room.come(leases.renew(claim, 60_000))).toBe(true);
    await room.pass(1_000);
    expect(await room.come(leases.renew(claim, 10))).toBe(true);
    expect(events).toEqual(['until 60000', 'until 10']);
    expect([claim.lockTimeoutMs, claim.deadlineMs - nowMs(), claim.isRenewedHere]).toEqual([10, 10, true]);
    expect(renewals()).toBe(2);
  });

  it('asks ZooKeeper for nothing where the end of the node would be known', async () => {
    const claim = await hold(5_000);
    isWatched = true;
    for (const method of ['exists', 'setData', 'getData'] as const)
      vi.spyOn(room.nodes, method).mockRejectedValue(new Error(`${method} was asked for`));
    expect(await room.come(leases.renew(claim, 60_000))).toBe(true);
  });

  it('is written where the node stays that a server before has made, though others here do not', async () => {
    const claim = await hold(5_000);
    isWatched = true;
    claim.nodeStays = true;
    expect(await room.come(leases.renew(claim, 60_000))).toBe(true);
    expect([said().lockTimeoutMs, versionOf(), claim.version]).toEqual([60_000, 1, 1]);
  });

  it('finds the node gone of whose end nobody would tell, and then it is not held', async () => {
    const claim = await hold(5_000);
    await room.come(room.others.delete(PATH));
    expect(await room.come(leases.renew(claim, 60_000))).toBe(false);
    expect(events).toEqual(['until 60000', 'gone']);
  });

  it('is not granted to a claim that has ended meanwhile', async () => {
    const claim = await hold(5_000);
    const renewal = leases.renew(claim, 60_000);
    claim.state = 'ended';
    expect(await room.come(renewal)).toBe(false);
    expect(events).toEqual(['until 60000']);
  });

  it.each([
    ['vanishes with the session and said none', false, 0, 5_000, true],
    ['vanishes with the session and said another one', false, 5_000, 60_000, false],
    ['stays and said none', true, 0, 5_000, true],
    ['stays and said another one', true, 5_000, 60_000, true],
    // Another server may have written another one since.
    ['stays and said the same', true, 5_000, 5_000, true],
  ])('is written into a node that %s', async (_what, staying, before, after, isWritten) => {
    open(staying);
    const claim = await hold(before);
    expect(await room.come(leases.renew(claim, after))).toBe(true);
    expect([versionOf(), claim.version]).toEqual(isWritten ? [1, 1] : [0, 0]);
    expect(said()).toMatchObject(
      isWritten
        ? { lockTimeoutMs: after, grantedMs: claim.grantedMs, asksRenewal: false, holder: 'Zoë' }
        : { lockTimeoutMs: before, grantedMs: 0 },
    );
  });

  it('that is written finds the node gone, too', async () => {
    const claim = await hold(0);
    isWatched = true;
    await room.come(room.others.delete(PATH));
    expect(await room.come(leases.renew(claim, 60_000))).toBe(false);
    expect(events).toEqual(['until 60000', 'gone']);
  });

  it('does not forget a later version that was seen before its own answer', async () => {
    const claim = await hold(0);
    const renewal = leases.renew(claim, 60_000);
    claim.version = 2;
    await room.come(renewal);
    expect([versionOf(), claim.version]).toEqual([1, 2]);
  });

  it('whose answer is lost fails, and the lease is the new one all the same', async () => {
    const claim = await hold(0);
    room.cuts.push('before');
    await expect(room.come(leases.renew(claim, 60_000))).rejects.toThrow(ConnectionLossError);
    expect([claim.state, claim.lockTimeoutMs, events]).toEqual(['held', 60_000, ['until 60000']]);
  });
});

describe('a renewal that another server has written', () => {
  const write = (claim: Claim, fields: Partial<NodeData>): void =>
    leases.written(claim, decodeNodeData(ours(fields))!);

  it.each([100, 60_000])('begins a whole lease of %i ms', async (lockTimeoutMs) => {
    const claim = await hold(5_000);
    await room.pass(1_000);
    write(claim, { lockTimeoutMs });
    expect([claim.lockTimeoutMs, events, renewals()]).toEqual([lockTimeoutMs, [`until ${lockTimeoutMs}`], 1]);
    expect(claim.isRenewedHere).toBe(false);
  });

  it.each<[what: string, fields: Partial<Claim>]>([
    ['was renewed here', { isRenewedHere: true }],
    ['has told several calls of its grant', { isShared: true }],
  ])('does not shorten the lease of a lock that %s', async (_what, fields) => {
    const claim = Object.assign(await hold(5_000), fields);
    await room.pass(1_000);
    write(claim, { lockTimeoutMs: 3_999 });
    expect([claim.lockTimeoutMs, events]).toEqual([5_000, []]);
    write(claim, { lockTimeoutMs: 4_000 });
    expect([claim.lockTimeoutMs, events]).toEqual([4_000, ['until 4000']]);
    write(claim, { lockTimeoutMs: 4_001 });
    expect(claim.lockTimeoutMs).toBe(4_001);
  });

  it('changes nothing where no lease was said, or there is none', async () => {
    const claim = await hold(5_000);
    write(claim, { lockTimeoutMs: 0 });
    claim.setLease(0, nowMs());
    write(claim, { lockTimeoutMs: 60_000 });
    expect([claim.deadlineMs, events]).toEqual([Number.POSITIVE_INFINITY, []]);
  });

  it('is confirmed, where it asks for that, with the lease that holds', async () => {
    const claim = Object.assign(await hold(5_000), { isShared: true });
    const asked = { lockTimeoutMs: 10, asksRenewal: true };
    claim.version = (await room.come(room.others.setData(PATH, ours(asked)))).version;
    write(claim, asked);
    await room.pass(0);
    expect(said()).toMatchObject({ asksRenewal: false, lockTimeoutMs: 5_000, grantedMs: claim.grantedMs });
    expect([claim.version, versionOf()]).toEqual([2, 2]);
  });

  it('is not written to where it asks for nothing', async () => {
    write(await hold(5_000), { lockTimeoutMs: 10 });
    await room.pass(0);
    expect(versionOf()).toBe(0);
  });

  it('is not confirmed over what was written meanwhile, nor where nothing can be', async () => {
    const claim = await hold(5_000);
    const asked = { lockTimeoutMs: 10, asksRenewal: true };
    await room.come(room.others.setData(PATH, ours(asked)));
    write(claim, asked);
    await room.pass(0);
    expect([claim.version, versionOf(), said().asksRenewal]).toEqual([0, 1, true]);
    await room.come(room.others.delete(PATH));
    write(claim, asked);
    await room.pass(0);
    expect(claim.state).toBe('held');
  });
});

describe('a lock that this server takes over', () => {
  it('says so in its node', async () => {
    const claim = await hold(5_000);
    await room.come(room.others.setData(PATH, ours({ server: 'before', lockTimeoutMs: 5_000 })));
    claim.version = 1;
    await room.come(leases.takeOver(claim));
    expect(claim.version).toBe(2);
    expect(said()).toMatchObject({ server: serverName(room.nodes.sessionId), lockTimeoutMs: 5_000 });
  });

  it('is not taken over what another server has written meanwhile', async () => {
    const claim = await hold(5_000);
    await room.come(room.others.setData(PATH, ours({ lockTimeoutMs: 60_000 })));
    await expect(room.come(leases.takeOver(claim))).rejects.toThrow(BadVersionError);
    expect([said().lockTimeoutMs, claim.version]).toEqual([60_000, 0]);
  });
});

describe('what the node of a claim says', () => {
  it('is who has it, as people read it', async () => {
    const claim = await hold(5_000);
    expect(decodeNodeData(leases.dataOf(claim, 77))).toEqual({
      server: serverName(room.nodes.sessionId),
      client: { sessionId: '7', address: 'here', protocol: 'grpc' },
      ...{ holder: 'Zoë', lockTimeoutMs: 5_000, sinceMs: claim.askedMs, grantedMs: 77, asksRenewal: false },
    });
  });
});
