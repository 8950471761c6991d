import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { unlockRequestFor } from '../../src/engine/undelivered-grant.ts';
import { loadCoder } from '../protocol/protobuf/ldlm-coder.ts';

const lockReply = loadCoder('Lock').responseSerialize;
const unlockRequest = loadCoder('Unlock').requestDeserialize;

describe('unlockRequestFor', () => {
  it('makes of any grant the request that gives it back', () => {
    const name = fc.string({ unit: 'binary', minLength: 1, maxLength: 400 });
    const token = fc.bigInt({ min: 1n, max: 2n ** 63n - 1n }).map(String);
    fc.assert(
      fc.property(name, fc.uuid(), token, (text, key, fencing_token) => {
        const name = Buffer.from(text, 'utf8').toString('utf8');
        const reply = lockReply({ locked: true, name, key, fencing_token });
        expect(unlockRequest(unlockRequestFor(reply))).toEqual({ name, key });
      }),
    );
  });

  it('keeps the longest name', () => {
    const name = 'n'.repeat(65_536);
    expect(unlockRequest(unlockRequestFor(lockReply({ locked: true, name, key: 'k' })))).toEqual({
      name,
      key: 'k',
    });
  });
});
