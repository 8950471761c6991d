import { Http2Error } from '../../src/protocol/http2/error-code.ts';
import { FrameFlag, FrameType, WINDOW_MAX } from '../../src/protocol/http2/frame.ts';
import { message } from '../protocol/grpc/recorded-calls.ts';
import {
  data,
  END,
  frame,
  headers,
  ping,
  rstStream,
  settings,
  windowUpdate,
} from '../protocol/http2/wire-frames.ts';

/** What one connection sends over and over, and the GOAWAY that it must get for it. */
export interface Flood {
  readonly name: string;
  readonly error: Http2Error;
  /** What comes before. */
  readonly before: Buffer;
  /** The bytes of round 0, 1, 2, ... of a connection. */
  readonly round: (round: number) => Buffer;
}

const NOTHING = Buffer.alloc(0);
const times = (count: number, bytes: Buffer): Buffer => Buffer.concat(new Array<Buffer>(count).fill(bytes));

/** The same bytes again and again. */
function steady(name: string, error: Http2Error, bytes: Buffer, before: Buffer = NOTHING): Flood {
  const many = times(Math.max(1, Math.floor(16_384 / bytes.length)), bytes);
  return { name, error, before, round: () => many };
}

/** A flood of streams: `request` makes what each of them sends. Made once, as the flood has to be faster than its making. */
function streams(name: string, error: Http2Error, request: (id: number) => Buffer, perRound = 100): Flood {
  const rounds: Buffer[] = [];
  const make = (number: number) =>
    Buffer.concat(Array.from({ length: perRound }, (_, i) => request(1 + 2 * (number * perRound + i))));
  const round = (number: number): Buffer => {
    rounds[number] ??= make(number);
    return rounds[number];
  };
  return { name, error, before: NOTHING, round };
}

const getRoot = Buffer.from('838684', 'hex');
/** Puts an entry of 4,000 bytes into the table. */
const largeEntry = Buffer.concat([
  Buffer.from('4003', 'hex'),
  Buffer.from('big'),
  Buffer.from('7fa11e', 'hex'),
  Buffer.alloc(4000, 'v'),
]);
/** 14,000 bytes that stand for 40 MB. */
const bomb = Buffer.concat([getRoot, largeEntry, Buffer.alloc(10_000, 0xbe)]);

const beginHeaders = frame(FrameType.Headers, 0, 1, Buffer.of(0x82));
const endHeaders = FrameFlag.EndHeaders;
/** An integer of the longest form, as the length of a name. */
const endlessInteger = Buffer.from('40ffffffffffffffffffff7f', 'hex');

export const floods: readonly Flood[] = [
  streams('requests that are reset at once', Http2Error.EnhanceYourCalm, (id) =>
    Buffer.concat([headers(id), data(id, message('\x0a\x06victim'), END), rstStream(id, 8)]),
  ),
  streams('malformed requests', Http2Error.EnhanceYourCalm, (id) => headers(id, [[':method', 'POST']], END)),
  streams(
    'HPACK bombs',
    Http2Error.EnhanceYourCalm,
    (id) => frame(FrameType.Headers, FrameFlag.EndHeaders | END, id, bomb),
    4,
  ),
  steady(
    'CONTINUATION',
    Http2Error.EnhanceYourCalm,
    frame(FrameType.Continuation, 0, 1, Buffer.alloc(100, 0x82)),
    beginHeaders,
  ),
  steady('empty CONTINUATION', Http2Error.EnhanceYourCalm, frame(FrameType.Continuation, 0, 1), beginHeaders),
  steady(
    'a header block beyond 64 KiB',
    Http2Error.EnhanceYourCalm,
    frame(FrameType.Continuation, 0, 1, Buffer.alloc(16_000, 0x82)),
    beginHeaders,
  ),
  steady('SETTINGS', Http2Error.EnhanceYourCalm, settings([4, 1000])),
  steady(
    'SETTINGS of 2,000 values',
    Http2Error.EnhanceYourCalm,
    settings(...new Array(2000).fill([9, 9] as const)),
  ),
  steady('PING', Http2Error.EnhanceYourCalm, ping()),
  steady('PRIORITY', Http2Error.EnhanceYourCalm, frame(FrameType.Priority, 0, 7, Buffer.alloc(5))),
  steady('WINDOW_UPDATE', Http2Error.EnhanceYourCalm, windowUpdate(0, 1)),
  steady('empty DATA', Http2Error.EnhanceYourCalm, data(1, ''), headers(1)),
  steady('frames of an unknown type', Http2Error.EnhanceYourCalm, frame(0xee, 0, 0, Buffer.alloc(100))),
  steady(
    'HPACK integers without end',
    Http2Error.CompressionError,
    frame(FrameType.Headers, endHeaders, 1, endlessInteger),
  ),
  steady(
    'HPACK indices beyond the table',
    Http2Error.CompressionError,
    frame(FrameType.Headers, endHeaders, 1, Buffer.of(0xff, 0xff, 0x7f)),
  ),
  steady(
    'frames beyond the limit',
    Http2Error.FrameSizeError,
    frame(FrameType.Data, 0, 1, Buffer.alloc(20_000)),
  ),
  steady('a connection window overflow', Http2Error.FlowControlError, windowUpdate(0, WINDOW_MAX)),
  steady('garbage', Http2Error.ProtocolError, Buffer.alloc(4096, 0)),
];
