import { describe, expect, it } from 'vitest';
import { RequestIds } from '../../src/client/request-ids.ts';

function hex(id: Uint8Array): string {
  return Buffer.from(id).toString('hex');
}

describe('request ids', () => {
  it('have 16 bytes', () => {
    const ids = new RequestIds();
    expect([ids.next().length, ids.next().length]).toEqual([16, 16]);
  });

  it('are counted behind ten bytes that stay', () => {
    const ids = new RequestIds();
    const made = Array.from({ length: 300 }, () => hex(ids.next()));
    expect(new Set(made.map((id) => id.slice(0, 20))).size).toBe(1);
    expect(made.map((id) => Number.parseInt(id.slice(20), 16))).toEqual(made.map((_, index) => index + 1));
  });

  it('are not made twice, neither by one maker nor by two', () => {
    const makers = Array.from({ length: 50 }, () => new RequestIds());
    const made = makers.flatMap((ids) => Array.from({ length: 20 }, () => hex(ids.next())));
    expect(new Set(made).size).toBe(1_000);
  });

  it("are their owner's: the next one changes none before it", () => {
    const ids = new RequestIds();
    const first = ids.next();
    const before = hex(first);
    const second = ids.next();
    expect(hex(first)).toBe(before);
    second.fill(0);
    expect(hex(ids.next()).slice(0, 20)).toBe(before.slice(0, 20));
  });
});
