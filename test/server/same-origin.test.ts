import { describe, expect, it } from 'vitest';
import { isSameOrigin } from '../../src/server/same-origin.ts';

describe('isSameOrigin', () => {
  it('compares host and port, whatever their case', () => {
    expect(isSameOrigin('http://locks.example:8080', 'Locks.example:8080', false)).toBe(true);
    expect(isSameOrigin('HTTP://LOCKS.example', 'locks.example', false)).toBe(true);
    for (const other of [
      ...['http://locks.example', 'http://locks.example:80801', 'http://locks.example:8080/', 'null', ''],
      ...['locks.example:8080', 'ftp://locks.example:8080', 'http://x@locks.example:8080'],
    ]) {
      expect(isSameOrigin(other, 'locks.example:8080', false), other).toBe(false);
    }
  });

  it('knows the scheme, also that of a proxy in front', () => {
    expect(isSameOrigin('https://a', 'a', true)).toBe(true);
    expect(isSameOrigin('https://a', 'a', false)).toBe(true);
    expect(isSameOrigin('http://a', 'a', true)).toBe(false);
  });

  it('needs both headers', () => {
    expect(isSameOrigin(undefined, 'a', false)).toBe(false);
    expect(isSameOrigin('http://a', undefined, false)).toBe(false);
  });
});
