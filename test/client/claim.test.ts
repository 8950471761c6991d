import { describe, expect, it } from 'vitest';
import { readClaim } from '../../src/client/claim.ts';
import { checkClientOptions, type WaitOptions } from '../../src/client/client-options.ts';
import { InvalidOptionError } from '../../src/client/errors.ts';

/** Options as a caller without types may give them. */
function read(name: unknown, options: unknown) {
  return readClaim(name as string, options as WaitOptions, checkClientOptions({ lockTimeoutMs: 7 }));
}

describe('what a call asks for', () => {
  it('has the defaults of the protocol, and those of the client', () => {
    expect(read('a', {})).toEqual({
      ...{ name: 'a', size: null, permits: 1, shared: false, holder: '' },
      ...{ lockTimeoutMs: 7, waitTimeoutMs: 0, autoRenew: true, unattended: false },
    });
  });

  it('is taken as it is given', () => {
    const given = {
      ...{ size: 3, permits: 2, shared: true, holder: 'me' },
      ...{ lockTimeoutMs: 0, waitTimeoutMs: 9, autoRenew: false, unattended: false },
    };
    expect(read('a', given)).toEqual({ name: 'a', ...given });
    expect(read('a', { lockTimeoutSeconds: 2, waitTimeoutSeconds: 0.5 })).toMatchObject({
      lockTimeoutMs: 2_000,
      waitTimeoutMs: 500,
    });
  });

  it.each([
    ['', {}, 'the name of a lock must be a text of at least one character'],
    [7, {}, 'the name of a lock must be a text of at least one character'],
    ['a', 5_000, 'options must be an object such as { waitTimeoutMs: 5000 }, not 5000'],
    ['a', null, 'options must be an object such as { waitTimeoutMs: 5000 }, not null'],
    ['a', new AbortController().signal, 'such as { waitTimeoutMs: 5000 }, not [object AbortSignal]'],
    ['a', () => {}, 'such as { waitTimeoutMs: 5000 }, not a function'],
    ['a', { size: 0 }, 'size must be a whole number from 1 on, not 0'],
    ['a', { permits: 1.5 }, 'permits must be a whole number from 1 on, not 1.5'],
    ['a', { size: 2 ** 31 }, 'size must be a whole number from 1 on, not 2147483648'],
    ['a', { holder: 7 }, 'holder must be a text, not 7'],
    ['a', { unattended: true, lockTimeoutMs: 0 }, 'unattended needs a lock timeout'],
    ['a', { waitTimeoutMs: -1 }, 'waitTimeoutMs must be a number from 0 on, not -1'],
  ])('of %j with %o is refused', (name, options, message) => {
    expect(() => read(name, options)).toThrow(InvalidOptionError);
    expect(() => read(name, options)).toThrow(message);
  });
});
