import { describe, expect, it } from 'vitest';
import { Http2Error } from '../../../src/protocol/http2/error-code.ts';
import { RecordedConnection } from './recorded-connection.ts';
import { data, END, headers, POST, ping, type WireFrame, windowUpdate } from './wire-frames.ts';

const LAST = 2 ** 31 - 1;

/** Begins a drain and returns the PING that asks the client whether it knows. */
function drain(recorded: RecordedConnection): WireFrame {
  recorded.connection.drain();
  const [goAway, question] = recorded.takeFrames();
  expect(goAway!.payload.readUInt32BE()).toBe(LAST);
  return question!;
}

function answer(recorded: RecordedConnection, question: WireFrame): RecordedConnection {
  return recorded.receive(ping(question.payload.toString('latin1'), 1));
}

function finish(recorded: RecordedConnection, id: number): void {
  recorded.connection.sendHeaders(recorded.stream(id), Uint8Array.of(0x88), true);
}

describe('a failure', () => {
  it('is told with the error and the words that the peer gets', () => {
    const recorded = RecordedConnection.established();
    expect([recorded.connection.error, recorded.connection.reason]).toEqual([Http2Error.NoError, '']);
    recorded.receive(ping('short'));
    const [goAway] = recorded.takeFrames();
    expect(goAway!.payload.readUInt32BE(4)).toBe(Http2Error.FrameSizeError);
    expect(recorded.connection.error).toBe(Http2Error.FrameSizeError);
    expect(recorded.connection.reason).toBe(goAway!.payload.toString('latin1', 8));
    expect(recorded.connection.reason).not.toBe('');
  });
});

describe('a drain', () => {
  it('takes two steps, and serves what the client has begun', () => {
    const recorded = RecordedConnection.established();
    recorded.receive(headers(1, POST, END));
    const question = drain(recorded);
    recorded.receive(headers(3, POST, END));
    answer(recorded, question);
    expect(recorded.said()).toEqual(['GOAWAY 3 error 0']);
    expect(recorded.events).toEqual(['opened 1 END', 'opened 3 END']);
    finish(recorded, 1);
    expect(recorded.connection.ended).toBe(false);
    finish(recorded, 3);
    expect(recorded.connection.ended).toBe(true);
  });

  it('ignores streams behind its last one, their bodies and trailers, and keeps HPACK in step', () => {
    const recorded = RecordedConnection.established();
    recorded.receive(headers(1));
    answer(recorded, drain(recorded));
    recorded.takeOutput();
    recorded.receive(headers(3), data(3, 'x'), headers(3, [['x', 'y']], END), data(1, 'y', END));
    expect(recorded.said()).toEqual([]);
    expect(recorded.events).toEqual(['opened 1', 'received 1 y END']);
  });

  it('ends a connection without streams when the client knows', () => {
    const recorded = RecordedConnection.established();
    const question = drain(recorded);
    expect(recorded.connection.ended).toBe(false);
    expect(recorded.receive(ping('not ours', 1)).connection.ended).toBe(false);
    expect(answer(recorded, question).connection.ended).toBe(true);
    expect(recorded.said()).toEqual(['GOAWAY 0 error 0']);
  });

  it('of a client that has not said anything ends at once, with SETTINGS first', () => {
    const recorded = new RecordedConnection();
    recorded.connection.drain();
    expect(recorded.connection.ended).toBe(true);
    expect(recorded.said().map((said) => said.split(' ')[0])).toEqual([
      'SETTINGS',
      'WINDOW_UPDATE',
      'GOAWAY',
    ]);
  });

  it('happens once', () => {
    const recorded = RecordedConnection.established();
    const question = drain(recorded);
    recorded.connection.drain();
    answer(answer(recorded, question), question);
    recorded.connection.drain();
    expect(recorded.said()).toEqual(['GOAWAY 0 error 0']);
  });

  it('never names a later last stream, also when an error ends it', () => {
    const recorded = RecordedConnection.established();
    recorded.receive(headers(1));
    answer(recorded, drain(recorded));
    recorded.receive(headers(9), windowUpdate(0, 0));
    expect(recorded.said()).toEqual([
      'GOAWAY 1 error 0',
      `GOAWAY 1 error ${Http2Error.ProtocolError} WINDOW_UPDATE of 0`,
    ]);
  });
});

it('a PING of ours that is no drain does not end anything', () => {
  const recorded = RecordedConnection.established();
  recorded.connection.sendKeepalivePing();
  const [question] = recorded.takeFrames();
  answer(recorded, question!);
  expect(recorded.said()).toEqual([]);
  expect(recorded.connection.ended).toBe(false);
});
