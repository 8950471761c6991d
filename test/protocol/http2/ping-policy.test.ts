import { expect, it } from 'vitest';
import { PingPolicy } from '../../../src/protocol/http2/ping-policy.ts';

it('objects to the fourth of four pings half a second apart, as LDLM does', () => {
  const policy = new PingPolicy();
  expect([0, 500, 1000, 1500].map((nowMs) => policy.ping(nowMs))).toEqual([true, true, true, false]);
});

it('takes a ping every ten seconds for ever', () => {
  const policy = new PingPolicy();
  for (let i = 0; i < 1000; i++) expect(policy.ping(i * 10_000)).toBe(true);
});

it('forgives strikes when something was sent', () => {
  const policy = new PingPolicy();
  for (let i = 0; i < 100; i++) {
    for (let strike = 0; strike < 3; strike++) expect(policy.ping(i)).toBe(true);
    policy.forgive();
  }
});
