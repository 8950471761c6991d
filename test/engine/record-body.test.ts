import { describe, expect, it } from 'vitest';
import { Limits } from '../../src/base/limits.ts';
import { Method } from '../../src/contract/method.ts';
import { fitRecordBody } from '../../src/engine/record-body.ts';
import { loadCoder } from '../protocol/protobuf/ldlm-coder.ts';
import { bytesField } from '../protocol/protobuf/wire.ts';

const filler = bytesField(77, Buffer.alloc(Limits.messageBytesMax / 2));

describe('fitRecordBody', () => {
  it('keeps what the shard looks at', () => {
    const name = 'n'.repeat(Limits.nameBytesMax);
    const whole = Buffer.concat([Buffer.of(1, 2), filler, bytesField(1, name), filler, Buffer.of(3)]);
    const body = fitRecordBody(whole, 2, whole.length - 1, Method.Lock);
    expect(body.length).toBeLessThanOrEqual(Limits.recordBodyBytesMax);
    expect(loadCoder('Lock').requestDeserialize(body)).toEqual({ name });
  });

  it('makes something malformed of what is malformed', () => {
    const body = fitRecordBody(Buffer.concat([filler, Buffer.of(0x0a)]), 0, filler.length + 1, Method.Unlock);
    expect(body.length).toBeLessThan(16);
    expect(() => loadCoder('Unlock').requestDeserialize(body)).toThrow();
  });
});
