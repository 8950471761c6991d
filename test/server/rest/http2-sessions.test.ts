import { EventEmitter } from 'node:events';
import { constants, type Http2Session, type ServerHttp2Stream } from 'node:http2';
import { describe, expect, it } from 'vitest';
import { Limits } from '../../../src/base/limits.ts';
import { Http2Sessions } from '../../../src/server/rest/http2-sessions.ts';

const MAX = Limits.restKeepAliveMs;

class FakeSession extends EventEmitter {
  closes = 0;
  readonly socket = { remoteAddress: '10.1.2.3', remotePort: 4_567 };

  close(): void {
    this.closes++;
    this.emit('close');
  }
}

class FakeStream extends EventEmitter {
  writableLength = 0;
  readonly closedWith: number[] = [];
  readonly session: FakeSession;

  constructor(session: FakeSession) {
    super();
    this.session = session;
  }

  close(code: number): void {
    this.closedWith.push(code);
    this.emit('close');
  }
}

function open() {
  const session = new FakeSession();
  const told: string[] = [];
  const sessions = new Http2Sessions({
    protocolBroken: (address, error, reason) => told.push(`${address} ${error} ${reason}`),
    streamCutOff: (address, reason) => told.push(`${address} ${reason}`),
  });
  sessions.add(session as unknown as Http2Session, 1_000);
  const begin = (endMs: number): FakeStream => {
    const stream = new FakeStream(session);
    sessions.count(stream as unknown as ServerHttp2Stream, () => endMs);
    return stream;
  };
  return { session, sessions, begin, told };
}

// Idle times of more than a minute: with a real connection the test would take as long.
describe('HTTP/2 connections', () => {
  it('are closed when they have had no streams for long', () => {
    const { session, sessions } = open();
    sessions.sweep(1_000 + MAX);
    expect(session.closes).toBe(0);
    sessions.sweep(1_001 + MAX);
    expect(session.closes).toBe(1);
    expect(sessions.size).toBe(0);
  });

  it('stay while they have a stream, and for their whole time after it', () => {
    const { session, sessions, begin } = open();
    const [first, second] = [begin(5_000), begin(100_000)];
    first.emit('close');
    sessions.sweep(90_000);
    expect(session.closes).toBe(0);
    second.emit('close');
    sessions.sweep(100_000 + MAX);
    expect(session.closes).toBe(0);
    sessions.sweep(100_001 + MAX);
    expect(session.closes).toBe(1);
  });

  it('cancel streams whose answer is not read for long, and no others', () => {
    const { session, sessions, begin, told } = open();
    const [unread, slow, waiting] = [begin(0), begin(0), begin(0)];
    unread.writableLength = 100;
    const stalledMs = Limits.restStalledMsMax;
    for (let ms = 0; ms <= stalledMs; ms += stalledMs / 4) {
      slow.writableLength = 100 + ms;
      sessions.sweep(1_000 + ms);
    }
    expect(unread.closedWith).toStrictEqual([]);
    slow.writableLength = 1;
    sessions.sweep(1_001 + stalledMs);
    sessions.sweep(2_000 + stalledMs);
    expect(unread.closedWith).toStrictEqual([constants.NGHTTP2_CANCEL]);
    expect(told).toStrictEqual(['10.1.2.3:4567 its answer is not read']);
    expect(slow.closedWith).toStrictEqual([]);
    expect(waiting.closedWith).toStrictEqual([]);
    expect(session.closes).toBe(0);
  });

  it('are all told to go when the server stops', () => {
    const { session, sessions } = open();
    sessions.drain();
    expect(session.closes).toBe(1);
  });

  it('tell of clients that break HTTP/2, and of no others that go', () => {
    const { session, told } = open();
    // An error of a connection is no error of the server.
    session.emit('error', new Error('something'));
    for (const code of ['ECONNRESET', 'ERR_HTTP2_SESSION_ERROR', 'ERR_HTTP2_ERROR']) {
      session.emit('error', Object.assign(new Error('Protocol error'), { code }));
    }
    expect(told).toStrictEqual(['10.1.2.3:4567 ERR_HTTP2_ERROR Protocol error']);
  });
});
