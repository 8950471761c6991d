import { expect } from 'vitest';
import { parseConnectString } from '../../../src/zookeeper/connect-string.ts';
import type { SessionState } from '../../../src/zookeeper/nodes.ts';
import { KeepRunning } from '../../../src/zookeeper/session/keep-running.ts';
import * as operations from '../../../src/zookeeper/session/operations.ts';
import { Session } from '../../../src/zookeeper/session/session.ts';
import type { SessionOptions } from '../../../src/zookeeper/session/session-options.ts';
import { NO_SESSION } from '../../../src/zookeeper/wire/handshake.ts';
import { OpCode } from '../../../src/zookeeper/wire/op-code.ts';
import type { Stat } from '../../../src/zookeeper/wire/records.ts';
import { afterwards } from '../../server/running-server.ts';
import { type FakeOptions, FakeServer } from '../fake-server.ts';
import { ClientClock } from '../model/client-clock.ts';
import { VirtualTime } from '../model/virtual-time.ts';

const NO_NODE = { code: -101 };
/** Longer than the first pause between two connections. */
export const PAUSE_MS = 50;

/** Waits for what comes over a connection, however long that takes. */
export function comes<Value>(value: () => Value): ReturnType<typeof expect.poll<Value>> {
  return expect.poll(value, { timeout: 10_000, interval: 5 });
}

class CountingKeepRunning extends KeepRunning {
  count = 0;

  override hold(): void {
    super.hold();
    this.count++;
  }

  override release(): void {
    super.release();
    this.count--;
  }
}

/** A session over real connections, whose clock stands still until a test lets time pass. */
export class SessionOnHold {
  readonly states: SessionState[] = [];
  readonly events: string[] = [];
  readonly keepRunning = new CountingKeepRunning();
  readonly session: Session;
  readonly #time = new VirtualTime();
  readonly clock = new ClientClock(this.#time, 1_000_000);

  constructor(servers: readonly FakeServer[], options: Partial<SessionOptions> = {}) {
    this.session = new Session({
      target: parseConnectString(servers.map(({ address }) => address).join()),
      ...{ tls: null, auth: [], resume: NO_SESSION, firstXid: 0 },
      ...{ timeoutMs: 6_000, requestTimeoutMs: 6_000, requestsMax: 100 },
      ...{ clock: this.clock, keepRunning: this.keepRunning },
      stateChanged: (state) => this.states.push(state),
      notified: (type, path) => this.events.push(`${type} ${path}`),
      ...options,
    });
    afterwards(async () => {
      await this.session.close();
      this.keepRunning.close();
    });
  }

  pass(ms: number): Promise<void> {
    return this.#time.runUntil(this.#time.nowMs + ms);
  }

  /** Waits until it is told, while no time passes. */
  async told(...states: SessionState[]): Promise<void> {
    await comes(() => this.states).toEqual(states);
  }

  delete(path: string): Promise<void> {
    return this.session.submit(operations.remove({ server: path, client: path }, -1));
  }

  exists(path: string): Promise<Stat | null> {
    const at = { server: path, client: path };
    return this.session.submit(
      operations.exists(
        at,
        () => false,
        () => {},
      ),
    );
  }

  /** All that the server has said has arrived. */
  settle(): Promise<void> {
    return this.session.submit(operations.sync({ server: '/', client: '/' }));
  }
}

/** A session, and its server, which can be told to say nothing any more. */
export async function holdSession(fake: FakeOptions = {}, options: Partial<SessionOptions> = {}) {
  const mute = { isMute: false };
  const answer: FakeOptions['answer'] = (asked) => {
    if (mute.isMute && asked.op !== OpCode.CloseSession) return null;
    const answered = fake.answer?.(asked);
    return answered === undefined && asked.op === OpCode.Exists ? NO_NODE : answered;
  };
  const server = await FakeServer.start({ ...fake, answer });
  const held = new SessionOnHold([server], options);
  await held.told('connected');
  await held.settle();
  return { server, mute, held, session: held.session };
}

/** Two servers, of which the one that is tried first can be told to say nothing any more. */
export async function holdBetweenTwo(isMute: () => boolean, options: Partial<SessionOptions> = {}) {
  const tried: FakeServer[] = [];
  const start = async (): Promise<FakeServer> => {
    const says = (): boolean => server !== tried[0] || !isMute();
    const server: FakeServer = await FakeServer.start({
      greets: () => {
        tried.push(server);
        return says() ? undefined : new Promise(() => {});
      },
      answer: ({ op }) => (says() || op === OpCode.CloseSession ? undefined : null),
    });
    return server;
  };
  const held = new SessionOnHold([await start(), await start()], options);
  await comes(() => tried.length).toBe(1);
  return { tried, held, session: held.session };
}

/** What is waited for until a test opens it. */
export function gate() {
  let open!: () => void;
  const opened = new Promise<undefined>((resolve) => {
    open = () => resolve(undefined);
  });
  return { opened, open };
}
