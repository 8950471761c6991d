import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeLdlmState, type LdlmSession, type LdlmState } from '../../src/journal/ldlm-state-file.ts';
import { StateFileError } from '../../src/journal/state-error.ts';
import { type EncodedSession, encodeLdlmState } from './ldlm-state-encoder.ts';

const path = '/var/lib/ldlm/state';
const key1 = '0f8c2e5a-93b1-4d67-a2c4-7be150f36d98';
const key2 = '1b4e28ba-2fa1-41d2-883f-0016d3cca427';
const key3 = '6fa459ea-ee8a-4ca4-894e-db77e160355e';

const decode = (bytes: Uint8Array): LdlmState => decodeLdlmState(bytes, path);

function refusal(bytes: Uint8Array): StateFileError {
  try {
    decode(bytes);
  } catch (error) {
    if (error instanceof StateFileError) return error;
    throw error;
  }
  return expect.fail('the file was accepted');
}

/** A file of one session with these locks, and an odd size so that its coding is plain. */
function holding(...locks: EncodedSession['locks']): Buffer {
  const last = { name: 'last', key: key1, size: 1 };
  return encodeLdlmState([{ sessionId: 's', locks: [...locks, last] }]);
}

/** What is kept of it but the last lock. */
function kept(state: LdlmState): LdlmSession['locks'] {
  const { locks } = state.sessions[0]!;
  expect(locks.at(-1)).toStrictEqual({ name: 'last', key: key1, size: 1 });
  return locks.slice(0, -1);
}

const byteStrings = (from: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  from.map((text) => Buffer.from(text).toString('latin1'));

/** Locks of different names, each with no more holders than it has room for. */
const lockSets = fc
  .uniqueArray(
    fc.record({
      name: byteStrings(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 200 })),
      size: fc.oneof(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 2 ** 31 - 1 })),
      keys: fc.uniqueArray(fc.uuid(), { minLength: 1, maxLength: 4 }),
    }),
    { selector: ({ name }) => name, maxLength: 12 },
  )
  .map((locks) =>
    locks.flatMap(({ name, size, keys }) => keys.slice(0, size).map((key) => ({ name, key, size }))),
  );

/** The same, dealt out to sessions. */
const states: fc.Arbitrary<LdlmSession[]> = fc
  .tuple(lockSets, fc.array(byteStrings(fc.string({ maxLength: 200 })), { minLength: 1, maxLength: 4 }))
  .map(([locks, sessionIds]) =>
    sessionIds.map((sessionId, i) => ({
      sessionId,
      locks: locks.filter((_, lock) => lock % sessionIds.length === i),
    })),
  );

const inBytes = (sessions: readonly LdlmSession[]): EncodedSession[] =>
  sessions.map(({ sessionId, locks }) => ({
    sessionId: Buffer.from(sessionId, 'latin1'),
    locks: locks.map(({ name, key, size }) => ({ name: Buffer.from(name, 'latin1'), key, size })),
  }));

const isEven = (sessions: readonly LdlmSession[]): boolean =>
  sessions.every(({ locks }) => locks.every(({ size }) => size % 2 === 0));

describe("a state file of LDLM's", () => {
  it('is five bytes when nothing is held', () => {
    expect(decode(Buffer.of(0, 1, 1, 1, 1))).toStrictEqual({ sessions: [], skipped: [] });
  });

  it('has its texts, sizes and ends of lists in this order', () => {
    const bytes = Buffer.concat([
      Buffer.of(2),
      Buffer.from('\x02s1\x02'),
      Buffer.from(`\x05name1\x24${key1}`),
      Buffer.of(1, 0, 0, 0),
      Buffer.from(`\x05name2\x24${key2}`),
      Buffer.of(0x78, 0x56, 0x34, 0x12),
      Buffer.of(1, 1, 1, 1),
      Buffer.from('\x02s2\x00'),
      Buffer.of(1, 1, 1, 1),
      Buffer.of(1, 1, 1, 1),
    ]);
    expect(decode(bytes)).toStrictEqual({
      sessions: [
        {
          sessionId: 's1',
          locks: [
            { name: 'name1', key: key1, size: 1 },
            { name: 'name2', key: key2, size: 0x1234_5678 },
          ],
        },
        { sessionId: 's2', locks: [] },
      ],
      skipped: [],
    });
  });

  it('is read as it was written since sizes are plain', () => {
    fc.assert(
      fc.property(states, (sessions) => {
        fc.pre(!isEven(sessions));
        expect(decode(encodeLdlmState(inBytes(sessions)))).toStrictEqual({ sessions, skipped: [] });
      }),
    );
  });

  it('is read as it was written while sizes were zigzag', () => {
    fc.assert(
      fc.property(states, (sessions) => {
        expect(decode(encodeLdlmState(inBytes(sessions), 'zigzag'))).toStrictEqual({ sessions, skipped: [] });
      }),
    );
  });

  it('is read from where it begins in the midst of other bytes', () => {
    const bytes = Buffer.concat([Buffer.from('...'), holding({ name: 'a', key: key2, size: 3 })]);
    expect(kept(decode(new Uint8Array(bytes).subarray(3)))).toStrictEqual([
      { name: 'a', key: key2, size: 3 },
    ]);
  });

  it('may be large', () => {
    const locks = Array.from({ length: 20_000 }, (_, i) => ({
      name: i < 10_000 ? 'one of many holders' : `lock ${i}`,
      key: `00000000-0000-4000-8000-${String(i).padStart(12, '0')}`,
      size: 10_000,
    }));
    expect(kept(decode(holding(...locks)))).toStrictEqual(locks);
  });
});

