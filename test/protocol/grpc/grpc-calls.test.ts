import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Limits } from '../../../src/base/limits.ts';
import { GrpcStatus } from '../../../src/contract/grpc-status.ts';
import {
  data,
  END,
  type Fields,
  headers,
  POST,
  rstStream,
  settings,
  windowUpdate,
} from '../http2/wire-frames.ts';
import { message, RecordedCalls } from './recorded-calls.ts';

const INITIAL_WINDOW = 4;

const call = (method: string, ...extra: Fields): Fields => [
  ...POST.map(([name, value]) => [name, name === ':path' ? `/ldlm.LDLM/${method}` : value] as const),
  ...extra,
];

/** A whole call: head and one DATA frame. */
const request = (id: number, text: string, fields: Fields = POST): Buffer =>
  Buffer.concat([headers(id, fields), data(id, message(text), END)]);

describe('a call of ldlm.LDLM', () => {
  it.each(['Lock', 'TryLock', 'Unlock', 'Renew'])('%s is submitted and answered', (method) => {
    const calls = new RecordedCalls();
    calls.receive(request(1, 'abc', call(method)));
    expect(calls.events).toEqual([`${method} 1 abc`]);
    expect(calls.said()).toEqual([]);
    calls.reply(1, 'reply');
    expect(calls.said()).toEqual([
      'HEADERS 1 :status=200 content-type=application/grpc',
      'DATA 1 \0\0\0\0\x05reply',
      'HEADERS 1 grpc-status=0 END',
    ]);
    expect(calls.calls.connection.openStreams).toBe(0);
  });

  it('RefreshLock is Renew', () => {
    expect(new RecordedCalls().receive(request(1, 'abc', call('RefreshLock'))).events).toEqual([
      'Renew 1 abc',
    ]);
  });

  it('may have an empty message', () => {
    expect(new RecordedCalls().receive(request(1, '')).events).toEqual(['Lock 1 ']);
  });

  it('may come in any pieces and end in any way', () => {
    const bytes = message('the whole message');
    const cuts = fc.uniqueArray(fc.integer({ min: 1, max: bytes.length - 1 }), { maxLength: 8 });
    fc.assert(
      fc.property(cuts, fc.constantFrom('with the last', 'empty DATA', 'trailers'), (positions, ending) => {
        const calls = new RecordedCalls();
        calls.receive(headers(1));
        const sorted = [0, ...positions.sort((a, b) => a - b), bytes.length];
        sorted.slice(1).forEach((end, i) => {
          const last = ending === 'with the last' && end === bytes.length;
          calls.receive(data(1, bytes.subarray(sorted[i], end), last ? END : 0));
        });
        if (ending !== 'with the last') expect(calls.events).toEqual([]);
        if (ending === 'empty DATA') calls.receive(data(1, '', END));
        if (ending === 'trailers') calls.receive(headers(1, [['x', 'y']], END));
        expect(calls.events).toEqual(['Lock 1 the whole message']);
      }),
    );
  });

  it('has a deadline counted from its message', () => {
    const calls = new RecordedCalls();
    const timed = call('Lock', ['grpc-timeout', '2S']);
    calls.receive(request(1, 'whole', timed));
    calls.receive(headers(3, timed), data(3, message('pieces').subarray(0, 3)));
    calls.nowMs = 1_500;
    calls.receive(data(3, message('pieces').subarray(3), END));
    expect(calls.events).toEqual(['Lock 1 whole by 3000', 'Lock 3 pieces by 3000']);
  });

  it.each([
    ['no message', [headers(1, POST, END)], 'grpc-status=13 grpc-message=request message missing'],
    [
      'no message before the end',
      [headers(1), data(1, '', END)],
      'grpc-status=13 grpc-message=request message missing',
    ],
    [
      'half a prefix',
      [headers(1), data(1, '\0\0', END)],
      'grpc-status=13 grpc-message=request message incomplete',
    ],
    [
      'half a message',
      [headers(1), data(1, message('abc').subarray(0, 7), END)],
      'grpc-status=13 grpc-message=request message incomplete',
    ],
    [
      'two messages',
      [headers(1), data(1, Buffer.concat([message('a'), message('b')]), END)],
      'grpc-status=13 grpc-message=more than one request message in a unary call',
    ],
    [
      'a second message later',
      [headers(1), data(1, message('a')), data(1, message('b'))],
      'grpc-status=13 grpc-message=more than one request message in a unary call',
    ],
    [
      'a compressed message',
      [headers(1), data(1, message('a', 1), END)],
      'grpc-status=13 grpc-message=grpc: compressed flag set with identity or empty encoding',
    ],
    [
      'a message of 4 MiB + 1',
      [headers(1), data(1, Buffer.of(0, 0, 0x40, 0, 1))],
      'grpc-status=8 grpc-message=grpc: received message larger than max (4194305 vs. 4194304)',
    ],
    [
      'a message of 4 GiB',
      [headers(1), data(1, Buffer.of(0, 0xff, 0xff, 0xff, 0xff))],
      'grpc-status=8 grpc-message=grpc: received message larger than max (4294967295 vs. 4194304)',
    ],
  ])('with %s is refused', (_name, frames, refusal) => {
    const calls = new RecordedCalls();
    calls.receive(...frames);
    expect(calls.refusal()).toBe(refusal);
    expect(calls.events).toEqual([]);
    expect(calls.calls.connection.openStreams).toBe(0);
    expect(calls.assembly.take(16 * 2 ** 20)).toBe(true);
  });

  it('may have a message of 4 MiB', () => {
    const calls = new RecordedCalls();
    const bytes = message(Buffer.alloc(4 * 2 ** 20));
    calls.receive(headers(1));
    for (let at = 0; at < bytes.length; at += 16_384) calls.receive(data(1, bytes.subarray(at, at + 16_384)));
    calls.receive(data(1, '', END));
    expect(calls.events).toEqual([`Lock 1 ${4 * 2 ** 20} bytes`]);
    expect(calls.assembly.take(16 * 2 ** 20)).toBe(true);
  });

  it('is refused when half-sent messages hold too much memory, and only then', () => {
    const calls = new RecordedCalls();
    const half = message(Buffer.alloc(4 * 2 ** 20)).subarray(0, 3 * 2 ** 20);
    let id = 1;
    let refusal = '';
    for (; id < 20 && refusal === ''; id += 2) {
      calls.receive(headers(id));
      for (let at = 0; at < half.length && refusal === ''; at += 16_384) {
        calls.receive(data(id, half.subarray(at, at + 16_384)));
        refusal = calls.said().find((said) => said.startsWith('HEADERS')) ?? '';
      }
    }
    expect(refusal).toContain('grpc-status=8 grpc-message=too many half-sent messages');
    expect(id).toBeGreaterThan(3);
    calls.receive(rstStream(1, 8), request(101, 'again'));
    expect(calls.events).toEqual(['Lock 101 again']);
    calls.calls.close();
    expect(calls.assembly.take(16 * 2 ** 20)).toBe(true);
  });

  it('may have a message with the longest name though others hold all the memory', () => {
    const free = Limits.connectionAssemblyBytesFree;
    const send = (bytes: number): RecordedCalls => {
      const calls = new RecordedCalls();
      calls.assembly.take(16 * 2 ** 20);
      const whole = message(Buffer.alloc(bytes));
      calls.receive(headers(1));
      for (let at = 0; at < whole.length; at += 16_384)
        calls.receive(data(1, whole.subarray(at, at + 16_384)));
      return calls.receive(data(1, '', END));
    };
    expect(send(free).events).toEqual([`Lock 1 ${free} bytes`]);
    const beyond = send(free + 1);
    expect(beyond.events).toEqual([]);
    expect(beyond.said().join()).toContain('grpc-status=8 grpc-message=too many half-sent messages');
  });
});

