import { describe, expect, it } from 'vitest';
import { Limits } from '../../../src/base/limits.ts';
import { Http2Error } from '../../../src/protocol/http2/error-code.ts';
import { FrameType } from '../../../src/protocol/http2/frame.ts';
import { RecordedConnection } from './recorded-connection.ts';
import {
  data,
  END,
  type Fields,
  frame,
  headers,
  POST,
  padded,
  rstStream,
  windowUpdate,
} from './wire-frames.ts';

const { ProtocolError, StreamClosed, FrameSizeError, RefusedStream, NoError } = Http2Error;

/** A finished reply of HEADERS, DATA and trailers for `sendReply`. */
function reply(recorded: RecordedConnection, id: number): boolean {
  const parts = [
    headers(id, [[':status', '200']]),
    data(id, 'reply'),
    headers(id, [['grpc-status', '0']], END),
  ];
  const [head, body, trailers] = parts.map((part) => part.length);
  return recorded.connection.sendReply(recorded.stream(id), Buffer.concat(parts), 0, head!, body!, trailers!);
}

/** Brings stream 1 into a state of RFC 9113 section 5.1. */
const states: Record<string, (recorded: RecordedConnection) => void> = {
  open: (recorded) => recorded.receive(headers(1)),
  'half-closed (remote)': (recorded) => recorded.receive(headers(1, POST, END)),
  'closed by both': (recorded) => {
    recorded.receive(headers(1, POST, END));
    reply(recorded, 1);
  },
  'closed by the peer': (recorded) => recorded.receive(headers(1), rstStream(1, 8)),
  'closed by us': (recorded) => recorded.receive(headers(1), windowUpdate(1, 0)),
  'replied to early': (recorded) => {
    recorded.receive(headers(1));
    reply(recorded, 1);
  },
  idle: (recorded) => recorded.receive(headers(3)),
};

const reset = (error: number) => [`RST_STREAM 1 error ${error}`];
const goAway = (error: number, text: string, last = 1) => [`GOAWAY ${last} error ${error} ${text}`];
const silence: string[] = [];

describe('a frame in a state of RFC 9113 section 5.1', () => {
  const idleLast = 3;
  const cases: [state: string, what: string, bytes: Buffer, said: string[]][] = [
    ['open', 'DATA', data(1, 'x'), silence],
    ['open', 'trailers', headers(1, [['x', 'y']], END), silence],
    ['open', 'HEADERS without END_STREAM', headers(1, [['x', 'y']]), reset(ProtocolError)],
    ['open', 'RST_STREAM', rstStream(1, 8), silence],
    ['open', 'WINDOW_UPDATE', windowUpdate(1, 1), silence],
    ['open', 'PRIORITY', frame(FrameType.Priority, 0, 1, Buffer.alloc(5)), silence],
    ['half-closed (remote)', 'DATA', data(1, 'x'), reset(StreamClosed)],
    ['half-closed (remote)', 'HEADERS', headers(1, [['x', 'y']], END), reset(StreamClosed)],
    ['half-closed (remote)', 'WINDOW_UPDATE', windowUpdate(1, 1), silence],
    ['half-closed (remote)', 'RST_STREAM', rstStream(1, 8), silence],
    ['closed by both', 'DATA', data(1, 'x'), reset(StreamClosed)],
    ['closed by both', 'HEADERS', headers(1), goAway(StreamClosed, 'HEADERS on a closed stream')],
    ['closed by both', 'WINDOW_UPDATE', windowUpdate(1, 1), silence],
    ['closed by both', 'RST_STREAM', rstStream(1, 8), silence],
    ['closed by both', 'PRIORITY', frame(FrameType.Priority, 0, 1, Buffer.alloc(5)), silence],
    ['closed by the peer', 'DATA', data(1, 'x'), reset(StreamClosed)],
    ['closed by the peer', 'HEADERS', headers(1), goAway(StreamClosed, 'HEADERS on a closed stream')],
    ['closed by the peer', 'RST_STREAM', rstStream(1, 8), silence],
    ['closed by us', 'DATA', data(1, 'x'), silence],
    ['closed by us', 'trailers', headers(1, [['x', 'y']], END), silence],
    ['closed by us', 'RST_STREAM', rstStream(1, 8), silence],
    ['closed by us', 'WINDOW_UPDATE', windowUpdate(1, 1), silence],
    ['replied to early', 'DATA', data(1, 'x', END), silence],
    ['replied to early', 'trailers', headers(1, [['x', 'y']], END), silence],
    ['idle', 'DATA', data(5, 'x'), goAway(ProtocolError, 'DATA on an idle stream', idleLast)],
    ['idle', 'RST_STREAM', rstStream(5, 8), goAway(ProtocolError, 'RST_STREAM on an idle stream', idleLast)],
    [
      'idle',
      'WINDOW_UPDATE',
      windowUpdate(5, 1),
      goAway(ProtocolError, 'WINDOW_UPDATE on an idle stream', idleLast),
    ],
    ['idle', 'PRIORITY', frame(FrameType.Priority, 0, 5, Buffer.alloc(5)), silence],
    // Stream 1 was passed over when 3 was opened, and stream 2 is one that only a server may open.
    [
      'idle',
      'HEADERS of a lower stream',
      headers(1),
      goAway(ProtocolError, 'stream identifier out of order', idleLast),
    ],
    [
      'idle',
      'DATA of an even stream',
      data(2, 'x'),
      goAway(ProtocolError, 'DATA on an idle stream', idleLast),
    ],
    [
      'idle',
      'RST_STREAM of an even stream',
      rstStream(2, 8),
      goAway(ProtocolError, 'RST_STREAM on an idle stream', idleLast),
    ],
  ];

  it.each(cases)('%s: %s', (state, _what, bytes, said) => {
    const recorded = RecordedConnection.established();
    states[state]!(recorded);
    recorded.takeOutput();
    expect(recorded.receive(bytes).said()).toEqual(said);
    expect(recorded.connection.ended).toBe(said[0]?.startsWith('GOAWAY') ?? false);
  });

  it('tells the handler that an open stream was reset, by either side, once', () => {
    for (const end of [rstStream(1, 8), windowUpdate(1, 0)]) {
      const recorded = RecordedConnection.established();
      recorded.receive(headers(1), end, rstStream(1, 8));
      expect(recorded.events).toEqual(['opened 1', 'cancelled 1']);
      expect(recorded.connection.openStreams).toBe(0);
    }
  });
});

