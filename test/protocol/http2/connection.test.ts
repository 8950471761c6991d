import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Http2Error } from '../../../src/protocol/http2/error-code.ts';
import { CLIENT_PREFACE } from '../../../src/protocol/http2/frame.ts';
import { RecordedConnection } from './recorded-connection.ts';
import {
  data,
  describeFrame,
  END,
  frame,
  headers,
  OPENING,
  POST,
  padded,
  parseFrames,
  ping,
  rstStream,
  SETTINGS_ACK,
  settings,
  windowUpdate,
} from './wire-frames.ts';

const HELLO = ['SETTINGS', `WINDOW_UPDATE 0 ${2 ** 20 - 65_535}`];

describe('the start of a connection', () => {
  it('is silent until the client preface has come', () => {
    const recorded = new RecordedConnection();
    recorded.receive(CLIENT_PREFACE.subarray(0, 23));
    expect(recorded.said()).toEqual([]);
    expect(recorded.receive(CLIENT_PREFACE.subarray(23)).said()).toEqual(HELLO);
    expect(recorded.connection.established).toBe(false);
    expect(recorded.receive(settings()).said()).toEqual(['SETTINGS ACK']);
    expect(recorded.connection.established).toBe(true);
  });

  it('answers HTTP/1 in its own words, in whatever pieces it comes', () => {
    const request = Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    for (let cut = 0; cut < request.length; cut++) {
      const recorded = new RecordedConnection();
      recorded.receive(request.subarray(0, cut), request.subarray(cut));
      expect(recorded.takeOutput().toString()).toBe('HTTP/1.1 426\r\n\r\n');
      expect(recorded.connection.ended).toBe(true);
    }
  });

  it.each(['\x16\x03\x01\x02\x00\x01', 'SSH-2.0-x\r\n', 'PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n'])(
    'ends with PROTOCOL_ERROR behind SETTINGS for %j',
    (text) => {
      const recorded = new RecordedConnection();
      recorded.receive(Buffer.from(text, 'latin1'));
      expect(recorded.said()).toEqual([
        ...HELLO,
        `GOAWAY 0 error ${Http2Error.ProtocolError} invalid connection preface`,
      ]);
    },
  );

  it.each([
    ['HEADERS', headers(1)],
    ['PING', ping()],
    ['a SETTINGS acknowledgement', SETTINGS_ACK],
    ['a frame of an unknown type', frame(0x33, 0, 0)],
  ])('must go on with SETTINGS, not with %s', (_name, bytes) => {
    const recorded = new RecordedConnection();
    recorded.receive(CLIENT_PREFACE, bytes);
    expect(recorded.said().at(-1)).toBe(
      `GOAWAY 0 error ${Http2Error.ProtocolError} the first frame must be SETTINGS`,
    );
  });
});

describe('frames', () => {
  it.each([
    ['longer than SETTINGS_MAX_FRAME_SIZE', frame(0, 0, 1, Buffer.alloc(16_385))],
    ['that announce to be', Buffer.from('00400100000000000100', 'hex')],
    ['that announce 2^24-1 bytes', Buffer.from('ffffff000000000001', 'hex')],
  ])('%s end the connection', (_name, bytes) => {
    for (const cut of [0, 2, 3, 9]) {
      const recorded = RecordedConnection.established();
      recorded.receive(headers(1), bytes.subarray(0, cut), bytes.subarray(cut));
      expect(recorded.said()).toEqual([
        `GOAWAY 1 error ${Http2Error.FrameSizeError} frame longer than SETTINGS_MAX_FRAME_SIZE`,
      ]);
    }
  });

  it('of the longest length are taken', () => {
    const recorded = RecordedConnection.established();
    recorded.receive(headers(1), data(1, Buffer.alloc(16_384), END));
    expect(recorded.events).toEqual(['opened 1', 'received 1 16384 bytes END']);
  });

  it('of unknown types and flags are ignored (RFC 9113 sections 4.1 and 5.5)', () => {
    const recorded = RecordedConnection.established();
    recorded.receive(
      frame(0xff, 0xff, 77, Buffer.from('anything')),
      headers(1, POST, 0xc0),
      data(1, 'x', 0xf0),
    );
    expect(recorded.said()).toEqual([]);
    expect(recorded.events).toEqual(['opened 1', 'received 1 x']);
  });

  it('have a reserved bit before the stream, which is ignored', () => {
    const recorded = RecordedConnection.established();
    const bytes = headers(1);
    bytes[5] = 0x80;
    expect(recorded.receive(bytes).events).toEqual(['opened 1']);
  });
});