describe('cancellation', () => {
  it('before the message is whole gives its memory back', () => {
    const calls = new RecordedCalls();
    calls.receive(headers(1), data(1, message('abc').subarray(0, 6)), rstStream(1, 8));
    expect(calls.events).toEqual([]);
    expect(calls.assembly.take(16 * 2 ** 20)).toBe(true);
  });

  it('of a submitted call reaches its shard', () => {
    const calls = new RecordedCalls();
    calls.shard = 3;
    calls.receive(request(1, 'abc'), rstStream(1, 8));
    expect(calls.events).toEqual(['Lock 1 abc', 'cancel 1 in 3']);
  });

  it('of a submitted call releases a grant that comes afterwards, and only a grant', () => {
    const calls = new RecordedCalls();
    calls.receive(request(1, 'abc'), request(3, 'abc'), rstStream(1, 8), rstStream(3, 8));
    calls.events.length = 0;
    calls.reply(1, 'granted', true, 2);
    calls.reply(3, 'refused', false, 2);
    expect(calls.events).toEqual(['release granted in 2']);
    expect(calls.said()).toEqual([]);
  });

  it('releases a grant whose reply waits behind a window of 0', () => {
    const calls = new RecordedCalls();
    calls.receive(settings([INITIAL_WINDOW, 0]), request(1, 'a'), request(3, 'b'), request(5, 'c'));
    calls.events.length = 0;
    calls.reply(1, 'grant 1', true, 1);
    calls.reply(3, 'grant 3', true, 1);
    calls.reply(5, 'no', false, 1);
    calls.receive(rstStream(1, 8), rstStream(5, 8));
    expect(calls.events).toEqual(['release grant 1 in 1']);
    calls.receive(windowUpdate(3, 100), rstStream(3, 8));
    expect(calls.events).toEqual(['release grant 1 in 1', 'cancel 3 late']);
    expect(calls.said().filter((said) => said.startsWith('DATA'))).toEqual(['DATA 3 \0\0\0\0\x07grant 3']);
  });

  it('releases a grant that went out in part', () => {
    const calls = new RecordedCalls();
    calls.receive(settings([INITIAL_WINDOW, 4]), request(1, 'a'));
    calls.reply(1, 'granted', true);
    calls.receive(rstStream(1, 8));
    expect(calls.events).toEqual(['Lock 1 a', 'release granted in 0']);
  });

  it('of a reply that has gone out already is left to the backend', () => {
    const calls = new RecordedCalls();
    calls.receive(request(1, 'a'));
    calls.reply(1, 'granted', true);
    calls.receive(rstStream(1, 8));
    calls.calls.close();
    expect(calls.events).toEqual(['Lock 1 a', 'cancel 1 late']);
  });

  it('by the end of the connection releases grants that are queued, or come later', () => {
    const calls = new RecordedCalls();
    calls.receive(settings([INITIAL_WINDOW, 0]), request(1, 'a'), request(3, 'b'));
    calls.reply(1, 'queued', true);
    calls.receive(windowUpdate(0, 0));
    calls.reply(3, 'late', true);
    calls.calls.close();
    expect(calls.events.slice(2)).toEqual(['release late in 0', 'release queued in 0']);
  });
});

