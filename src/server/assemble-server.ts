import type { TlsOptions } from 'node:tls';
import { Limits } from '../base/limits.ts';
import { MetricWord } from '../base/metric-words.ts';
import type { ServerOptions } from '../config/server-options.ts';
import { AnswerCounts } from '../protocol/grpc/answer-counts.ts';
import { AssemblyBudget } from '../protocol/grpc/incoming-message.ts';
import { Administration } from './administration.ts';
import type { Cluster } from './cluster.ts';
import { Connections } from './connections.ts';
import { Endpoints } from './endpoints.ts';
import { type EngineAlarms, EngineListener } from './engine-listener.ts';
import { type EngineRoom, openEngineRoom } from './engine-room.ts';
import { FailureLog } from './failure-log.ts';
import type { Logger } from './logger.ts';
import { passwordCheck } from './password.ts';
import { Readiness } from './readiness.ts';
import { describeServer } from './server-info.ts';
import { HealthService } from './services/health-service.ts';
import { clientServices } from './services/services.ts';
import { SessionDirectory } from './session-directory.ts';
import type { ServerState } from './state.ts';
import { TurnPacer } from './turn-pacer.ts';

/** What a server stands on: all that can be wrong with files and addresses, found before threads are started. */
export interface ServerFoundation {
  readonly options: ServerOptions;
  readonly logger: Logger;
  readonly tls: TlsOptions | null;
  readonly state: ServerState | null;
  readonly cluster: Cluster | null;
  /** The module that the threads of the shards run; by default the one that is built with this package. */
  readonly workerUrl: URL | undefined;
}

/** What a server is made of. */
export interface ServerParts {
  readonly engine: EngineRoom['engine'];
  /** A look at the locks, for what administers the server. */
  readonly inspector: EngineRoom['inspector'];
  readonly health: HealthService;
  readonly readiness: Readiness;
  readonly sessions: SessionDirectory;
  readonly failures: FailureLog;
  readonly connections: Connections;
  readonly administration: Administration;
  readonly endpoints: Endpoints;
}

/** Puts the parts of a server together and starts its threads. It listens nowhere yet. */
export function assembleServer(
  foundation: ServerFoundation,
  alarms: Pick<EngineAlarms, 'failed' | 'locksLost'>,
): ServerParts {
  const { options, logger, cluster } = foundation;
  const startedAtMs = Date.now();
  const [health, answers, sessions] = [new HealthService(), new AnswerCounts(), new SessionDirectory(logger)];
  const failures = new FailureLog(logger, sessions);
  const readiness = new Readiness(health, cluster === null ? 'stateFile' : 'ensemble', logger);
  const nowMs = (): number => room.engine.clock.nowMs();
  const pacer = new TurnPacer(() => room.engine.sumOf(MetricWord.Requests));
  const pace = (): Promise<void> => pacer.next();
  const administration: Administration = new Administration({
    ...{ logger, nowMs, pace },
    inspector: () => room.inspector,
    info: () => describeServer({ startedAtMs, options, health, sessions, connections, endpoints, ...room }),
  });
  const connections: Connections = new Connections({
    grpc: {
      services: clientServices(health, options.remoteAdmin ? administration.service : null),
      authorize: passwordCheck(options.password),
      assembly: new AssemblyBudget(Limits.assemblyBytesMax, null),
      answers,
    },
    ...{ sessions, failures, nowMs },
    keepaliveIntervalMs: options.keepaliveIntervalMs,
    keepaliveTimeoutMs: options.keepaliveTimeoutMs,
    keepsGrants: keepsGrants(foundation),
    peerFailed: () => endpoints.grpcPeerFailed(),
  });
  const listener = new EngineListener(connections, sessions, {
    failed: (error) => alarms.failed(error),
    locksLost: (lost) => alarms.locksLost(lost),
    suspended: (shard, suspended) => readiness.shardSuspended(shard, suspended),
  });
  const room = openEngineRoom({
    ...foundation,
    ...{ listener, sessions, pace },
    onHealth: (shard, healthy) => readiness.shardHealth(shard, healthy),
  });
  connections.attach(room.engine);
  const clients = { listener, sessions, connections, failures, answers, readiness };
  const endpoints = new Endpoints({ ...foundation, ...room, ...clients });
  const { engine, inspector } = room;
  const served = { sessions, failures, connections, administration, endpoints };
  return { engine, inspector, health, readiness, ...served };
}

/** With a state file, or what stands for it, a stop keeps the locks of those who leave. */
function keepsGrants({ options, state, cluster }: ServerFoundation): boolean {
  return options.noClearOnDisconnect || state !== null || cluster?.keepsOnStop === true;
}
