import { describe, expect, it } from 'vitest';
import { suggestName } from '../../src/config/suggestion.ts';

describe('suggestName', () => {
  const names = ['listen_address', 'lock_gc_interval', 'shards', 'tls_key', 'tls_cert'];

  it.each([
    ['listen_adress', 'listen_address'],
    ['listne_address', 'listen_address'],
    ['shard', 'shards'],
    ['tls_kye', 'tls_key'],
    ['lock_interval', 'lock_gc_interval'],
  ])('takes %s for %s', (word, name) => {
    expect(suggestName(word, names)).toBe(name);
  });

  it.each(['', 'x', 'nope', 'state_file', 'rest_listen_address'])('knows nothing near %j', (word) => {
    expect(suggestName(word, names)).toBeNull();
  });

  it('prefers the nearest', () => {
    expect(suggestName('abcd', ['abxx', 'abcx', 'axxx'])).toBe('abcx');
  });
});
