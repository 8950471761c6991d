import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import type { SessionState } from '../../../src/zookeeper/nodes.ts';
import { SystemClock } from '../../../src/zookeeper/session/system-clock.ts';
import { untilConnected } from '../../../src/zookeeper/session/until-connected.ts';
import { ZooKeeperClient } from '../../../src/zookeeper/zookeeper-client.ts';
import { NoServerError, ZooKeeperError } from '../../../src/zookeeper/zookeeper-error.ts';
import { FakeServer } from '../fake-server.ts';
import { comes } from './session-on-hold.ts';

class CountingClock extends SystemClock {
  timers = 0;

  override after(waitMs: number, call: () => void): () => void {
    this.timers++;
    const end = super.after(waitMs, call);
    return () => {
      this.timers--;
      end();
    };
  }
}

/** A client that begins, whose states a test says, and what waits for it. */
class Beginning {
  readonly clock = new CountingClock();
  readonly tried = {
    servers: 'a:1,b:2',
    lastCause: null as Error | null,
    fault: null as ZooKeeperError | null,
  };
  readonly #listeners = new Set<(state: SessionState) => void>();
  readonly #ending = new AbortController();
  #keepers = 0;
  state: SessionState = 'connecting';

  onState(listener: (state: SessionState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  keepRunning(): () => void {
    this.#keepers++;
    return () => this.#keepers--;
  }

  become(state: SessionState): void {
    this.state = state;
    for (const listener of this.#listeners) listener(state);
  }

  begin(timeoutMs = 60_000): Promise<void> {
    return untilConnected(this, this.tried, timeoutMs, this.#ending.signal);
  }

  end(reason: Error): void {
    this.#ending.abort(reason);
  }

  /** Who listens, how often it is kept running, what waits for the time, and what for the signal. */
  get waits(): number[] {
    const forSignal = getEventListeners(this.#ending.signal, 'abort').length;
    return [this.#listeners.size, this.#keepers, this.clock.timers, forSignal];
  }
}

const NOBODY = [0, 0, 0, 0];

/** Whether it has ended by now. */
async function hasEnded(waiting: Promise<void>): Promise<boolean> {
  const later = new Promise<'later'>((resolve) => setImmediate(resolve, 'later'));
  return (await Promise.race([waiting, later])) !== 'later';
}

describe('the wait for a server', () => {
  it('ends when there is one, whatever went wrong before', async () => {
    const client = new Beginning();
    const waiting = client.begin();
    for (const state of ['suspended', 'lost', 'connecting'] as const) client.become(state);
    expect([await hasEnded(waiting), client.waits]).toEqual([false, [1, 1, 1, 1]]);
    client.become('connected');
    await waiting;
    expect(client.waits).toEqual(NOBODY);
  });

  it('is none where there is one already', async () => {
    const client = new Beginning();
    client.become('connected');
    await client.begin();
    expect(client.waits).toEqual(NOBODY);
  });

  it('ends with why the servers will not have the client', async () => {
    const client = new Beginning();
    const waiting = client.begin();
    client.tried.fault = new ZooKeeperError('ZOOKEEPER_AUTH_FAILED', 'why');
    client.become('closed');
    await expect(waiting).rejects.toBe(client.tried.fault);
    expect(client.waits).toEqual(NOBODY);
  });

  it('ends by its time, with what went wrong last', async () => {
    const client = new Beginning();
    const waiting = client.begin(20);
    client.tried.lastCause = new Error('refused');
    await expect(waiting).rejects.toThrow(new NoServerError('a:1,b:2', 20, client.tried.lastCause));
    expect(client.waits).toEqual(NOBODY);
  });

  it('ends by its signal, with its reason', async () => {
    const client = new Beginning();
    const waiting = client.begin();
    const reason = new RangeError('mine');
    client.end(reason);
    await expect(waiting).rejects.toBe(reason);
    expect(client.waits).toEqual(NOBODY);
  });
});

describe('a client that connects', () => {
  it('does so at the server that takes it', async () => {
    const [gone, there] = [await FakeServer.start(), await FakeServer.start()];
    const servers = `${gone.address},${there.address}`;
    gone.stop();
    // In an order of chance.
    for (let i = 0; i < 6; i++) {
      await using client = await ZooKeeperClient.connect(servers);
      expect(client.state).toBe('connected');
    }
    expect(there.greetings).toHaveLength(6);
  });

  it('says what went wrong with the last server', async () => {
    const server = await FakeServer.start();
    const { address } = server;
    server.stop();
    await expect(ZooKeeperClient.connect(address, { connectTimeoutMs: 1_000 })).rejects.toMatchObject({
      code: 'ZOOKEEPER_NO_SERVER',
      message: `none of ${address} could be reached within 1000 ms: connect ECONNREFUSED ${address}`,
      cause: { code: 'ECONNREFUSED' },
    });
  });

  it('leaves no connection where it is ended before its greeting is answered', async () => {
    const ending = new AbortController();
    const reason = new RangeError('mine');
    const server = await FakeServer.start({
      greets: () => {
        ending.abort(reason);
        return new Promise(() => {});
      },
    });
    await expect(ZooKeeperClient.connect(server.address, { signal: ending.signal })).rejects.toBe(reason);
    await comes(() => server.connections).toBe(0);
    expect(server.greetings).toHaveLength(1);
  });
});
