import { describe, expect, it } from 'vitest';
import { Http2Error } from '../../../src/protocol/http2/error-code.ts';
import { FrameType } from '../../../src/protocol/http2/frame.ts';
import { RecordedConnection } from './recorded-connection.ts';
import {
  data,
  frame,
  headers,
  ping,
  rstStream,
  SETTINGS_ACK,
  settings,
  uint32,
  windowUpdate,
} from './wire-frames.ts';

const { ProtocolError, FlowControlError, FrameSizeError, EnhanceYourCalm } = Http2Error;
const WINDOW = 4;

function connectionError(bytes: Buffer): string | undefined {
  return RecordedConnection.established().receive(bytes).said().at(-1);
}

describe('frames of a wrong form end the connection', () => {
  it.each([
    ['SETTINGS on a stream', frame(FrameType.Settings, 0, 1), ProtocolError],
    ['SETTINGS of 5 bytes', frame(FrameType.Settings, 0, 0, Buffer.alloc(5)), FrameSizeError],
    ['SETTINGS ACK with a payload', frame(FrameType.Settings, 1, 0, Buffer.alloc(6)), FrameSizeError],
    ['SETTINGS with a bad value', settings([WINDOW, 2 ** 31]), FlowControlError],
    ['PING on a stream', frame(FrameType.Ping, 0, 1, Buffer.alloc(8)), ProtocolError],
    ['PING of 7 bytes', frame(FrameType.Ping, 0, 0, Buffer.alloc(7)), FrameSizeError],
    ['PING of 9 bytes', frame(FrameType.Ping, 0, 0, Buffer.alloc(9)), FrameSizeError],
    ['GOAWAY on a stream', frame(FrameType.GoAway, 0, 1, Buffer.alloc(8)), ProtocolError],
    ['GOAWAY of 7 bytes', frame(FrameType.GoAway, 0, 0, Buffer.alloc(7)), FrameSizeError],
    ['WINDOW_UPDATE of 3 bytes', frame(FrameType.WindowUpdate, 0, 0, Buffer.alloc(3)), FrameSizeError],
    ['WINDOW_UPDATE of 0', windowUpdate(0, 0), ProtocolError],
    ['WINDOW_UPDATE beyond 2^31-1', windowUpdate(0, 2 ** 31 - 1), FlowControlError],
    ['PRIORITY on stream 0', frame(FrameType.Priority, 0, 0, Buffer.alloc(5)), ProtocolError],
    [
      'PRIORITY of 4 bytes on an idle stream',
      frame(FrameType.Priority, 0, 1, Buffer.alloc(4)),
      FrameSizeError,
    ],
    [
      'an idle stream that depends on itself',
      frame(FrameType.Priority, 0, 1, Buffer.from('0000000100', 'hex')),
      ProtocolError,
    ],
    ['RST_STREAM on stream 0', rstStream(0, 1), ProtocolError],
    ['RST_STREAM of 3 bytes', frame(FrameType.RstStream, 0, 1, Buffer.alloc(3)), FrameSizeError],
    ['DATA on stream 0', data(0, 'x'), ProtocolError],
    ['HEADERS on stream 0', headers(0), ProtocolError],
    ['HEADERS on an even stream', headers(2), ProtocolError],
    ['PUSH_PROMISE', frame(FrameType.PushPromise, 4, 1, Buffer.alloc(8)), ProtocolError],
    ['CONTINUATION without HEADERS', frame(FrameType.Continuation, 4, 1), ProtocolError],
  ])('%s', (_name, bytes, error) => {
    expect(connectionError(bytes)).toMatch(new RegExp(`^GOAWAY 0 error ${error} .`));
  });

  it('says nothing more and hears nothing more afterwards', () => {
    const recorded = RecordedConnection.established();
    recorded.receive(Buffer.concat([windowUpdate(0, 0), ping(), headers(1)]), ping(), headers(1));
    expect(recorded.said()).toEqual([`GOAWAY 0 error ${ProtocolError} WINDOW_UPDATE of 0`]);
    expect(recorded.events).toEqual([]);
    expect(recorded.connection.ended).toBe(true);
  });
});

describe('SETTINGS', () => {
  it('are acknowledged', () => {
    expect(
      RecordedConnection.established()
        .receive(settings([WINDOW, 0], [0x99, 1]))
        .said(),
    ).toEqual(['SETTINGS ACK']);
  });

  it('and their acknowledgements need no answer', () => {
    expect(RecordedConnection.established().receive(SETTINGS_ACK).said()).toEqual([]);
  });

  it('that carry the window of an open stream beyond 2^31-1 end the connection', () => {
    const recorded = RecordedConnection.established();
    recorded.receive(headers(1), windowUpdate(1, 2 ** 31 - 1 - 65_535), settings([WINDOW, 65_536]));
    expect(recorded.said()).toEqual([
      'SETTINGS ACK',
      `GOAWAY 1 error ${FlowControlError} stream window overflow`,
    ]);
  });

  it('may close and open the window of a stream whose window is as wide as can be', () => {
    const recorded = RecordedConnection.established();
    recorded.receive(
      headers(1),
      windowUpdate(1, 2 ** 31 - 1 - 65_535),
      settings([WINDOW, 0]),
      settings([WINDOW, 65_535]),
    );
    expect(recorded.said()).toEqual(['SETTINGS ACK', 'SETTINGS ACK']);
  });
});

