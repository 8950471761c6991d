import { describe, expect, it } from 'vitest';
import { Limits } from '../../../src/base/limits.ts';
import {
  eventTypes,
  INSPECT_PIECE_BYTES,
  InspectFlag,
  StepKind,
} from '../../../src/shard/inspection/inspect-reply.ts';
import { InspectionWriter } from '../../../src/shard/inspection/inspection-writer.ts';
import { KeptReplies } from '../kept-replies.ts';

/** The records that a text goes in, each with its flags and its bytes. */
function piecesOf(text: string): { flags: number; bytes: Buffer }[] {
  const target = new KeptReplies();
  new InspectionWriter(target).send(7, text);
  return target.take().map(({ call, data }) => {
    expect(call).toBe(7);
    return { flags: data[0]!, bytes: data.subarray(1) };
  });
}

describe('what a shard answers to an inspection', () => {
  it('is one record up to the length of a piece, and one more beyond it', () => {
    const longest = 'x'.repeat(INSPECT_PIECE_BYTES);
    expect(piecesOf(longest).map(({ flags, bytes }) => [flags, bytes.length])).toEqual([[0, longest.length]]);
    expect(piecesOf(`${longest}x`).map(({ flags, bytes }) => [flags, bytes.length])).toEqual([
      [InspectFlag.More, INSPECT_PIECE_BYTES],
      [0, 1],
    ]);
  });

  it('is whole again when its pieces are put together, also where one ends within a character', () => {
    const text = `x${'ä'.repeat(INSPECT_PIECE_BYTES)}`;
    const pieces = piecesOf(text);
    expect(pieces.map(({ flags }) => flags)).toEqual([InspectFlag.More, InspectFlag.More, 0]);
    expect(Buffer.concat(pieces.map(({ bytes }) => bytes)).toString()).toBe(text);
  });

  it('fits a ring in pieces, with its flags', () => {
    expect(1 + INSPECT_PIECE_BYTES).toBeLessThanOrEqual(Limits.recordBodyBytesMax);
    expect(InspectFlag.More).not.toBe(0);
    expect(InspectFlag.More & ~0xff).toBe(0);
  });

  it('tells its steps and its events apart', () => {
    const kinds = Object.values(StepKind);
    expect(new Set(kinds).size).toBe(kinds.length);
    expect(new Set(eventTypes).size).toBe(eventTypes.length);
    expect(eventTypes.length).toBe(6);
  });
});