/** A session with every kind of frame that a good client sends, and a reply to each request. */
const SESSION = Buffer.concat([
  OPENING,
  SETTINGS_ACK,
  windowUpdate(0, 1000),
  headers(1),
  data(1, 'hello'),
  padded(0, END, 1, 3, Buffer.from('padded')),
  ping(),
  headers(3, POST, END),
  headers(5),
  rstStream(5, 8),
  settings([4, 10]),
  headers(7),
  headers(7, [['x', 'y']], END),
  windowUpdate(7, 5),
  settings([4, 65_535]),
  frame(2, 0, 9, Buffer.alloc(5)),
  frame(0x42, 0, 0, Buffer.alloc(20)),
  headers(9),
  data(9, Buffer.alloc(3000, 'z'), END),
  frame(7, 0, 0, Buffer.alloc(8)),
]);

/** Replies to whatever is over, pauses now and then, and gives all that happened. */
function replay(pieces: readonly Buffer[], pausing = false): { events: string[]; said: string[] } {
  const recorded = new RecordedConnection();
  const answer = (id: number): void => {
    recorded.connection.sendHeaders(recorded.stream(id), Uint8Array.of(0x88), false);
    recorded.connection.sendData(recorded.stream(id), Buffer.from('an answer of 23 bytes..'), true);
    if (pausing) recorded.connection.pause();
  };
  recorded.onOpened = (stream, end) => {
    if (end) answer(stream.id);
  };
  recorded.onReceived = (stream, last) => {
    if (last) answer(stream.id);
  };
  for (const piece of pieces) {
    recorded.receive(piece);
    while (recorded.connection.paused) recorded.connection.resume(recorded.nowMs);
  }
  return { events: recorded.events, said: parseFrames(recorded.takeOutput()).map(describeFrame) };
}

describe('a recorded session', () => {
  const whole = replay([SESSION]);

  it('is what it should be', () => {
    expect(whole.events.filter((event) => event.startsWith('opened'))).toHaveLength(5);
    expect(whole.said.filter((said) => said.startsWith('DATA'))).toHaveLength(6);
    expect(whole.said.some((said) => said.startsWith('GOAWAY'))).toBe(false);
  });

  it('has the same result cut in two at every byte', () => {
    for (let cut = 1; cut < SESSION.length; cut++) {
      expect(replay([SESSION.subarray(0, cut), SESSION.subarray(cut)])).toEqual(whole);
    }
  });

  it('has the same result byte by byte', () => {
    expect(replay(Array.from(SESSION, (_, i) => SESSION.subarray(i, i + 1)))).toEqual(whole);
  });

  it('has the same result in any pieces, with pauses', () => {
    const cuts = fc.uniqueArray(fc.integer({ min: 1, max: SESSION.length - 1 }), { maxLength: 20 });
    fc.assert(
      fc.property(cuts, (positions) => {
        const sorted = [0, ...positions.sort((a, b) => a - b), SESSION.length];
        const pieces = sorted.slice(1).map((end, i) => SESSION.subarray(sorted[i], end));
        expect(replay(pieces, true)).toEqual(whole);
      }),
    );
  });
});

