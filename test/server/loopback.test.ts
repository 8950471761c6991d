import { describe, expect, it } from 'vitest';
import { isLoopback } from '../../src/server/loopback.ts';

describe('isLoopback', () => {
  it('knows loopback in each of its forms', () => {
    for (const ip of ['127.0.0.1', '127.255.0.1', '::1', '::ffff:127.0.0.1', '0:0:0:0:0:0:0:1']) {
      expect(isLoopback(ip), ip).toBe(true);
    }
    for (const ip of [
      '',
      'localhost',
      '0.0.0.0',
      '::',
      '128.0.0.1',
      '::2',
      '::ffff:10.0.0.1',
      '10.127.0.1',
    ]) {
      expect(isLoopback(ip), ip).toBe(false);
    }
  });
});
