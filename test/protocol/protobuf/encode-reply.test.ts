import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Limits } from '../../../src/base/limits.ts';
import { type Refusal, Refusals } from '../../../src/contract/refusal.ts';
import { LockKey } from '../../../src/core/lock-key.ts';
import { FencingToken } from '../../../src/core/sink.ts';
import {
  encodeLockGranted,
  encodeLockRefused,
  encodeRenewReply,
  encodeUnlockReply,
  sizeOfLockGranted,
  sizeOfLockRefused,
  sizeOfRenewReply,
  sizeOfUnlockReply,
} from '../../../src/protocol/protobuf/encode-reply.ts';
import { parseLockKey } from '../../../src/protocol/protobuf/lock-key-text.ts';
import { Span } from '../../../src/protocol/protobuf/span.ts';
import { loadCoder, type ReplyMessage, toByteString } from './ldlm-coder.ts';
import { inSharedMemory } from './wire.ts';

const lock = loadCoder('Lock');
const unlock = loadCoder('Unlock');
const renew = loadCoder('Renew');

const text = fc.string({ unit: 'binary', maxLength: 200, size: 'max' });
/** 0: nothing is said of it. */
const certain = fc.oneof(fc.constant(0), fc.nat({ max: 2 ** 31 - 1 }));
const refusals = Object.values(Refusals);
const refusalOrNone = fc.constantFrom<(Refusal | null)[]>(null, ...refusals);

/** Writes a reply between guard bytes in shared memory, and gives its bytes if the guards and its size held. */
function written(size: number, encode: (out: Buffer, position: number) => number): Buffer {
  const out = Buffer.from(new SharedArrayBuffer(size + 10)).fill(0xee);
  expect(encode(out, 5)).toBe(5 + size);
  expect(out.toString('hex', 0, 5) + out.toString('hex', 5 + size)).toBe('ee'.repeat(10));
  return Buffer.from(out.subarray(5, 5 + size));
}

/** The fields that a reply has on the wire: those of a value other than the default. */
function present(message: ReplyMessage): ReplyMessage {
  return Object.fromEntries(Object.entries(message).filter(([, value]) => value && value !== '0'));
}

function errorOf(refusal: Refusal | null): ReplyMessage {
  if (refusal === null) return {};
  const { code, message } = refusal;
  return { error: code === 0 ? { message } : { code, message } };
}

describe('LockResponse of a grant', () => {
  it('is what proto-loader encodes', () => {
    const uint32 = fc.nat({ max: 2 ** 32 - 1 });
    fc.assert(
      fc.property(
        text,
        fc.uuid(),
        fc.nat({ max: 2 ** 31 - 1 }),
        uint32,
        certain,
        (name, uuid, high, low, certainMs) => {
          const key = new LockKey();
          parseLockKey(Buffer.from(uuid), 0, 36, key);
          const token = Object.assign(new FencingToken(), { high, low });
          const bytes = written(sizeOfLockGranted(toByteString(name), token, certainMs), (out, position) =>
            encodeLockGranted(out, position, toByteString(name), key, token, certainMs),
          );
          const fencing_token = ((BigInt(high) << 32n) | BigInt(low)).toString();
          const message = present({ locked: true, name, key: uuid, fencing_token, certain_ms: certainMs });
          expect(lock.responseDeserialize(bytes)).toEqual(message);
          expect(bytes).toEqual(lock.responseSerialize(message));
        },
      ),
    );
  });
});

describe('LockResponse without a grant', () => {
  it('is what proto-loader encodes, for every refusal and for none', () => {
    for (const refusal of [null, ...refusals]) {
      const bytes = written(sizeOfLockRefused('n\xc3\xa4me', refusal), (out, position) =>
        encodeLockRefused(out, position, 'n\xc3\xa4me', refusal),
      );
      const message = { name: 'näme', ...errorOf(refusal) };
      expect(lock.responseDeserialize(bytes)).toEqual(message);
      expect(bytes).toEqual(lock.responseSerialize(message));
    }
  });

  it('says an error that is not among the known ones', () => {
    const refusal: Refusal = { code: 3, message: `${'long '.repeat(60)}ü` };
    const bytes = written(sizeOfLockRefused('', refusal), (out, position) =>
      encodeLockRefused(out, position, '', refusal),
    );
    expect(lock.responseDeserialize(bytes)).toEqual(errorOf(refusal));
  });
});

describe('UnlockResponse', () => {
  it('is what proto-loader encodes', () => {
    fc.assert(
      fc.property(text, refusalOrNone, (name, refusal) => {
        const bytes = written(sizeOfUnlockReply(toByteString(name), refusal), (out, position) =>
          encodeUnlockReply(out, position, toByteString(name), refusal),
        );
        const message = present({ unlocked: refusal === null, name, ...errorOf(refusal) });
        expect(unlock.responseDeserialize(bytes)).toEqual(message);
        expect(bytes).toEqual(unlock.responseSerialize(message));
      }),
    );
  });
});

describe('LockResponse of a renewal', () => {
  function renewReply(name: string, keyText: string, refusal: Refusal | null, certainMs = 0): Buffer {
    const { bytes, start, end } = inSharedMemory(Buffer.from(keyText, 'utf8'));
    const key = Object.assign(new Span(), { start, end });
    return written(sizeOfRenewReply(toByteString(name), key, refusal, certainMs), (out, position) =>
      encodeRenewReply(out, position, toByteString(name), bytes, key, refusal, certainMs),
    );
  }

  it('is what proto-loader encodes, with the key as it was sent', () => {
    const keyText = fc.oneof(fc.uuid(), fc.string({ unit: 'binary', maxLength: 60 }));
    const others = refusalOrNone.filter((refusal) => refusal !== Refusals.lockTimeoutNegative);
    fc.assert(
      fc.property(text, keyText, others, certain, (name, key, refusal, certainMs) => {
        // Of what was refused nothing is certain.
        const certain_ms = refusal === null ? certainMs : 0;
        const message = present({ locked: refusal === null, name, key, ...errorOf(refusal), certain_ms });
        const bytes = renewReply(name, key, refusal, certainMs);
        expect(renew.responseDeserialize(bytes)).toEqual(message);
        expect(bytes).toEqual(renew.responseSerialize(message));
      }),
    );
  });

  it('has no key where the lock timeout or the length of the key was refused', () => {
    const timeout = renewReply('a', randomUUID(), Refusals.lockTimeoutNegative);
    expect(renew.responseDeserialize(timeout)).toEqual({
      name: 'a',
      error: { message: 'lock timeout must be greater than 0' },
    });
    const longest = 'k'.repeat(Limits.keyBytesMax);
    const answer = (key: string) => renew.responseDeserialize(renewReply('a', key, Refusals.keyTooLong));
    expect(answer(longest)).toHaveProperty('key', longest);
    expect(answer(`${longest}k`)).not.toHaveProperty('key');
  });
});

describe('names', () => {
  it('are repeated up to their limit', () => {
    const reply = (name: string) =>
      lock.responseDeserialize(
        written(sizeOfLockRefused(name, null), (out, position) =>
          encodeLockRefused(out, position, name, null),
        ),
      );
    const longest = 'n'.repeat(Limits.nameBytesMax);
    expect(reply(longest)).toEqual({ name: longest });
    expect(reply(`${longest}n`)).toEqual({});
    expect(reply('')).toEqual({});
  });
});
