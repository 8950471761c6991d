import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Limits } from '../../src/base/limits.ts';
import { MetricWord } from '../../src/base/metric-words.ts';
import { checkServerOptions, type ServerOptions } from '../../src/config/server-options.ts';
import { Refusals } from '../../src/contract/refusal.ts';
import { ReplyForm } from '../../src/core/reply-form.ts';
import { ServiceRegistry } from '../../src/protocol/grpc/service-method.ts';
import { Cluster } from '../../src/server/cluster.ts';
import { EngineListener } from '../../src/server/engine-listener.ts';
import { type EngineRoom, openEngineRoom } from '../../src/server/engine-room.ts';
import { ClusterInspector } from '../../src/server/inspection/cluster-inspector.ts';
import { EngineInspector } from '../../src/server/inspection/engine-inspector.ts';
import type { SessionDirectory } from '../../src/server/session-directory.ts';
import { ServerState } from '../../src/server/state.ts';
import { OpCode } from '../../src/zookeeper/wire/op-code.ts';
import { EngineCaller } from '../engine/engine-caller.ts';
import { FakeServer, writeEmptyStat } from '../zookeeper/fake-server.ts';
import { LogLines } from './log-lines.ts';
import { afterwards } from './running-server.ts';
import { createConnections } from './services/service-port.ts';

interface OpenRoom extends EngineRoom {
  readonly sessions: SessionDirectory;
  /** Calls the engine by bare messages. */
  readonly caller: EngineCaller;
  readonly health: readonly (readonly [shard: number, healthy: boolean])[];
  readonly log: LogLines;
  close(): Promise<void>;
}

/** A room with an engine that is ready, closed after the test. */
async function open(settings: Partial<ServerOptions> = {}, workerUrl?: URL): Promise<OpenRoom> {
  const log = new LogLines(settings.logLevel);
  const { logger } = log;
  const options = checkServerOptions({ ...(settings.engine === undefined && { shards: 2 }), ...settings });
  const { connections, sessions } = createConnections(new ServiceRegistry([]), '', { logger });
  afterwards(() => connections.destroy());
  const caller = new EngineCaller();
  const listener = new EngineListener(connections, sessions, {
    failed: (error) => caller.failed(error),
    suspended: (shard, suspended) => caller.suspended(shard, suspended),
    locksLost: () => {},
  });
  listener.attach(ReplyForm.Protobuf, {
    reply: (shard, route, call, session, status, granted, bytes, start, end) =>
      caller.reply(
        shard,
        route,
        call,
        session,
        ReplyForm.Protobuf,
        status,
        granted,
        bytes,
        start,
        0,
        end - start,
        0,
      ),
    roomAgain: () => {},
  });
  const state = await ServerState.open(options, logger);
  const cluster = await Cluster.open(options, logger);
  const pace = () => sleep(1);
  const health: [shard: number, healthy: boolean][] = [];
  const onHealth = (shard: number, healthy: boolean): void => void health.push([shard, healthy]);
  const room = openEngineRoom({
    options,
    logger,
    state,
    cluster,
    listener,
    sessions,
    pace,
    onHealth,
    workerUrl,
  });
  const { engine, inspector } = room;
  let closing: Promise<void> | null = null;
  const closeOnce = async (): Promise<void> => {
    inspector.close();
    await engine.close();
    state?.close();
  };
  const close = (): Promise<void> => {
    closing ??= closeOnce();
    return closing;
  };
  afterwards(close);
  const work = () => sleep(1);
  caller.attach({
    engine,
    nowMs: () => engine.clock.nowMs(),
    work,
    pass: async (ms) => void (await sleep(ms)),
  });
  await engine.ready();
  return { ...room, sessions, caller, health, log, close };
}

/** Whether a lock that session 1 has is free once that session has ended. */
async function isFreeBehindItsSession(settings: Partial<ServerOptions>): Promise<boolean> {
  const { caller } = await open(settings);
  await caller.acquire({ name: 'a' });
  caller.endSession(1);
  return (await caller.ask('TryLock', { name: 'a' }, { session: 2 })).locked === true;
}

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'ldlm-room-'));
  afterwards(() => rmSync(folder, { recursive: true }));
  return folder;
}

const POISON = new URL('../engine/poison-worker.mjs', import.meta.url);

const names = Array.from({ length: 64 }, (_, i) => Buffer.from(`n${i}`));
const placesIn = ({ engine }: EngineRoom): number[] => names.map((name) => engine.shardOfName(name));

