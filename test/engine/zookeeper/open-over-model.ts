import { vi } from 'vitest';
import type { LockPaths } from '../../../src/engine/zookeeper/lock-place.ts';
import type { ZooKeeperEngine } from '../../../src/engine/zookeeper/zookeeper-engine.ts';
import { RandomKeySource } from '../../../src/shard/key-source.ts';
import { seededIntegers } from '../../core/random.ts';
import { type EnsembleOptions, ModelEnsemble } from '../../zookeeper/model/model-ensemble.ts';
import { ModelNodes } from '../../zookeeper/model/model-nodes.ts';
import type { ModelSessionOptions } from '../../zookeeper/model/model-session.ts';
import { VirtualTime } from '../../zookeeper/model/virtual-time.ts';
import { EngineCaller, type OpenEngine } from '../engine-caller.ts';
import { openModelEngine } from './model/model-engine.ts';

/** So much time passes between two turns of the event loop, in which the engine hands over its replies. */
const TURN_MS = 1;

export interface OpenModelEngine extends OpenEngine {
  readonly engine: ZooKeeperEngine;
  readonly nodes: ModelNodes;
  /** The sessions that have lost locks. */
  readonly losers: ReadonlySet<number>[];
}

export interface ModelRoom {
  readonly time: VirtualTime;
  readonly ensemble: ModelEnsemble;
}

export function newRoom(options: EnsembleOptions = {}): ModelRoom {
  const time = new VirtualTime();
  return { time, ensemble: new ModelEnsemble(time, seededIntegers(1), options) };
}

interface Settings {
  readonly keepOnSessionEnd?: boolean;
  readonly paths?: LockPaths;
  readonly session?: ModelSessionOptions;
}

/** An engine, and who calls it. */
export interface ModelServer extends OpenModelEngine {
  readonly caller: EngineCaller;
}

/** Servers that share an ensemble. */
export async function openServers(
  room: ModelRoom,
  count: number,
  settings: Settings = {},
): Promise<ModelServer[]> {
  const servers: ModelServer[] = [];
  for (let i = 0; i < count; i++) {
    const caller = new EngineCaller();
    const open = await openOverModel(settings, caller, room);
    caller.attach(open);
    servers.push({ ...open, caller });
  }
  return servers;
}

/** Two engines at two servers of an ensemble, of which the second knows nothing by itself of what the first one has done. */
export async function openApart(settings: Settings = {}) {
  const room = newRoom({ replicas: 2 });
  const { ensemble } = room;
  let connections = 0;
  vi.spyOn(ensemble, 'anyReplica').mockImplementation(() => ensemble.replicas[connections++ % 2]!);
  const follow = vi.spyOn(ensemble, 'follow').mockImplementation(() => {});
  const [one, two] = (await openServers(room, 2, settings)) as [ModelServer, ModelServer];
  const goOn = (): void => {
    follow.mockRestore();
    ensemble.follow();
  };
  return { ...room, one, two, goOn };
}

/** No server of the ensemble can be reached for so long. */
export function isolate({ nodes: { session } }: ModelServer, durationMs: number): void {
  session.isolate(durationMs);
  session.link?.cut();
}

/** An engine over a simulated ensemble, of its own or one that it shares with others. */
export async function openOverModel(
  { keepOnSessionEnd = false, paths, session = {} }: Settings,
  caller: EngineCaller,
  { time, ensemble }: ModelRoom = newRoom(),
): Promise<OpenModelEngine> {
  const nodes = new ModelNodes(ensemble, session);
  await time.runUntil(time.nowMs + 50);
  const losers: ReadonlySet<number>[] = [];
  const engine = openModelEngine(
    { time, nodes, keys: new RandomKeySource(), keepOnSessionEnd, ...(paths !== undefined && { paths }) },
    Object.assign(caller, { locksLost: (sessions: ReadonlySet<number>) => void losers.push(sessions) }),
  );
  const pass = async (ms: number): Promise<void> => {
    const endMs = time.nowMs + ms;
    do {
      await time.runUntil(Math.min(endMs, time.nowMs + TURN_MS));
      await new Promise((resolve) => setImmediate(resolve));
    } while (time.nowMs < endMs);
  };
  const close = engine.close.bind(engine);
  // It may wait for ZooKeeper, whose time passes only when somebody lets it.
  engine.close = async () => {
    let isClosed = false;
    const closed = close().finally(() => {
      isClosed = true;
    });
    while (!isClosed) await pass(TURN_MS);
    await closed;
  };
  return { engine, nodes, losers, nowMs: () => engine.clock.nowMs(), pass, work: () => pass(TURN_MS) };
}

/** Two servers of one ensemble. */
export async function openTwo(
  settings: Settings = {},
): Promise<ModelRoom & { readonly one: ModelServer; readonly two: ModelServer }> {
  const room = newRoom();
  const [one, two] = (await openServers(room, 2, settings)) as [ModelServer, ModelServer];
  return { ...room, one, two };
}
