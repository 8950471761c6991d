import { GrpcStatus } from '../../contract/grpc-status.ts';
import type { AnswerCounts } from '../../protocol/grpc/answer-counts.ts';
import type { SessionDirectory } from '../session-directory.ts';
import type { MetricRow, Sample } from './pulled-metric.ts';

/** What the server counts of those who come to it. */
export class ArrivalCounts {
  /** Connections that were closed at once, because too many came or are there. */
  turnedAway = 0;
  /** Connections that ended because their peer broke the protocol. */
  failed = 0;
}

/** Where it is known who is connected. */
export interface DoorSources {
  /** How many connections are open, by protocol. */
  readonly connections: Readonly<Record<string, () => number>>;
  readonly sessions: Pick<SessionDirectory, 'count' | 'begun'>;
  readonly arrivals: Readonly<ArrivalCounts>;
  readonly answers: AnswerCounts;
  readonly serving: () => boolean;
}

const PROTOCOLS = ['grpc', 'rest'] as const;

/** What is to be known of connections, sessions, and calls that no shard has seen. */
export function doorMetrics({
  connections,
  sessions,
  arrivals,
  answers,
  serving,
}: DoorSources): readonly MetricRow[] {
  const byProtocol = (read: (protocol: (typeof PROTOCOLS)[number]) => number): Sample[] =>
    PROTOCOLS.map((protocol) => ({ value: read(protocol), labels: { protocol } }));
  return [
    {
      name: 'ldlm_serving',
      type: 'gauge',
      help: '1 while locks are granted: what health checks are told.',
      read: () => [{ value: serving() ? 1 : 0 }],
    },
    {
      name: 'ldlm_connections',
      type: 'gauge',
      help: 'Open connections by protocol.',
      read: () =>
        Object.entries(connections).map(([protocol, read]) => ({ value: read(), labels: { protocol } })),
    },
    {
      name: 'ldlm_connections_turned_away_total',
      type: 'counter',
      help: 'Connections closed at once, because too many came or are there.',
      read: () => [{ value: arrivals.turnedAway }],
    },
    {
      name: 'ldlm_connections_failed_total',
      type: 'counter',
      help: 'Connections that ended because their client broke the protocol.',
      read: () => [{ value: arrivals.failed }],
    },
    {
      name: 'ldlm_sessions',
      type: 'gauge',
      help: 'Open sessions by protocol: a gRPC connection is one.',
      read: () => byProtocol((protocol) => sessions.count(protocol)),
    },
    {
      name: 'ldlm_sessions_started_total',
      type: 'counter',
      help: 'Sessions that have begun, by protocol.',
      read: () => byProtocol((protocol) => sessions.begun(protocol)),
    },
    {
      name: 'ldlm_grpc_answers_total',
      type: 'counter',
      help: 'Calls answered without a shard, by gRPC status; foreign ones are not gRPC at all.',
      read: () => [
        ...Object.entries(GrpcStatus)
          .filter(([, code]) => code !== GrpcStatus.Ok)
          .map(([status, code]) => ({ value: answers.of(code), labels: { status } })),
        { value: answers.of(null), labels: { status: 'foreign' } },
      ],
    },
  ];
}
