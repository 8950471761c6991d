import { createServer } from 'node:net';
import { Limits } from '../../../src/base/limits.ts';
import type { Engine } from '../../../src/engine/engine.ts';
import { AnswerCounts } from '../../../src/protocol/grpc/answer-counts.ts';
import { AssemblyBudget } from '../../../src/protocol/grpc/incoming-message.ts';
import type { ServiceRegistry } from '../../../src/protocol/grpc/service-method.ts';
import { Connections } from '../../../src/server/connections.ts';
import { FailureLog } from '../../../src/server/failure-log.ts';
import { type Logger, silentLogger } from '../../../src/server/logger.ts';
import { passwordCheck } from '../../../src/server/password.ts';
import { SessionDirectory } from '../../../src/server/session-directory.ts';

/** The server's front end without locks: no call of a service comes to the engine. */
export const lockless: Engine = {
  shards: 0,
  certainMs: null,
  submit: () => 0,
  cancel() {},
  releaseUndelivered() {},
  endSession() {},
  flush() {},
  shardOfName: () => 0,
  stopGranting: () => Promise.resolve(),
  close: () => Promise.resolve(),
};

export interface ServicePort {
  readonly address: string;
  close(): void;
}

interface ServicePortSettings {
  readonly logger?: Logger;
  readonly nowMs?: () => number;
}

/** The clients of services, before anybody has come and before there is an engine. */
export function createConnections(
  services: ServiceRegistry,
  password: string,
  { logger = silentLogger(), nowMs = () => performance.now() }: ServicePortSettings = {},
): { readonly connections: Connections; readonly sessions: SessionDirectory } {
  const sessions = new SessionDirectory(logger);
  const connections = new Connections({
    grpc: {
      services,
      authorize: passwordCheck(password),
      assembly: new AssemblyBudget(Limits.assemblyBytesMax, null),
      answers: new AnswerCounts(),
    },
    sessions,
    failures: new FailureLog(logger, sessions),
    nowMs,
    keepaliveIntervalMs: 60_000,
    keepaliveTimeoutMs: 60_000,
    keepsGrants: false,
    peerFailed: () => {},
  });
  return { connections, sessions };
}

/** Serves services on a free port of 127.0.0.1. */
export async function openServicePort(
  services: ServiceRegistry,
  password: string,
  settings: ServicePortSettings = {},
): Promise<ServicePort> {
  const { connections } = createConnections(services, password, settings);
  connections.attach(lockless);
  const listener = createServer((socket) => connections.accept(socket));
  listener.listen(0, '127.0.0.1');
  await new Promise((resolve) => listener.once('listening', resolve));
  const at = listener.address();
  if (at === null || typeof at === 'string') throw new Error('no port');
  return {
    address: `127.0.0.1:${at.port}`,
    close() {
      connections.destroy();
      listener.close();
    },
  };
}
