import { describe, expect, it } from 'vitest';
import { GrpcStatus } from '../../../src/contract/grpc-status.ts';
import { AnswerCounts } from '../../../src/protocol/grpc/answer-counts.ts';
import { silentLogger } from '../../../src/server/logger.ts';
import { ArrivalCounts, doorMetrics } from '../../../src/server/metrics/door-metrics.ts';
import { SessionDirectory } from '../../../src/server/session-directory.ts';

describe('the metrics of the door', () => {
  it('show what is counted, by protocol and status', () => {
    const sessions = new SessionDirectory(silentLogger());
    const [answers, arrivals] = [new AnswerCounts(), new ArrivalCounts()];
    const open = { grpc: 3, rest: 5 };
    let serving = false;
    const rows = doorMetrics({
      connections: { grpc: () => open.grpc, rest: () => open.rest },
      sessions,
      arrivals,
      answers,
      serving: () => serving,
    });
    const read = (name: string): unknown =>
      rows
        .find((row) => row.name === name)!
        .read()
        .filter(({ value }) => value !== 0)
        .map(({ value, labels }) => [...Object.values(labels ?? {}), value]);
    expect(read('ldlm_serving')).toEqual([]);
    serving = true;
    expect(read('ldlm_serving')).toEqual([[1]]);
    sessions.begin('grpc', 'a:1');
    sessions.end(sessions.begin('rest', 'b:0'));
    answers.add(GrpcStatus.Unimplemented);
    answers.add(null);
    arrivals.turnedAway += 7;
    arrivals.failed += 2;
    expect(read('ldlm_connections')).toEqual([
      ['grpc', 3],
      ['rest', 5],
    ]);
    expect(read('ldlm_sessions')).toEqual([['grpc', 1]]);
    expect(read('ldlm_sessions_started_total')).toEqual([
      ['grpc', 1],
      ['rest', 1],
    ]);
    expect(read('ldlm_grpc_answers_total')).toEqual([
      ['Unimplemented', 1],
      ['foreign', 1],
    ]);
    expect(read('ldlm_connections_turned_away_total')).toEqual([[7]]);
    expect(read('ldlm_connections_failed_total')).toEqual([[2]]);
  });
});