describe('a room whose locks are in this process', () => {
  it('has as many shards as the options say, and tells that these divide the locks', async () => {
    const room = await open({ shards: 3 });
    expect([room.engine.shards, room.isSharded]).toEqual([3, true]);
    expect(room.inspector).toBeInstanceOf(EngineInspector);
    expect(new Set(placesIn(room)).size).toBe(3);
  });

  it('has a look at the engine itself: what it is asked comes back', async () => {
    const { caller, inspector } = await open();
    const key = await caller.acquire({ name: 'a' });
    expect(await inspector.get('a')).toMatchObject({ name: 'a', holders: [{ key }] });
  });

  it('lets the locks of a session go with it, unless the options keep them', async () => {
    expect(await isFreeBehindItsSession({})).toBe(true);
    expect(await isFreeBehindItsSession({ noClearOnDisconnect: true })).toBe(false);
  });

  it('collects idle locks when the options say', async () => {
    const { caller, engine } = await open({ lockGcIntervalMs: 100, lockGcMinIdleMs: 1 });
    const key = await caller.acquire({ name: 'a' });
    await expect.poll(() => engine.sumOf(MetricWord.Locks), { timeout: 5_000 }).toBe(1);
    await caller.ask('Unlock', { name: 'a', key });
    await expect.poll(() => engine.sumOf(MetricWord.Collections), { timeout: 5_000 }).toBe(1);
  });

  it('warns of locks that are held for long, and of none by default', async () => {
    const { caller, log } = await open({ warnHeldLongerThanMs: 100 });
    await caller.acquire({ name: 'a' });
    await expect
      .poll(() => log.of('Lock is held for long'), { timeout: 5_000 })
      .toMatchObject([{ lock: 'a' }]);
  });

  it('tells of requests at debug level', async () => {
    const { caller, log } = await open({ logLevel: 'debug' });
    await caller.acquire({ name: 'a' });
    await expect.poll(() => log.lines.some(({ lock }) => lock === 'a'), { timeout: 5_000 }).toBe(true);
  });

  it('keeps what is held when it stops over a state', async () => {
    const stateFile = join(makeFolder(), 'state');
    const first = await open({ stateFile });
    const key = await first.caller.acquire({ name: 'kept' });
    await first.engine.stopGranting();
    first.caller.endSession(1);
    await first.close();
    const { caller } = await open({ stateFile });
    expect((await caller.ask('TryLock', { name: 'kept' })).locked).not.toBe(true);
    expect(await caller.ask('Unlock', { name: 'kept', key })).toMatchObject({ unlocked: true });
  });

  it('refuses over a state what was given up before it, though of a long name only a hash is kept', async () => {
    const stateFile = join(makeFolder(), 'state');
    const request = { name: 'n'.repeat(Limits.nameBytesMax), request_id: Buffer.from('the one request') };
    const first = await open({ stateFile });
    await first.caller.ask('Unlock', request);
    await first.close();
    const second = await open({ stateFile });
    const { locked, error } = await second.caller.ask('Lock', request);
    expect(locked).not.toBe(true);
    expect(error?.message).toBe(Refusals.requestReleased.message);
  });

  it('grants higher tokens after each start, also where nothing is kept', async () => {
    const tokens: bigint[] = [];
    for (let start = 0; start < 2; start++) {
      const { caller, close } = await open();
      for (const name of ['a', 'b', 'c']) {
        const { fencing_token } = await caller.ask('Lock', { name });
        tokens.push(BigInt(fencing_token!));
      }
      await close();
    }
    const [before, after] = [tokens.slice(0, 3), tokens.slice(3)];
    for (const token of after) expect(before.every((earlier) => token > earlier)).toBe(true);
  });

  it('tells when a shard has stopped making progress, and when it is lost', async () => {
    const { caller, health } = await open({ shardStallLimitMs: 300 }, POISON);
    caller.send('TryLock', { name: 'poison:sleep:20000' });
    await expect.poll(() => caller.failures.length, { timeout: 5_000 }).toBeGreaterThan(0);
    const message = expect.stringMatching(/^shard [01] has made no progress for 0\.\d s$/);
    expect(caller.failures[0]).toMatchObject({ code: 'LDLM_SHARD_FAILED', message });
    expect(health.map(([, healthy]) => healthy)).toEqual([false]);
  });
});

describe('a room whose locks are in ZooKeeper', () => {
  /** An ensemble in which there is every node that is looked for but that of servers, and nothing can be done. */
  async function openOverEnsemble() {
    const fake = await FakeServer.start({
      answer: ({ op, body }) =>
        op === OpCode.Exists && body.string() !== '/servers' ? { write: writeEmptyStat } : { code: -101 },
    });
    const room = await open({ engine: 'zookeeper', zookeeperConnect: fake.address });
    return { fake, ...room };
  }

  it('divides nothing among threads, and has a look at the ensemble', async () => {
    const { engine, isSharded, inspector } = await openOverEnsemble();
    expect([engine.shards, isSharded]).toEqual([1, false]);
    expect(inspector).toBeInstanceOf(ClusterInspector);
  });

  it('writes to the node of a claim whose it is, where that is known', async () => {
    const { fake, caller, sessions } = await openOverEnsemble();
    const session = sessions.begin('grpc', '10.1.2.3:4');
    const claimAt = async (count: number): Promise<string> => {
      const created = () => fake.asked.filter(({ op }) => op === OpCode.Create2);
      await caller.until(() => created().length === count);
      const { body } = created()[count - 1]!;
      body.string();
      return body.buffer().toString();
    };
    caller.send('TryLock', { name: 'a' }, { session });
    const own = await claimAt(1);
    for (const part of [sessions.find(session)!.sessionId, '10.1.2.3:4', 'grpc']) expect(own).toContain(part);
    caller.send('TryLock', { name: 'b' }, { session: 77 });
    expect(await claimAt(2)).not.toContain('10.1.2.3:4');
  });

  it('tells that the ensemble cannot be reached', async () => {
    const { fake, caller } = await openOverEnsemble();
    fake.stop();
    await caller.until(() => caller.suspensions.length > 0);
    expect(caller.suspensions).toEqual([{ shard: 0, suspended: true }]);
  });

  it('ends the session with the ensemble when it is closed', async () => {
    const { fake, engine } = await openOverEnsemble();
    expect(fake.ops).not.toContain(OpCode.CloseSession);
    await engine.close();
    expect(fake.ops.at(-1)).toBe(OpCode.CloseSession);
  });
});