describe('sizes that are all even', () => {
  const even = (size: number, ...keys: string[]): number[] => {
    const locks = keys.map((key) => ({ name: 'a', key, size }));
    const { sessions, skipped } = decode(encodeLdlmState([{ sessionId: 's', locks }]));
    expect(skipped).toStrictEqual([]);
    return sessions[0]!.locks.map((lock) => lock.size);
  };

  it('are halved while that leaves room for the holders', () => {
    expect(even(2, key1)).toStrictEqual([1]);
    expect(even(4, key1, key2)).toStrictEqual([2, 2]);
  });

  it('are taken as they are where it does not', () => {
    expect(even(2, key1, key2)).toStrictEqual([2, 2]);
    expect(even(4, key1, key2, key3)).toStrictEqual([4, 4, 4]);
  });

  it('are judged lock by lock', () => {
    const locks = [
      { name: 'crowded', key: key1, size: 2 },
      { name: 'quiet', key: key1, size: 2 },
      { name: 'crowded', key: key2, size: 2 },
    ];
    const { sessions } = decode(encodeLdlmState([{ sessionId: 's', locks }]));
    expect(sessions[0]!.locks.map(({ name, size }) => [name, size])).toStrictEqual([
      ['crowded', 2],
      ['quiet', 1],
      ['crowded', 2],
    ]);
  });
});

describe('locks that cannot be kept are skipped, with the reason:', () => {
  const long = 'n'.repeat(65_537);
  it.each([
    ['an empty name', { name: '', key: key2, size: 1 }, 'its name is empty'],
    ['a long name', { name: long, key: key2, size: 1 }, 'its name is longer than 65536 bytes'],
    ['a name that is no text', { name: Buffer.of(0xff), key: key2, size: 1 }, 'its name is not UTF-8'],
    ['no key', { name: 'a', key: '', size: 1 }, 'its key is no UUID in lower case'],
    ['another key', { name: 'a', key: 'mine', size: 1 }, 'its key is no UUID in lower case'],
    ['capitals', { name: 'a', key: key2.toUpperCase(), size: 1 }, 'its key is no UUID in lower case'],
    ['no room', { name: 'a', key: key2, size: 0 }, 'its size is not positive'],
    ['less than no room', { name: 'a', key: key2, size: -1 }, 'its size is not positive'],
    ['another size', { name: 'last', key: key2, size: 3 }, 'its size is 1, but was 3 before'],
  ])('%s', (what, lock, reason) => {
    const state = decode(holding(lock));
    if (what === 'another size') {
      // That one came first, so it is the last one that has no place.
      expect(state.sessions[0]!.locks).toStrictEqual([lock]);
    } else {
      expect(kept(state)).toStrictEqual([]);
    }
    expect(state.skipped.map((skipped) => skipped.reason)).toStrictEqual([reason]);
  });

  it('a name is shown as text, and cut short', () => {
    const names = ['ä'.repeat(20), 'n'.repeat(1000)];
    const { skipped } = decode(holding(...names.map((name) => ({ name, key: 'mine', size: 1 }))));
    expect(skipped.map(({ name }) => name)).toStrictEqual(['ä'.repeat(20), 'n'.repeat(100)]);
  });

  it('the longest name is kept', () => {
    const lock = { name: long.slice(1), key: key2, size: 1 };
    expect(kept(decode(holding(lock)))).toStrictEqual([lock]);
  });

  it('more holders than there is room for, of any session', () => {
    const [first, second, third] = [key1, key2, key3].map((key) => ({ name: 'a', key, size: 2 }));
    const state = decode(
      encodeLdlmState([
        { sessionId: 'phantom', locks: [first!, { name: 'mutex', key: key1, size: 1 }] },
        { sessionId: 'holder', locks: [{ name: 'mutex', key: key2, size: 1 }, second!] },
        { sessionId: 'late', locks: [third!] },
      ]),
    );
    expect(state).toStrictEqual({
      sessions: [
        { sessionId: 'phantom', locks: [first, { name: 'mutex', key: key1, size: 1 }] },
        { sessionId: 'holder', locks: [second] },
        { sessionId: 'late', locks: [] },
      ],
      skipped: [
        { name: 'mutex', reason: 'as many holders as its size of 1 came before' },
        { name: 'a', reason: 'as many holders as its size of 2 came before' },
      ],
    });
  });

  it('the same holder a second time, but not the same key with another lock', () => {
    const [a, b] = ['a', 'b'].map((name) => ({ name, key: key2, size: 9 }));
    const c = { name: 'a', key: key3, size: 9 };
    const state = decode(holding(a!, b!, a!, c, c));
    expect(kept(state)).toStrictEqual([a, b, c]);
    const reason = 'the same holder came before';
    expect(state.skipped).toStrictEqual([
      { name: 'a', reason },
      { name: 'a', reason },
    ]);
  });
});

