import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseGrpcTimeoutMs } from '../../../src/protocol/grpc/timeout.ts';

describe('parseGrpcTimeoutMs', () => {
  it.each([
    ['1H', 3_600_000],
    ['2M', 120_000],
    ['30S', 30_000],
    ['250m', 250],
    ['1500u', 1.5],
    ['2500000n', 2.5],
    ['1n', 0.000001],
    ['0S', 0],
    ['007m', 7],
    ['99999999H', 359_999_996_400_000],
  ])('reads %j as %d ms', (value, ms) => {
    expect(parseGrpcTimeoutMs(value)).toBe(ms);
  });

  it.each([
    '',
    'S',
    '1',
    '12345678',
    '123456789m',
    '000000001m',
    '1s',
    '1h',
    '1U',
    '1 S',
    ' 1S',
    '1S ',
    '-1S',
    '+1S',
    '1.5S',
    '1e3S',
    '0x1S',
    '/1S',
    ':1S',
    '1Sm',
    '\u{0661}S',
  ])('refuses %j', (value) => {
    expect(parseGrpcTimeoutMs(value)).toBeNaN();
  });

  it('accepts exactly what the grammar does', () => {
    const nearlyValid = fc.stringMatching(/^[0-9]{0,9}[HMSmunx]?$/);
    fc.assert(
      fc.property(fc.oneof(nearlyValid, fc.string()), (value) => {
        const valid = /^[0-9]{1,8}[HMSmun]$/.test(value);
        expect(Number.isNaN(parseGrpcTimeoutMs(value))).toBe(!valid);
      }),
    );
  });
});