describe('no room in the ring', () => {
  it('stops the reading at the call, and goes on with it in order', () => {
    const calls = new RecordedCalls();
    calls.shard = -1;
    calls.receive(
      Buffer.concat([request(1, 'a', call('Lock', ['grpc-timeout', '1S'])), request(3, 'b')]),
      request(5, 'c'),
    );
    expect(calls.events).toEqual(['no room for Lock 1 a by 2000']);
    expect(calls.calls.connection.paused).toBe(true);
    calls.events.length = 0;
    calls.calls.retry(1_400);
    expect(calls.calls.connection.paused).toBe(true);
    calls.shard = 0;
    calls.calls.retry(1_500);
    expect(calls.events).toEqual([
      'no room for Lock 1 a by 2000',
      'Lock 1 a by 2000',
      'Lock 3 b',
      'Lock 5 c',
    ]);
    expect(calls.calls.connection.paused).toBe(false);
    calls.reply(1, 'x');
    expect(calls.said()).toHaveLength(3);
  });

  it('is forgotten when the connection ends', () => {
    const calls = new RecordedCalls();
    calls.shard = -1;
    calls.receive(request(1, 'a'));
    calls.calls.close();
    calls.shard = 0;
    calls.calls.retry(1_500);
    expect(calls.events).toEqual(['no room for Lock 1 a']);
  });
});

