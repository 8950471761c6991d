import { describe, expect, it } from 'vitest';
import { Limits } from '../../../src/base/limits.ts';
import { encodeHeaderBlock } from '../../../src/protocol/hpack/encoder.ts';
import { Http2Error } from '../../../src/protocol/http2/error-code.ts';
import { FrameFlag, FrameType } from '../../../src/protocol/http2/frame.ts';
import { RecordedConnection } from './recorded-connection.ts';
import { END, frame, headers, POST, padded, ping, windowUpdate } from './wire-frames.ts';

const { ProtocolError, FrameSizeError, EnhanceYourCalm, CompressionError } = Http2Error;
const { EndHeaders, Priority, Padded } = FrameFlag;
const block = Buffer.from(encodeHeaderBlock(POST));

const begin = (id: number, fragment: Uint8Array, flags = 0) => frame(FrameType.Headers, flags, id, fragment);
const go = (id: number, fragment: Uint8Array, flags = 0) =>
  frame(FrameType.Continuation, flags, id, fragment);

describe('a header block in several frames', () => {
  it('may be cut anywhere', () => {
    for (let cut = 0; cut <= block.length; cut++) {
      const recorded = RecordedConnection.established();
      recorded.receive(begin(1, block.subarray(0, cut), END), go(1, block.subarray(cut), EndHeaders));
      expect(recorded.events).toEqual(['opened 1 END']);
      expect(recorded.said()).toEqual([]);
    }
  });

  it('may have an empty fragment at its end', () => {
    const recorded = RecordedConnection.established();
    recorded.receive(begin(1, block), go(1, Buffer.alloc(0)), go(1, Buffer.alloc(0), EndHeaders));
    expect(recorded.events).toEqual(['opened 1']);
  });

  it.each([
    ['PING', ping()],
    ['WINDOW_UPDATE', windowUpdate(0, 1)],
    ['a frame of an unknown type', frame(0x55, 0, 0)],
    ['HEADERS of another stream', headers(3)],
    ['HEADERS of the same stream', headers(1)],
    ['CONTINUATION of another stream', go(3, block, EndHeaders)],
  ])('is torn by %s', (_name, bytes) => {
    const recorded = RecordedConnection.established();
    recorded.receive(begin(1, block), bytes);
    expect(recorded.said()).toEqual([`GOAWAY 0 error ${ProtocolError} frame inside a header block`]);
  });

  it('is bounded in length', () => {
    const recorded = RecordedConnection.established();
    recorded.receive(begin(1, block));
    for (let i = 0; i < 4; i++) recorded.receive(go(1, Buffer.alloc(16_384, 0x82)));
    expect(recorded.said()).toEqual([`GOAWAY 0 error ${EnhanceYourCalm} header block too long`]);
  });

  it('is bounded in frames', () => {
    const recorded = RecordedConnection.established();
    recorded.receive(begin(1, block));
    // The HEADERS frame is the first of them.
    for (let frames = 1; frames < Limits.headerBlockFramesMax; frames++)
      recorded.receive(go(1, Buffer.alloc(0)));
    expect(recorded.connection.ended).toBe(false);
    recorded.receive(go(1, Buffer.alloc(0)));
    expect(recorded.said()).toEqual([`GOAWAY 0 error ${EnhanceYourCalm} header block too long`]);
  });

  it('is followed by blocks that begin anew', () => {
    const recorded = RecordedConnection.established();
    for (let id = 1; id < 401; id += 2)
      recorded.receive(begin(id, block), go(id, Buffer.alloc(0), EndHeaders));
    expect(recorded.events).toHaveLength(200);
  });
});

describe('the payload of HEADERS', () => {
  const priority = Buffer.from('0000000010', 'hex');

  it.each([
    ['padding', padded(FrameType.Headers, EndHeaders, 1, 200, block)],
    ['no padding but its length', padded(FrameType.Headers, EndHeaders, 1, 0, block)],
    ['a priority', begin(1, Buffer.concat([priority, block]), EndHeaders | Priority)],
    ['both', padded(FrameType.Headers, EndHeaders | Priority, 1, 9, Buffer.concat([priority, block]))],
  ])('may have %s', (_name, bytes) => {
    const recorded = RecordedConnection.established();
    expect(recorded.receive(bytes).said()).toEqual([]);
    expect(recorded.events).toEqual(['opened 1']);
  });

  it.each([
    [
      'padding longer than the frame',
      frame(FrameType.Headers, EndHeaders | Padded, 1, Buffer.of(9, 1, 2)),
      ProtocolError,
    ],
    [
      'padding that eats the priority',
      frame(FrameType.Headers, EndHeaders | Padded | Priority, 1, Buffer.of(2, 0, 0, 0, 0, 0, 1)),
      ProtocolError,
    ],
    ['no padding length', frame(FrameType.Headers, EndHeaders | Padded, 1), FrameSizeError],
    ['half a priority', frame(FrameType.Headers, EndHeaders | Priority, 1, Buffer.alloc(4)), FrameSizeError],
    ['no HPACK', frame(FrameType.Headers, EndHeaders, 1, Buffer.of(0x80)), CompressionError],
  ])('must not have %s', (_name, bytes, error) => {
    const said = RecordedConnection.established().receive(bytes).said();
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(new RegExp(`^GOAWAY \\d error ${error} .`));
  });

  it('must not make a stream depend on itself', () => {
    const recorded = RecordedConnection.established();
    const own = Buffer.from('0000000110', 'hex');
    recorded.receive(begin(1, Buffer.concat([own, block]), EndHeaders | Priority), headers(3));
    expect(recorded.said()).toEqual([`RST_STREAM 1 error ${ProtocolError}`]);
    expect(recorded.events).toEqual(['opened 3']);
  });
});
