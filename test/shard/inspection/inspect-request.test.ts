import { expect, it } from 'vitest';
import {
  decodeInspectRequest,
  encodeInspectRequest,
  InspectOp,
} from '../../../src/shard/inspection/inspect-request.ts';

it('is read as it was written, wherever it stands', () => {
  const request = {
    op: InspectOp.Unlock,
    waiters: true,
    all: true,
    row: 0xffff_fffe,
    generation: 0xffff_fffd,
    countMax: 1024,
    tokenHigh: 0x8000_0001,
    tokenLow: 7,
    key: '0123abcd',
    name: 'l\u00c3\u00b6ck\u0000',
  };
  const body = encodeInspectRequest(request);
  const bytes = Buffer.concat([Buffer.alloc(5, 0xff), body, Buffer.alloc(5, 0xff)]);
  expect(decodeInspectRequest(bytes, 5, 5 + body.length)).toStrictEqual(request);
});

it('has nothing in what an operation does not need', () => {
  const body = encodeInspectRequest({ op: InspectOp.Watch, name: 'a' });
  expect(decodeInspectRequest(body, 0, body.length)).toStrictEqual({
    op: InspectOp.Watch,
    waiters: false,
    all: false,
    row: 0,
    generation: 0,
    countMax: 0,
    tokenHigh: 0,
    tokenLow: 0,
    key: '',
    name: 'a',
  });
});
