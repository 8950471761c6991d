import { Socket } from 'node:net';
import { expect, it } from 'vitest';
import { AnswerCounts } from '../../src/protocol/grpc/answer-counts.ts';
import { AssemblyBudget } from '../../src/protocol/grpc/incoming-message.ts';
import { ServiceRegistry } from '../../src/protocol/grpc/service-method.ts';
import { ConnectionTable } from '../../src/server/connection-table.ts';
import { Connections } from '../../src/server/connections.ts';
import { FailureLog } from '../../src/server/failure-log.ts';
import { silentLogger } from '../../src/server/logger.ts';
import { SessionDirectory } from '../../src/server/session-directory.ts';

it('finds the connection of a session only while that has its slot', () => {
  const sessions = new SessionDirectory(silentLogger());
  const owner = new Connections({
    grpc: {
      services: new ServiceRegistry([]),
      authorize: () => null,
      assembly: new AssemblyBudget(1 << 20, null),
      answers: new AnswerCounts(),
    },
    sessions,
    failures: new FailureLog(silentLogger(), sessions),
    nowMs: () => 0,
    keepaliveIntervalMs: 60_000,
    keepaliveTimeoutMs: 60_000,
    keepsGrants: false,
    peerFailed: () => {},
  });
  const table = new ConnectionTable();
  let session = 1;
  const first = table.open(new Socket(), session++, owner);
  expect(table.find(first.slot, first.session)).toBe(first);
  table.remove(first);
  expect(table.find(first.slot, first.session)).toBeNull();
  const second = table.open(new Socket(), session++, owner);
  expect(second.slot).toBe(first.slot);
  expect(second.session).not.toBe(first.session);
  expect(table.find(first.slot, first.session)).toBeNull();
  expect(table.find(second.slot, second.session)).toBe(second);
  owner.destroy();
});
