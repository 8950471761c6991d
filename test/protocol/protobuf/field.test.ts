import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Field, groupDepthMax, readField, tagOf, WireType } from '../../../src/protocol/protobuf/field.ts';
import { wireFields } from './ldlm-coder.ts';
import {
  bytesField,
  fixed32Field,
  fixed64Field,
  groupField,
  nestedGroups,
  tag,
  varintField,
} from './wire.ts';

function readOne(bytes: Buffer): { position: number; field: Field } {
  const field = new Field();
  return { position: readField(bytes, 0, bytes.length, field), field };
}

describe('readField', () => {
  it('reads a varint', () => {
    const { position, field } = readOne(varintField(1002, 2n ** 40n + 5n));
    expect(position).toBe(8);
    expect(field).toMatchObject({ tag: tagOf(1002, WireType.Varint), low: 5, high: 256 });
  });

  it('reads the place of a string', () => {
    const { position, field } = readOne(Buffer.concat([bytesField(1, 'abc'), bytesField(1, 'd')]));
    expect(position).toBe(5);
    expect(field).toMatchObject({ tag: tagOf(1, WireType.Bytes), start: 2, end: 5 });
  });

  it('skips fixed values and groups whole', () => {
    expect(readOne(fixed32Field(9)).position).toBe(5);
    expect(readOne(fixed64Field(9)).position).toBe(9);
    const group = groupField(9, bytesField(1, 'name'), groupField(9, fixed32Field(3)), varintField(2, 300));
    expect(readOne(group).position).toBe(group.length);
  });

  it('tells a group by its own tag, not by what it holds', () => {
    expect(readOne(groupField(9, bytesField(1, 'name'))).field.tag).toBe(tagOf(9, WireType.StartGroup));
  });

  it('bounds the depth of groups', () => {
    expect(readOne(nestedGroups(groupDepthMax)).position).toBe(2 * groupDepthMax);
    expect(readOne(nestedGroups(groupDepthMax + 1)).position).toBe(-1);
    expect(readOne(nestedGroups(100_000)).position).toBe(-1);
  });

  it('takes the highest field number and no higher one', () => {
    expect(readOne(varintField(2 ** 29 - 1, 1)).position).toBe(6);
    expect(readOne(varintField(2 ** 29, 1)).position).toBe(-1);
  });

  it('stops at the end of each field of a message, and refuses all that is cut within one', () => {
    fc.assert(
      fc.property(wireFields, (fields) => {
        for (const bytes of fields) {
          expect(readOne(bytes).position).toBe(bytes.length);
          for (let end = 1; end < bytes.length; end++) {
            expect(readField(bytes, 0, end, new Field())).toBe(-1);
          }
        }
      }),
      { numRuns: 50 },
    );
  });

  it('refuses wire types 4, 6 and 7', () => {
    for (const wireType of [4, 6, 7]) {
      expect(readOne(Buffer.concat([tag(9, wireType), Buffer.alloc(8, 1)])).position).toBe(-1);
    }
  });
});