describe('a pause', () => {
  it('takes effect behind the current frame and keeps what comes', () => {
    const recorded = RecordedConnection.established();
    recorded.onReceived = () => recorded.connection.pause();
    recorded.receive(Buffer.concat([headers(1), data(1, 'a'), data(1, 'b')]), data(1, 'c'));
    expect(recorded.events).toEqual(['opened 1', 'received 1 a']);
    recorded.connection.resume(recorded.nowMs);
    expect(recorded.events.at(-1)).toBe('received 1 b');
    expect(recorded.connection.paused).toBe(true);
    recorded.connection.resume(recorded.nowMs);
    recorded.connection.resume(recorded.nowMs);
    expect(recorded.events).toEqual(['opened 1', 'received 1 a', 'received 1 b', 'received 1 c']);
  });

  it('ends with nothing when the connection has failed meanwhile', () => {
    const recorded = RecordedConnection.established();
    recorded.onOpened = () => recorded.connection.pause();
    recorded.receive(Buffer.concat([headers(1), headers(3)]));
    recorded.connection.fail(Http2Error.InternalError, 'test');
    recorded.connection.resume(recorded.nowMs);
    expect(recorded.events).toEqual(['opened 1']);
  });
});

describe('whatever a peer sends', () => {
  const id = fc.constantFrom(0, 1, 2, 3, 5, 7, 9, 2 ** 31 - 1);
  const payload = fc.oneof(
    fc.uint8Array({ maxLength: 20 }),
    fc.constantFrom(
      ...['00000000', '00000001', '7fffffff', 'ffffffff', '000400000001'].map((hex) =>
        Buffer.from(hex, 'hex'),
      ),
    ),
  );
  const anyFrame = fc
    .tuple(fc.integer({ min: 0, max: 10 }), fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 4, 5)), id, payload)
    .map(([type, flags, streamId, bytes]) => frame(type, flags, streamId, bytes));
  const goodFrame = fc.constantFrom(
    ...[1, 3, 5, 7].flatMap((streamId) => [
      headers(streamId),
      headers(streamId, POST, END),
      data(streamId, 'x'),
      data(streamId, '', END),
      rstStream(streamId, 8),
      windowUpdate(streamId, 1),
    ]),
    settings([4, 0]),
    settings([4, 100]),
    windowUpdate(0, 1),
    SETTINGS_ACK,
  );
  const garbage = fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes));

  it('never throws, leads to frames only, and to an error at worst', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof({ weight: 6, arbitrary: goodFrame }, { weight: 3, arbitrary: anyFrame }, garbage), {
          maxLength: 60,
        }),
        (pieces) => {
          const recorded = RecordedConnection.established();
          recorded.onReceived = (stream, last) => {
            if (last) recorded.connection.sendData(stream, Buffer.from('reply'), true);
          };
          let receivedBytes = 0;
          for (const piece of pieces) {
            recorded.receive(piece);
            receivedBytes += piece.length;
          }
          const output = recorded.takeOutput();
          const frames = parseFrames(output).map(describeFrame);
          const errors = frames.filter((said) => said.startsWith('GOAWAY'));
          expect(errors.length).toBe(recorded.connection.ended ? 1 : 0);
          if (errors.length > 0) expect(frames.at(-1)).toBe(errors[0]);
          // No answer is much longer than what asks for it.
          expect(output.length).toBeLessThan(100 + 4 * receivedBytes);
          const opened = recorded.events.filter((event) => event.startsWith('opened')).length;
          const over = recorded.events.filter((event) => /^cancelled \d+$/.test(event)).length;
          expect(recorded.connection.openStreams).toBeLessThanOrEqual(opened - over);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('from its first byte on', () => {
    fc.assert(
      fc.property(fc.array(garbage, { maxLength: 5 }), (pieces) => {
        const recorded = new RecordedConnection();
        recorded.receive(...pieces);
        expect(recorded.takeOutput().length).toBeLessThan(200);
      }),
    );
  });
});
