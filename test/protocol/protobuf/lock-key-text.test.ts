import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LockKey } from '../../../src/core/lock-key.ts';
import {
  lockKeyTextBytes,
  parseLockKey,
  writeLockKey,
} from '../../../src/protocol/protobuf/lock-key-text.ts';

function parse(text: string): LockKey | undefined {
  const bytes = Buffer.from(`--${text}--`, 'latin1');
  const key = new LockKey();
  return parseLockKey(bytes, 2, bytes.length - 2, key) ? key : undefined;
}

describe('lock keys as text', () => {
  it('are read into signed words and written as they were', () => {
    fc.assert(
      fc.property(fc.uuid(), (uuid) => {
        const key = parse(uuid);
        const words = uuid
          .replaceAll('-', '')
          .match(/.{8}/g)!
          .map((digits) => Number.parseInt(digits, 16) | 0);
        expect(key).toEqual(
          Object.assign(new LockKey(), { a: words[0], b: words[1], c: words[2], d: words[3] }),
        );
        const out = Buffer.alloc(lockKeyTextBytes + 4, 0x21);
        expect(writeLockKey(out, 2, key!)).toBe(2 + lockKeyTextBytes);
        expect(out.toString('latin1')).toBe(`!!${uuid}!!`);
      }),
    );
  });

  it('are written the same from unsigned words', () => {
    const key = Object.assign(new LockKey(), { a: 0xffff_ffff, b: 0x8000_0000, c: 0xdead_beef, d: 0 });
    const out = Buffer.alloc(lockKeyTextBytes);
    writeLockKey(out, 0, key);
    expect(out.toString('latin1')).toBe('ffffffff-8000-0000-dead-beef00000000');
  });

  it('have one form only', () => {
    const text = '0f8c2e5a-93b1-4d67-a2c4-7be150f36d98';
    expect(parse(text)).toBeDefined();
    expect(parse(text.toUpperCase())).toBeUndefined();
    expect(parse(text.slice(1))).toBeUndefined();
    expect(parse(`${text}0`)).toBeUndefined();
    expect(parse(text.replaceAll('-', ''))).toBeUndefined();
    expect(parse(text.replaceAll('-', '_'))).toBeUndefined();
    expect(parse('')).toBeUndefined();
  });

  it('hold hexadecimal digits in every place but the hyphens, and nothing else in any', () => {
    const text = '0f8c2e5a-93b1-4d67-a2c4-7be150f36d98';
    for (let place = 0; place < lockKeyTextBytes; place++) {
      for (let byte = 0; byte < 256; byte++) {
        const changed = text.slice(0, place) + String.fromCharCode(byte) + text.slice(place + 1);
        const allowed = text[place] === '-' ? '-' : '0123456789abcdef';
        if ((parse(changed) !== undefined) !== allowed.includes(String.fromCharCode(byte))) {
          expect.fail(`${changed} is taken for what it is not`);
        }
      }
    }
  });
});
