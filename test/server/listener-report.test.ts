import { describe, expect, it } from 'vitest';
import { ListenerReport } from '../../src/server/listener-report.ts';
import { ArrivalCounts } from '../../src/server/metrics/door-metrics.ts';
import { LogLines } from './log-lines.ts';

describe('the report of listeners', () => {
  it.each([
    ['', 'connections'],
    ['REST', 'REST connections'],
    ['admin', 'admin connections'],
  ] as const)('tells under the name of their connections: %j', (kind, connections) => {
    const log = new LogLines();
    const report = new ListenerReport(log.logger, kind, new ArrivalCounts());
    report.acceptFailed(new Error('accept EMFILE'));
    report.turnedAway(3);
    expect(log.lines).toMatchObject([
      { level: 'ERROR', msg: `cannot accept ${connections}`, error: 'accept EMFILE' },
      { level: 'WARN', msg: `too many new ${connections}: some were turned away`, count: 3 },
    ]);
  });

  it('counts together with those of other protocols, and says nothing of peers that failed', () => {
    const [log, counts] = [new LogLines(), new ArrivalCounts()];
    const [grpc, rest] = [
      new ListenerReport(log.logger, '', counts),
      new ListenerReport(log.logger, 'REST', counts),
    ];
    grpc.peerFailed();
    rest.peerFailed();
    expect(log.lines).toEqual([]);
    grpc.turnedAway(2);
    rest.turnedAway(5);
    expect(counts).toEqual({ turnedAway: 7, failed: 2 });
  });
});
