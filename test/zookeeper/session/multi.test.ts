import { describe, expect, it } from 'vitest';
import { BadVersionError, NoNodeError } from '../../../src/zookeeper/server-refusal.ts';
import { check, type MultiPart, multi } from '../../../src/zookeeper/session/multi.ts';
import { MalformedReplyError } from '../../../src/zookeeper/zookeeper-error.ts';
import { int, reading, STAT, STAT_HEX, text, written } from '../jute-by-hand.ts';

/** MultiHeader: the kind of what follows, whether it is the end, and the number of an error, which nobody looks at. */
const header = (op: number): string => `${int(op)}00ffffffff`;
const END = 'ffffffff01ffffffff';
/** ErrorResult: servers send the number twice, in the head of what they say and as all of it. */
const refused = (code: number): string => `ffffffff00${int(code)}${int(code)}`;

const part = (op: number, path: string): MultiPart => ({
  op,
  path,
  write: (writer) => writer.string(`/space${path}`),
});

describe('a multi', () => {
  it('is its operations, each behind its head, and an end', () => {
    const parts = multi([part(1, '/a'), part(2, '/b')]);
    expect([parts.op, parts.path, parts.isRead]).toEqual([14, '/a', false]);
    expect(written((writer) => parts.write(writer))).toBe(
      [header(1), text('/space/a'), header(2), text('/space/b'), END].join(''),
    );
  });

  it('may have none', () => {
    const parts = multi([]);
    expect(parts.path).toBe('');
    expect(written((writer) => parts.write(writer))).toBe(END);
    expect(parts.read(reading(END))).toEqual({ results: [] });
  });

  it('may look whether a node has a version', () => {
    const checking = check({ server: '/space/a', client: '/a' }, 7);
    expect([checking.op, checking.path]).toEqual([13, '/a']);
    expect(written((writer) => checking.write(writer))).toBe(`${text('/space/a')}00000007`);
  });
});

describe('the answer to a multi', () => {
  const created = { path: '/space/a7', stat: STAT };
  const nothing = { path: null, stat: null };

  // Servers from 3.5 on say create2 for all that creates; the other numbers are theirs as well.
  it.each<[string, number, string, unknown]>([
    ['create', 1, text('/space/a7'), { path: '/space/a7', stat: null }],
    ['create2', 15, text('/space/a7') + STAT_HEX, created],
    ['createContainer', 19, text('/space/a7') + STAT_HEX, created],
    ['createTTL', 21, text('/space/a7') + STAT_HEX, created],
    ['setData', 5, STAT_HEX, { path: null, stat: STAT }],
    ['delete', 2, '', nothing],
    ['check', 13, '', nothing],
  ])('says what each has done: %s', (_, op, body, result) => {
    const reply = header(op) + body + header(2) + END;
    expect(multi([part(op, '/a'), part(2, '/b')]).read(reading(reply))).toEqual({
      results: [result, nothing],
    });
  });

  it('says for each why none was done, and of which it was not the fault', () => {
    const parts = multi(['/a', '/b', '/c', '/d'].map((path) => part(2, path)));
    const reply = [0, -101, -2, -103].map(refused).join('') + END;
    expect(parts.read(reading(reply))).toEqual({
      errors: [null, new NoNodeError('/b'), null, new BadVersionError('/d')],
    });
  });

  it('says why the only one was not done', () => {
    expect(multi([part(2, '/a')]).read(reading(refused(-101) + END))).toEqual({
      errors: [new NoNodeError('/a')],
    });
  });

  it.each([
    ['that is cut off', header(15) + text('/space/a') + STAT_HEX.slice(0, -2)],
    ['that ends before all were answered', header(2) + END],
    ['to what nobody can ask', header(2) + header(77) + END],
    ['whose refusal has no reason', header(2) + refused(-101).slice(0, -8)],
    ['of nothing', ''],
  ])('is none %s', (_, reply) => {
    expect(() => multi([part(2, '/a'), part(2, '/b')]).read(reading(reply))).toThrow(MalformedReplyError);
  });
});
