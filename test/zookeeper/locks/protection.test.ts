import { expect, it, vi } from 'vitest';
import { nextProtection, protectionOf } from '../../../src/zookeeper/locks/protection.ts';

/** As UUID.randomUUID of Java writes them. */
const UUID_4 = /^_c_[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}-$/;

it('is made of a UUID as Curator has it', () => {
  expect(protectionOf('0b6ce0d8-4b59-4a2b-9a0e-000000000001')).toBe(
    '_c_0b6ce0d8-4b59-4a2b-9a0e-000000000001-',
  );
});

it('is another one each time, and looks like a random one', () => {
  const all = Array.from({ length: 10_000 }, nextProtection);
  expect(new Set(all).size).toBe(all.length);
  expect(all.filter((each) => !UUID_4.test(each))).toEqual([]);
});

it('has a stem of its own wherever it is loaded, as in each thread', async () => {
  const path = '../../../src/zookeeper/locks/protection.ts';
  const stems: string[] = [];
  for (let i = 0; i < 3; i++) {
    vi.resetModules();
    const loaded = (await import(path)) as { nextProtection(): string };
    stems.push(loaded.nextProtection().slice(0, 26));
  }
  expect(new Set(stems).size).toBe(3);
});
