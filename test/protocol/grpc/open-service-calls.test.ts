import { describe, expect, it } from 'vitest';
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

const watch = (...extra: Fields): Fields => [
  ...POST.map(([name, old]) => [name, name === ':path' ? '/test.Service/Watch' : old] as const),
  ...extra,
];

const OK_HEAD = 'HEADERS 1 :status=200 content-type=application/grpc';

describe('a call of a service', () => {
  it('has messages both ways, over any frame boundaries', () => {
    const calls = new RecordedCalls();
    const bytes = Buffer.concat([message('one'), message(''), message('three')]);
    calls.receive(headers(1, watch()));
    for (let at = 0; at < bytes.length; at += 4) calls.receive(data(1, bytes.subarray(at, at + 4)));
    const [call] = calls.watch.calls;
    call!.send(Buffer.from('reply'));
    calls.receive(data(1, '', END));
    expect(calls.watch.events).toEqual(['message one', 'message ', 'message three', 'halfClosed']);
    call!.send(Buffer.from('more'));
    call!.end(GrpcStatus.Ok);
    expect(calls.said()).toEqual([
      OK_HEAD,
      'DATA 1 \0\0\0\0\x05reply',
      'DATA 1 \0\0\0\0\x04more',
      'HEADERS 1 grpc-status=0 END',
    ]);
    expect(calls.events).toEqual(['wrote', 'wrote', 'wrote']);
  });

  it('that ends without a message gets its status at once, in one frame', () => {
    const calls = new RecordedCalls();
    calls.watch.onStart = (call) => call.end(GrpcStatus.NotFound, 'näh');
    calls.receive(headers(1, watch()), data(1, message('x'), END));
    expect(calls.said()).toEqual([
      `${OK_HEAD} grpc-status=5 grpc-message=n%C3%A4h END`,
      'RST_STREAM 1 error 0',
    ]);
    expect(calls.watch.events).toEqual([]);
  });

  it('may end behind its messages with an error', () => {
    const calls = new RecordedCalls();
    calls.receive(headers(1, watch(), END));
    calls.watch.calls[0]!.send(Buffer.from('m'));
    calls.watch.calls[0]!.end(GrpcStatus.Aborted, 'why');
    expect(calls.said().at(-1)).toBe('HEADERS 1 grpc-status=10 grpc-message=why END');
    expect(calls.watch.events).toEqual(['halfClosed']);
  });

  it('can see how much its peer has not taken', () => {
    const calls = new RecordedCalls();
    calls.receive(settings([4, 8]), headers(1, watch(), END), headers(3, watch(), END));
    const [call, other] = calls.watch.calls;
    expect(call!.backlogBytes).toBe(0);
    call!.send(Buffer.alloc(20));
    // Of 25 bytes with the prefix, 8 fit the stream's window.
    expect(call!.backlogBytes).toBe(17);
    calls.unwrittenBytes = 100;
    expect([call!.backlogBytes, other!.backlogBytes]).toEqual([117, 117]);
    calls.receive(windowUpdate(1, 17));
    expect(call!.backlogBytes).toBe(100);
  });

  it('says nothing after its end', () => {
    const calls = new RecordedCalls();
    calls.receive(headers(1, watch(), END));
    const [call] = calls.watch.calls;
    call!.end(GrpcStatus.Ok);
    calls.said();
    call!.send(Buffer.from('late'));
    call!.end(GrpcStatus.Internal, 'late');
    expect(calls.said()).toEqual([]);
  });

  it('is told that it was cancelled, and says nothing more', () => {
    const calls = new RecordedCalls();
    calls.receive(headers(1, watch()), rstStream(1, 8));
    calls.watch.calls[0]!.send(Buffer.from('late'));
    expect(calls.watch.events).toEqual(['cancelled']);
    expect(calls.said()).toEqual([]);
    calls.calls.close();
    expect(calls.watch.events).toEqual(['cancelled']);
  });

  it('is not told when it had ended itself, and the rest was waiting for window', () => {
    const calls = new RecordedCalls();
    calls.receive(settings([4, 0]), headers(1, watch()));
    calls.watch.calls[0]!.send(Buffer.from('waits'));
    calls.watch.calls[0]!.end(GrpcStatus.Ok);
    calls.receive(rstStream(1, 8));
    calls.calls.close();
    expect(calls.watch.events).toEqual([]);
  });

  it('is told when the connection ends, unless it has ended itself', () => {
    const calls = new RecordedCalls();
    calls.receive(settings([4, 0]), headers(1, watch()), headers(3, watch()));
    calls.watch.calls[0]!.send(Buffer.from('waits'));
    calls.watch.calls[0]!.end(GrpcStatus.Ok);
    calls.calls.close();
    expect(calls.watch.events).toEqual(['cancelled']);
  });

  it.each([
    [
      'half a message',
      [data(1, message('abc').subarray(0, 6), END)],
      'grpc-status=13 grpc-message=request message incomplete',
    ],
    [
      'a compressed message',
      [data(1, message('abc', 1))],
      'grpc-status=13 grpc-message=grpc: compressed flag',
    ],
    [
      'too long a message',
      [data(1, Buffer.of(0, 0xff, 0, 0, 0))],
      'grpc-status=8 grpc-message=grpc: received message larger',
    ],
  ])('with %s is ended, and told', (_name, frames, refusal) => {
    for (const streaming of [false, true]) {
      const calls = new RecordedCalls();
      calls.receive(headers(1, watch()));
      if (streaming) calls.watch.calls[0]!.send(Buffer.from('m'));
      calls.said();
      calls.receive(...frames);
      expect(calls.refusal().replace('HEADERS 1 ', '')).toContain(refusal);
      expect(calls.watch.events).toEqual(['cancelled']);
      expect(calls.calls.connection.openStreams).toBe(0);
    }
  });

  it('ignores what comes behind an end that waits for window', () => {
    const calls = new RecordedCalls();
    calls.watch.onStart = (call) => {
      call.send(Buffer.from('m'));
      call.end(GrpcStatus.Ok);
    };
    calls.receive(settings([4, 0]), headers(1, watch()), data(1, message('late')), data(1, '', END));
    expect(calls.watch.events).toEqual([]);
    expect(calls.said()).toEqual(['SETTINGS ACK', OK_HEAD]);
    calls.receive(windowUpdate(1, 100));
    expect(calls.said()).toEqual(['DATA 1 \0\0\0\0\x01m', 'HEADERS 1 grpc-status=0 END']);
  });
});