describe('RST_STREAM on a closed stream', () => {
  it.each<[string, string, number, boolean]>([
    ['CANCEL', 'closed by both', 8, true],
    ['another error', 'closed by both', 1, false],
    ['NO_ERROR', 'closed by both', 0, false],
    ['CANCEL', 'closed by the peer', 8, false],
    ['CANCEL', 'closed by us', 8, false],
    ['CANCEL', 'replied to early', 8, false],
  ])('%s, %s', (_name, state, error, told) => {
    const recorded = RecordedConnection.established();
    states[state]!(recorded);
    recorded.takeOutput();
    recorded.events.length = 0;
    expect(recorded.receive(rstStream(1, error)).said()).toEqual([]);
    expect(recorded.events).toEqual(told ? ['cancelled 1 late'] : []);
  });

  it('tells of a reply given up that many others have followed', () => {
    const recorded = RecordedConnection.established();
    for (let id = 1; id < 1_000; id += 2) {
      recorded.receive(headers(id, POST, END));
      reply(recorded, id);
    }
    recorded.receive(rstStream(1, 8));
    expect(recorded.events.at(-1)).toBe('cancelled 1 late');
  });

  it('costs as much as any, so that a flood of them is ended', () => {
    const recorded = RecordedConnection.established();
    recorded.receive(headers(1, POST, END));
    reply(recorded, 1);
    for (let i = 0; i < 30_000; i++) recorded.receive(rstStream(1, 8));
    expect(recorded.connection.ended).toBe(true);
    expect(recorded.events.length).toBeLessThan(25_000);
  });
});

describe('a request', () => {
  it('is handed on as it comes', () => {
    const recorded = RecordedConnection.established();
    recorded.receive(headers(1), data(1, 'ab'), data(1, ''), data(1, 'c', END), headers(3, POST, END));
    expect(recorded.events).toEqual([
      'opened 1',
      'received 1 ab',
      'received 1 ',
      'received 1 c END',
      'opened 3 END',
    ]);
  });

  it('may end with trailers', () => {
    const recorded = RecordedConnection.established();
    recorded.receive(headers(1), data(1, 'ab'), headers(1, [['x', 'y']], END));
    expect(recorded.events).toEqual(['opened 1', 'received 1 ab', 'received 1  END']);
  });

  it('is malformed when its trailers have a pseudo-header field', () => {
    const recorded = RecordedConnection.established();
    expect(recorded.receive(headers(1), headers(1, [[':path', '/']], END)).said()).toEqual(
      reset(ProtocolError),
    );
  });

  it('is told to stop sending when its reply is complete', () => {
    const recorded = RecordedConnection.established();
    recorded.receive(headers(1));
    expect(reply(recorded, 1)).toBe(true);
    expect(recorded.said()).toEqual([
      'HEADERS 1',
      'DATA 1 5',
      'HEADERS 1 END',
      `RST_STREAM 1 error ${NoError}`,
    ]);
    expect(recorded.connection.openStreams).toBe(0);
  });

  it.each<[string, Fields]>([
    ['without :path', POST.filter(([name]) => name !== ':path')],
    ['with an upper case name', [...POST, ['Upper', 'x']]],
    ['with connection', [...POST, ['connection', 'close']]],
  ])('%s is refused as malformed, and its body ignored', (_name, fields) => {
    const recorded = RecordedConnection.established();
    recorded.receive(headers(1, fields), data(1, 'x'), data(1, 'x', END));
    expect(recorded.said()).toEqual(reset(ProtocolError));
    expect(recorded.events).toEqual([]);
  });

  it('refuses streams beyond SETTINGS_MAX_CONCURRENT_STREAMS until one is over', () => {
    const recorded = RecordedConnection.established();
    for (let i = 0; i < Limits.streamsMax; i++) recorded.receive(headers(1 + 2 * i));
    expect(recorded.said()).toEqual([]);
    const next = 1 + 2 * Limits.streamsMax;
    recorded.receive(headers(next), data(next, 'x'));
    expect(recorded.said()).toEqual([`RST_STREAM ${next} error ${RefusedStream}`]);
    recorded.receive(rstStream(1, 8), headers(next + 2));
    expect(recorded.said()).toEqual([]);
    expect(recorded.events.at(-1)).toBe(`opened ${next + 2}`);
  });
});

