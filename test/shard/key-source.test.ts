import { describe, expect, it } from 'vitest';
import { LockKey } from '../../src/core/lock-key.ts';
import { writeLockKey } from '../../src/protocol/protobuf/lock-key-text.ts';
import { RandomKeySource } from '../../src/shard/key-source.ts';

describe('RandomKeySource', () => {
  it('gives keys in the form of UUID version 4, each once, also when it draws anew', () => {
    const source = new RandomKeySource();
    const key = new LockKey();
    const out = Buffer.alloc(36);
    const texts = new Set<string>();
    const used = Buffer.alloc(16);
    for (let i = 0; i < 5_000; i++) {
      source.next(key);
      writeLockKey(out, 0, key);
      const text = out.toString('latin1');
      expect(text).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      texts.add(text);
      const bytes = Buffer.from(text.replaceAll('-', ''), 'hex');
      for (let b = 0; b < 16; b++) used[b]! |= bytes[b]!;
    }
    expect(texts.size).toBe(5_000);
    // Every bit that is not fixed by the form is drawn.
    expect(used.toString('hex')).toBe('ffffffffffff4fffbfffffffffffffff');
  });
});
