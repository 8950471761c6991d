import { setImmediate as nextTurn } from 'node:timers/promises';
import type { HolderInfo, LockInfo, WaiterInfo, WatchStep } from '../../../src/contract/lock-info.ts';
import type {
  Inspector,
  ListPage,
  ListQuery,
  UnlockOutcome,
  UnlockQuery,
  Watch,
  WatchQuery,
} from '../../../src/server/inspection/inspector.ts';
import type { Logger } from '../../../src/server/logger.ts';
import type { ServerInfo } from '../../../src/server/server-info.ts';
import type { AdminSource } from '../../../src/server/services/admin-service.ts';
import { LogLines } from '../log-lines.ts';

export const KEY = '0d3f3c5a-1111-4222-8333-444444444444';

export const holder: HolderInfo = {
  sessionId: '11111111-2222-4333-8444-555555555555',
  address: '10.0.0.7:4711',
  protocol: 'grpc',
  claimId: '3-17',
  holder: 'worker 7',
  mode: 'EXCLUSIVE',
  permits: 1,
  sinceMs: 9_000,
  deadlineMs: 70_000.4,
  key: KEY,
  lockTimeoutMs: 61_000,
  fencingToken: '9223372036854775807',
};

export const waiter: WaiterInfo = {
  sessionId: '',
  address: '',
  protocol: '',
  claimId: '3-18',
  holder: '',
  mode: 'SHARED',
  permits: 1,
  sinceMs: 9_900.6,
  deadlineMs: null,
};

export const lock: LockInfo = {
  name: 'work',
  size: 1,
  shard: 1,
  holderCount: 1,
  waiterCount: 1,
  holders: [holder],
  waiters: [waiter],
};

/** A watch as the inspector keeps it, which writes down what it is told. */
export class FakeWatch implements Watch {
  readonly events: string[] = [];
  readonly listener: (steps: readonly WatchStep[]) => void;

  constructor(listener: (steps: readonly WatchStep[]) => void) {
    this.listener = listener;
  }

  pause(): void {
    this.events.push('pause');
  }

  resume(): void {
    this.events.push('resume');
  }

  close(): void {
    this.events.push('close');
  }
}

/** A server at the time 10,000 that says what the test wants it to say, and keeps what it was asked. */
export class FakeSource implements AdminSource, Inspector {
  readonly asked: object[] = [];
  readonly #log = new LogLines('debug');
  readonly logger: Logger = this.#log.logger;
  readonly watches: FakeWatch[] = [];
  page: ListPage = { locks: [lock], nextPageToken: 'next', nowMs: 10_000 };
  found: LockInfo | null = lock;
  outcome: UnlockOutcome = {
    released: [holder],
    releasedCount: 1,
    refusal: null,
    holders: [],
    holderCount: 0,
  };
  /** What every question is answered with instead. */
  error: Error | null = null;

  /** Log lines, without their time. */
  get logged(): readonly object[] {
    return this.#log.lines.map(({ time: _, ...rest }) => rest);
  }

  inspector(): Inspector {
    return this;
  }

  nowMs(): number {
    return 10_000;
  }

  pace(): Promise<void> {
    return nextTurn();
  }

  info(): ServerInfo {
    return {
      version: '1.2.3',
      startedAtMs: 4_000.5,
      uptimeMs: 5_999.5,
      grpcAddresses: ['127.0.0.1:3144'],
      restAddresses: [],
      adminAddresses: [],
      stateFile: '/var/lib/ldlm/state',
      serving: true,
      grpcConnections: 3,
      restSessions: 0,
      shards: [{ shard: 0, locks: 2, holders: 1, waiters: 4, grants: 2 ** 40, expiries: 5 }],
      engine: 'embedded',
      ensemble: '',
    };
  }

  async list(query: ListQuery): Promise<ListPage> {
    this.#ask(query);
    return this.page;
  }

  async get(name: string): Promise<LockInfo | null> {
    this.#ask({ name });
    return this.found;
  }

  async unlock(query: UnlockQuery): Promise<UnlockOutcome> {
    this.#ask(query);
    return this.outcome;
  }

  watch(query: WatchQuery, listener: (steps: readonly WatchStep[]) => void): Watch {
    this.#ask(query);
    const watch = new FakeWatch(listener);
    this.watches.push(watch);
    return watch;
  }

  #ask(question: object): void {
    this.asked.push(question);
    if (this.error !== null) throw this.error;
  }
}
