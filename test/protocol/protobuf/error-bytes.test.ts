import { describe, expect, it } from 'vitest';
import { Refusals } from '../../../src/contract/refusal.ts';
import { errorBytes } from '../../../src/protocol/protobuf/error-bytes.ts';

describe('errorBytes', () => {
  it('has the length, the code unless it is 0, and the message', () => {
    expect(errorBytes(Refusals.invalidKey).toString('latin1')).toBe('\x14\x08\x02\x12\x10invalid lock key');
    expect(errorBytes(Refusals.nameEmpty).toString('latin1')).toBe('\x1b\x12\x19lock name cannot be empty');
  });

  it('encodes each refusal once', () => {
    expect(errorBytes(Refusals.waitTimeout)).toBe(errorBytes(Refusals.waitTimeout));
    const own = { code: 1, message: 'own' } as const;
    expect(errorBytes(own)).toBe(errorBytes(own));
  });
});