describe('a file of another layout', () => {
  const bytes = holding({ name: 'a', key: key2, size: 3 });
  const at = (offset: number, ...values: number[]): Buffer => {
    const changed = Buffer.from(bytes);
    changed.set(values, offset);
    return changed;
  };

  it('is refused at each length but the whole', () => {
    for (let length = 0; length < bytes.length; length++) {
      expect(refusal(bytes.subarray(0, length)).code).toBe('LDLM_STATE_FOREIGN');
    }
    expect(kept(decode(bytes))).toHaveLength(1);
  });

  it.each([
    ['an empty file', Buffer.alloc(0), 0, 'no number'],
    ['text', Buffer.from('listen_address: 0.0.0.0:3144\n'), 1, 'a text longer than the file'],
    ['zeros', Buffer.alloc(64), 1, 'no end of a list'],
    ['a byte too many', Buffer.concat([bytes, Buffer.of(0)]), bytes.length, 'more follows the end'],
    ['a session too many', at(0, 2), bytes.length - 1, 'a text longer than the file'],
    ['a session too few', at(0, 0), 1, 'no end of a list'],
    ['a lock too few', at(3, 1), 47, 'no end of a list'],
    ['no end of the inner list', at(bytes.length - 8, 2), bytes.length - 8, 'no end of a list'],
    ['no end of the outer list', at(bytes.length - 1, 0), bytes.length - 4, 'no end of a list'],
    ['a text that is too long', at(6, 0x7f, 0x7f), 6, 'a text longer than the file'],
    ['a number of 64 bits', at(0, ...Array(9).fill(0xff), 1), 0, 'no number'],
    ['a number of 33 bits', at(0, 0xff, 0xff, 0xff, 0xff, 0x1f), 0, 'no number'],
    ['a number without end', Buffer.alloc(40, 0xff), 0, 'no number'],
    ['a size that is cut short', bytes.subarray(0, 46), 43, 'cut short'],
  ])('is refused where it begins to differ: %s', (_, file, offset, reason) => {
    expect(refusal(file)).toMatchObject({
      code: 'LDLM_STATE_FOREIGN',
      message: expect.stringMatching(`^${path} .*\\(at byte ${offset}: ${reason}\\)`),
    });
  });

  it('does no harm by its numbers, however large', () => {
    const most = [0xff, 0xff, 0xff, 0xff, 0x0f];
    expect(refusal(Buffer.of(...most, 0, 0, 1, 1, 1, 1)).code).toBe('LDLM_STATE_FOREIGN');
    expect(refusal(Buffer.of(1, 0, ...most, 1, 1, 1, 1)).code).toBe('LDLM_STATE_FOREIGN');
    expect(refusal(Buffer.of(1, ...most, 1, 1, 1, 1)).code).toBe('LDLM_STATE_FOREIGN');
  });

  it('is refused or read, but never anything else', () => {
    const anything = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc
        .tuple(states, fc.nat(), fc.nat({ max: 255 }))
        .map(([sessions, where, value]) =>
          encodeLdlmState(inBytes(sessions)).map((byte, i, all) => (i === where % all.length ? value : byte)),
        ),
    );
    let read = 0;
    fc.assert(
      fc.property(anything, (file) => {
        try {
          const { sessions, skipped } = decode(file);
          const locks = sessions.reduce((sum, session) => sum + session.locks.length, 0);
          expect((locks + skipped.length) * 6).toBeLessThan(file.length);
          read++;
        } catch (error) {
          expect(error).toMatchObject({ name: 'StateFileError', code: 'LDLM_STATE_FOREIGN' });
        }
      }),
      { numRuns: 1000 },
    );
    expect(read).toBeGreaterThan(0);
  });
});