describe('the limit of waiting calls', () => {
  it('refuses a Lock beyond it at once, but no other call, until one is answered or cancelled', () => {
    const calls = new RecordedCalls();
    const max = Limits.waitersPerConnectionMax;
    let id = 1;
    // All heads first: the limit is about calls that were submitted.
    for (let i = 0; i < max + 2; i++) calls.receive(headers(id + 2 * i));
    for (let i = 0; i < max; i++, id += 2) calls.receive(data(id, message(''), END));
    expect(calls.said()).toEqual([]);
    calls.receive(data(id, message(''), END));
    expect(calls.refusal()).toBe(
      `grpc-status=8 grpc-message=more than ${max} calls of this connection wait for locks`,
    );
    calls.reply(1, '');
    calls.receive(data(id + 2, message('one more'), END));
    expect(calls.events.at(-1)).toBe(`Lock ${id + 2} one more`);
    id += 4;
    calls.receive(request(id, 'refused'), request(id + 2, 'free', call('Unlock')));
    expect(calls.events.at(-1)).toBe(`Unlock ${id + 2} free`);
    calls.receive(rstStream(3, 8), request(id + 4, 'after a cancellation'));
    expect(calls.events.at(-1)).toBe(`Lock ${id + 4} after a cancellation`);
  });
});

describe('failAll', () => {
  it('answers every call in flight with UNAVAILABLE, once', () => {
    const calls = new RecordedCalls();
    calls.receive(settings([INITIAL_WINDOW, 0]));
    calls.receive(
      request(1, 'waits'),
      headers(3),
      data(3, message('half').subarray(0, 6)),
      request(5, 'answered'),
    );
    calls.receive(headers(7, [...POST.slice(0, 2), [':path', calls.watch.path], ...POST.slice(3)]));
    calls.watch.calls[0]!.send(Buffer.from('m'));
    calls.reply(5, 'reply', true);
    calls.said();
    calls.calls.failAll('gone');
    const status = 'grpc-status=14 grpc-message=gone END';
    expect(calls.said().filter((said) => !said.startsWith('RST'))).toEqual([
      `HEADERS 1 :status=200 content-type=application/grpc ${status}`,
      `HEADERS 3 :status=200 content-type=application/grpc ${status}`,
    ]);
    expect(calls.watch.events).toEqual(['cancelled']);
    calls.receive(settings([INITIAL_WINDOW, 100]));
    expect(calls.said().slice(1)).toEqual([
      'DATA 5 \0\0\0\0\x05reply',
      'HEADERS 5 grpc-status=0 END',
      'DATA 7 \0\0\0\0\x01m',
      `HEADERS 7 ${status}`,
      'RST_STREAM 7 error 0',
    ]);
  });
});

describe('a request that is not gRPC', () => {
  const get: Fields = [
    [':method', 'GET'],
    [':scheme', 'http'],
    [':path', '/'],
  ];

  it('is answered when it is whole, so that a wrong content-length is still found', () => {
    const calls = new RecordedCalls();
    calls.receive(headers(1, [...get, ['content-length', '3']]), data(1, 'a'));
    expect(calls.said()).toEqual([]);
    calls.receive(data(1, 'b', END));
    expect(calls.said()).toEqual(['RST_STREAM 1 error 1']);
    calls.receive(headers(3, [...get, ['content-length', '3']]), data(3, 'abc', END));
    expect(calls.said().map((said) => said.slice(0, 22))).toEqual([
      'HEADERS 3 :status=200 ',
      'DATA 3 This port speak',
    ]);
  });

  it('is answered before its end when that does not come', () => {
    const calls = new RecordedCalls();
    calls.receive(headers(1, get));
    for (let i = 0; i < 300 && calls.calls.connection.openStreams > 0; i++)
      calls.receive(data(1, Buffer.alloc(16_000)));
    expect(calls.said().at(-1)).toBe('RST_STREAM 1 error 0');
  });

  it('is answered once, also when the answer waits for window', () => {
    const calls = new RecordedCalls();
    calls.receive(settings([INITIAL_WINDOW, 0]), headers(1, get), data(1, message('x')), data(1, '', END));
    calls.receive(settings([INITIAL_WINDOW, 1000]));
    expect(calls.said().filter((said) => said.startsWith('HEADERS'))).toHaveLength(1);
    expect(calls.events).toEqual([]);
  });
});