describe('the deadline of a service call', () => {
  it('ends it with DEADLINE_EXCEEDED, once', () => {
    const calls = new RecordedCalls();
    calls.receive(headers(1, watch(['grpc-timeout', '500m'])), headers(3, watch()));
    calls.calls.expire(1_499);
    expect(calls.said()).toEqual([]);
    calls.calls.expire(1_500);
    calls.calls.expire(1_600);
    expect(calls.said()).toEqual([
      `${OK_HEAD} grpc-status=4 grpc-message=context deadline exceeded END`,
      'RST_STREAM 1 error 0',
    ]);
    expect(calls.watch.events).toEqual(['cancelled']);
    expect(calls.calls.connection.openStreams).toBe(1);
  });

  it('does not touch one that has ended and waits for window', () => {
    const calls = new RecordedCalls();
    calls.receive(settings([4, 0]), headers(1, watch(['grpc-timeout', '500m']), END));
    calls.watch.calls[0]!.send(Buffer.from('m'));
    calls.watch.calls[0]!.end(GrpcStatus.Ok);
    calls.calls.expire(9_999);
    expect(calls.watch.events).toEqual(['halfClosed']);
    calls.receive(windowUpdate(1, 100));
    expect(calls.said().at(-1)).toBe('HEADERS 1 grpc-status=0 END');
  });
});