describe('content-length', () => {
  const withLength = (length: string): Fields => [...POST, ['content-length', length]];

  it.each([
    ['equal', [data(1, 'abc', END)], []],
    ['equal, in pieces', [data(1, 'ab'), data(1, 'c'), data(1, '', END)], []],
    ['equal, padded', [padded(FrameType.Data, END, 1, 9, Buffer.from('abc'))], []],
    ['less', [data(1, 'ab', END)], reset(ProtocolError)],
    ['more', [data(1, 'abcd')], reset(ProtocolError)],
    ['less, with trailers', [data(1, 'ab'), headers(1, [['x', 'y']], END)], reset(ProtocolError)],
    ['equal, with trailers', [data(1, 'abc'), headers(1, [['x', 'y']], END)], []],
  ])('%s', (_name, frames, said) => {
    const recorded = RecordedConnection.established();
    expect(recorded.receive(headers(1, withLength('3')), ...frames).said()).toEqual(said);
  });

  it('of a request without a body must be 0', () => {
    const recorded = RecordedConnection.established();
    recorded.receive(headers(1, withLength('1'), END), headers(3, withLength('0'), END));
    expect(recorded.said()).toEqual(reset(ProtocolError));
    expect(recorded.events).toEqual(['opened 3 END']);
  });
});

describe('padding of DATA', () => {
  it.each([
    [0, 'abc'],
    [5, 'abc'],
    [255, 'abc'],
    [7, ''],
  ])('of %i bytes is taken off %j', (padding, text) => {
    const recorded = RecordedConnection.established();
    recorded.receive(headers(1), padded(FrameType.Data, END, 1, padding, Buffer.from(text)));
    expect(recorded.events).toEqual(['opened 1', `received 1 ${text} END`]);
  });

  it.each([
    ['as long as the payload', Buffer.of(1, 0).subarray(0, 1), ProtocolError, 'padding exceeds the frame'],
    ['longer than the payload', Buffer.of(9, 0, 0), ProtocolError, 'padding exceeds the frame'],
    ['without its length', Buffer.alloc(0), FrameSizeError, 'DATA of a wrong length'],
  ])('%s ends the connection', (_name, payload, error, text) => {
    const recorded = RecordedConnection.established();
    recorded.receive(headers(1), frame(FrameType.Data, 0x8, 1, payload));
    expect(recorded.said()).toEqual(goAway(error, text));
  });
});

describe('flow control of what is received', () => {
  it('gives window back when half of it is used, padding included', () => {
    const recorded = RecordedConnection.established();
    recorded.receive(headers(1));
    let granted = 0;
    let sent = 0;
    for (let i = 0; i < 200; i++) {
      recorded.receive(padded(FrameType.Data, 0, 1, 100, Buffer.alloc(16_000)));
      sent += 16_101;
      for (const said of recorded.said()) {
        const match = /^WINDOW_UPDATE 1 (\d+)$/.exec(said);
        if (match !== null) granted += Number(match[1]);
      }
      // A peer that keeps to the rules must never be stuck.
      expect(65_535 + granted - sent).toBeGreaterThanOrEqual(16_384);
      expect(granted).toBeLessThanOrEqual(sent);
    }
  });

  it('counts padding for the connection', () => {
    const recorded = RecordedConnection.established();
    recorded.receive(headers(1));
    let granted = 0;
    const frames = 10_000;
    for (let i = 0; i < frames; i++) {
      recorded.receive(padded(FrameType.Data, 0, 1, 255, Buffer.from('x')));
      for (const said of recorded.said()) granted += Number(/^WINDOW_UPDATE 0 (\d+)$/.exec(said)?.[1] ?? 0);
    }
    expect(granted).toBeGreaterThan(frames * 257 - Limits.connectionWindowBytes);
    expect(granted).toBeLessThanOrEqual(frames * 257);
  });

  it('counts DATA of closed streams for the connection', () => {
    const recorded = RecordedConnection.established();
    recorded.receive(headers(1), windowUpdate(1, 0));
    let granted = 0;
    for (let i = 0; i < 100; i++) {
      recorded.receive(data(1, Buffer.alloc(16_384)));
      for (const said of recorded.said()) granted += Number(/^WINDOW_UPDATE 0 (\d+)$/.exec(said)?.[1] ?? 0);
    }
    expect(granted).toBeGreaterThan(100 * 16_384 - Limits.connectionWindowBytes);
  });
});