describe('WINDOW_UPDATE of a stream', () => {
  it.each([
    ['0', 0, ProtocolError],
    ['beyond 2^31-1', 2 ** 31 - 1, FlowControlError],
  ])('%s resets the stream', (_name, increment, error) => {
    const recorded = RecordedConnection.established();
    recorded.receive(headers(1), headers(3), windowUpdate(1, increment));
    expect(recorded.said()).toEqual([`RST_STREAM 1 error ${error}`]);
    expect(recorded.connection.openStreams).toBe(1);
  });

  it('has a reserved bit, which is ignored', () => {
    const recorded = RecordedConnection.established();
    recorded.receive(headers(1), frame(FrameType.WindowUpdate, 0, 1, uint32(2 ** 31 + 1)));
    expect(recorded.said()).toEqual([]);
  });
});

describe('PING', () => {
  it('is answered with its payload', () => {
    expect(RecordedConnection.established().receive(ping('\x00\xff345678')).said()).toEqual([
      'PING ACK \x00\xff345678',
    ]);
  });

  it('too often ends the connection as gRPC has it', () => {
    const recorded = RecordedConnection.established();
    recorded.receive(ping(), ping(), ping());
    expect(recorded.said()).toHaveLength(3);
    expect(recorded.receive(ping()).said()).toEqual([`GOAWAY 0 error ${EnhanceYourCalm} too_many_pings`]);
  });

  it('is forgiven when something was sent in between', () => {
    const recorded = RecordedConnection.established();
    for (let id = 1; id < 41; id += 2) {
      recorded.receive(ping(), ping(), headers(id, undefined, 1));
      recorded.connection.sendHeaders(recorded.stream(id), Uint8Array.of(0x88), true);
    }
    expect(recorded.connection.ended).toBe(false);
  });
});

describe('PRIORITY', () => {
  it.each([
    ['a wrong length', Buffer.alloc(4), FrameSizeError],
    ['itself as dependency', Buffer.from('8000000100', 'hex'), ProtocolError],
  ])('with %s resets an open stream', (_name, payload, error) => {
    const recorded = RecordedConnection.established();
    recorded.receive(headers(1), frame(FrameType.Priority, 0, 1, payload));
    expect(recorded.said()).toEqual([`RST_STREAM 1 error ${error}`]);
  });
});

describe('a flood', () => {
  // Each is sent within one instant, so that no time refills what the peer may spend.
  it.each([
    ['SETTINGS', settings()],
    ['SETTINGS with many values', settings(...new Array(100).fill([9, 9] as const))],
    ['SETTINGS ACK', SETTINGS_ACK],
    ['PRIORITY', frame(FrameType.Priority, 0, 9, Buffer.alloc(5))],
    ['WINDOW_UPDATE', windowUpdate(0, 1)],
    ['PING ACK', ping(undefined, 1)],
    ['GOAWAY', frame(FrameType.GoAway, 0, 0, Buffer.alloc(8))],
    ['frames of an unknown type', frame(0x77, 0, 0)],
    ['empty DATA', data(1, '')],
    ['padding only', frame(FrameType.Data, 8, 1, Buffer.of(3, 0, 0, 0))],
    ['RST_STREAM on a closed stream', rstStream(3, 8)],
  ])('of %s is ended with ENHANCE_YOUR_CALM', (_name, bytes) => {
    const recorded = RecordedConnection.established();
    recorded.receive(headers(1), headers(3), rstStream(3, 8));
    const many = Buffer.concat(new Array(100).fill(bytes));
    let rounds = 0;
    while (!recorded.connection.ended && rounds < 1000) {
      recorded.receive(many);
      rounds++;
    }
    expect(recorded.said().at(-1)).toMatch(new RegExp(`^GOAWAY 3 error ${EnhanceYourCalm} `));
    expect(rounds).toBeGreaterThan(1);
  });

  it('of requests that are reset at once is ended', () => {
    const recorded = RecordedConnection.established();
    let id = 1;
    for (; id < 200_000 && !recorded.connection.ended; id += 2)
      recorded.receive(headers(id), rstStream(id, 8));
    expect(recorded.connection.ended).toBe(true);
    expect(recorded.said().at(-1)).toMatch(new RegExp(`^GOAWAY ${id - 2} error ${EnhanceYourCalm} `));
  });

  it('of header lists beyond what was announced is ended early', () => {
    const recorded = RecordedConnection.established();
    const entry = Buffer.concat([
      Buffer.from('4003', 'hex'),
      Buffer.from('big'),
      Buffer.from('7fa11e', 'hex'),
    ]);
    const block = Buffer.concat([
      Buffer.from('838684', 'hex'),
      entry,
      Buffer.alloc(4000, 'v'),
      Buffer.alloc(20, 0xbe),
    ]);
    let lists = 0;
    for (; lists < 10_000 && !recorded.connection.ended; lists++) {
      recorded.receive(frame(FrameType.Headers, 5, 1 + 2 * lists, block));
    }
    expect(lists).toBeLessThan(1000);
    expect(recorded.said().at(-1)).toMatch(new RegExp(`error ${EnhanceYourCalm} `));
  });

  it('of window changes with many open streams is ended early', () => {
    const recorded = RecordedConnection.established();
    for (let i = 0; i < 10_000; i++) recorded.receive(headers(1 + 2 * i));
    let changes = 0;
    while (!recorded.connection.ended && changes < 1000) {
      recorded.receive(settings([WINDOW, 0]), settings([WINDOW, 1000]));
      changes++;
    }
    expect(changes).toBeLessThan(100);
  });
});
