import { describe, expect, it } from 'vitest';
import { Http2Error } from '../../../src/protocol/http2/error-code.ts';
import { PeerSettings, SERVER_PREFACE } from '../../../src/protocol/http2/settings.ts';
import { describeFrame, parseFrames } from './wire-frames.ts';

// The identifiers of RFC 9113 section 6.5.2.
const TABLE = 1;
const PUSH = 2;
const WINDOW = 4;
const FRAME = 5;

describe('PeerSettings', () => {
  it.each([
    ['ENABLE_PUSH 0', PUSH, 0, Http2Error.NoError],
    ['ENABLE_PUSH 1', PUSH, 1, Http2Error.NoError],
    ['ENABLE_PUSH 2', PUSH, 2, Http2Error.ProtocolError],
    ['INITIAL_WINDOW_SIZE 2^31-1', WINDOW, 2 ** 31 - 1, Http2Error.NoError],
    ['INITIAL_WINDOW_SIZE 2^31', WINDOW, 2 ** 31, Http2Error.FlowControlError],
    ['MAX_FRAME_SIZE 2^14', FRAME, 2 ** 14, Http2Error.NoError],
    ['MAX_FRAME_SIZE 2^14-1', FRAME, 2 ** 14 - 1, Http2Error.ProtocolError],
    ['MAX_FRAME_SIZE 2^24-1', FRAME, 2 ** 24 - 1, Http2Error.NoError],
    ['MAX_FRAME_SIZE 2^24', FRAME, 2 ** 24, Http2Error.ProtocolError],
    ['an unknown one', 0xabcd, 2 ** 32 - 1, Http2Error.NoError],
  ])('judges %s', (_name, id, value, error) => {
    expect(new PeerSettings().apply(id, value)).toBe(error);
  });

  it('begins with the defaults', () => {
    const settings = new PeerSettings();
    expect(settings.initialWindow).toBe(65_535);
    expect(settings.frameBytesMax).toBe(16_384);
    expect(settings.tableUpdateDue).toBe(false);
  });

  it('asks for a table size update once, when the table becomes smaller', () => {
    const settings = new PeerSettings();
    settings.apply(TABLE, 4096);
    settings.apply(TABLE, 65_536);
    expect(settings.tableUpdateDue).toBe(false);
    settings.apply(TABLE, 0);
    expect(settings.tableUpdateDue).toBe(true);
    settings.tableUpdateDue = false;
    settings.apply(TABLE, 0);
    expect(settings.tableUpdateDue).toBe(false);
  });
});

it('announces its own settings and a connection window of 1 MiB', () => {
  const frames = parseFrames(Buffer.from(SERVER_PREFACE));
  expect(frames.map(describeFrame)).toEqual(['SETTINGS', `WINDOW_UPDATE 0 ${2 ** 20 - 65_535}`]);
  const { payload } = frames[0]!;
  const values = new Map<number, number>();
  for (let at = 0; at < payload.length; at += 6)
    values.set(payload.readUInt16BE(at), payload.readUInt32BE(at + 2));
  expect(values).toEqual(
    new Map([
      [1, 4096],
      [3, 20_000],
      [4, 65_535],
      [5, 16_384],
      [6, 65_536],
    ]),
  );
});