describe('requests that are not gRPC and never end', () => {
  const foreign = POST.map(
    ([name, value]) => [name, name === 'content-type' ? 'text/plain' : value] as const,
  );

  it('wait for their end up to a number, and are answered at once beyond it', () => {
    const calls = new RecordedCalls();
    for (let i = 0; i < Limits.waitingAnswersMax; i++) calls.receive(headers(1 + 2 * i, foreign));
    expect(calls.said()).toEqual([]);
    const next = 1 + 2 * Limits.waitingAnswersMax;
    calls.receive(headers(next, foreign));
    expect(calls.said()).toEqual([
      expect.stringMatching(new RegExp(`^HEADERS ${next} :status=415 .* END$`)),
      `RST_STREAM ${next} error 0`,
    ]);
    expect(calls.calls.connection.openStreams).toBe(Limits.waitingAnswersMax);
  });
});

describe('a request whose rest does not come', () => {
  const half = message('the message').subarray(0, 9);

  it.each([1, 5, 9])('is ended 30 s after its last byte, with %i bytes of it there', (bytes) => {
    const calls = new RecordedCalls();
    calls.receive(headers(1), data(1, half.subarray(0, bytes - 1)));
    calls.nowMs += 20_000;
    calls.receive(data(1, half.subarray(bytes - 1, bytes)));
    calls.calls.expire(calls.nowMs + Limits.halfReceivedMsMax - 1);
    expect(calls.said()).toEqual([]);
    calls.calls.expire(calls.nowMs + Limits.halfReceivedMsMax);
    expect(calls.events).toEqual(['wrote']);
    expect(calls.refusal()).toBe('grpc-status=4 grpc-message=the rest of the request message did not come');
    expect(calls.calls.connection.openStreams).toBe(0);
  });

  it('is not kept by empty DATA; one without a byte, and a call that waits, are not meant', () => {
    const calls = new RecordedCalls();
    calls.receive(headers(1), data(1, half), headers(3), headers(5), data(5, half));
    calls.receive(data(5, message('the message').subarray(9), END));
    calls.nowMs += Limits.halfReceivedMsMax;
    calls.receive(data(1, ''));
    calls.calls.expire(calls.nowMs);
    expect(calls.said().filter((said) => said.startsWith('HEADERS'))).toEqual([
      expect.stringMatching('^HEADERS 1 .*grpc-status=4'),
    ]);
    expect(calls.calls.connection.openStreams).toBe(2);
  });

  it('is let be once it was reset', () => {
    const calls = new RecordedCalls();
    calls.receive(headers(1), data(1, half), rstStream(1, 8));
    calls.calls.expire(calls.nowMs + Limits.halfReceivedMsMax);
    expect(calls.said()).toEqual([]);
  });
});

describe('what is answered without a shard', () => {
  it('is counted by its status, and a reply of a shard is not', () => {
    const calls = new RecordedCalls();
    calls.receive(request(1, 'abc'));
    calls.reply(1, 'reply');
    calls.receive(request(3, 'abc', call('Nothing')));
    calls.receive(headers(5, POST, END));
    calls.receive(
      headers(
        7,
        POST.map(([name, value]) => [name, name === ':method' ? 'PUT' : value] as const),
        END,
      ),
    );
    const counted = Object.entries(GrpcStatus).filter(([, status]) => calls.answers.of(status) > 0);
    expect(counted.map(([name, status]) => [name, calls.answers.of(status)])).toEqual([
      ['Unimplemented', 1],
      ['Internal', 1],
    ]);
    expect(calls.answers.of(null)).toBe(1);
  });
});
