import { describe, expect, it } from 'vitest';
import { fencingCheckSql, InvalidOptionError } from '../../../src/client/index.ts';

const update = { table: 'jobs', keyColumn: 'id', tokenColumn: 'token', columns: ['state', 'result'] };

/** That databases take it, and what they make of it, is seen by test/interop/fencing-sql.test.ts. */
describe('the SQL of a fenced update', () => {
  it('compares and writes in one statement, and says what its parameters are', () => {
    expect(fencingCheckSql(update)).toEqual({
      text: 'UPDATE "jobs" SET "state" = $1, "result" = $2, "token" = $3 WHERE "jobs"."id" = $4 AND "jobs"."token" <= $5',
      parameters: ['state', 'result', 'token', 'id', 'token'],
    });
    expect(fencingCheckSql({ ...update, columns: ['state'], placeholders: '?' }).text).toBe(
      'UPDATE "jobs" SET "state" = ?, "token" = ? WHERE "jobs"."id" = ? AND "jobs"."token" <= ?',
    );
  });

  it('quotes names', () => {
    const { text } = fencingCheckSql({ ...update, table: 'main.or"der', columns: ['group'] });
    expect(text).toBe(
      'UPDATE "main"."or""der" SET "group" = $1, "token" = $2 WHERE "or""der"."id" = $3 AND "or""der"."token" <= $4',
    );
    const other = { ...update, table: 'a`b', columns: ['"'], quotes: '`', placeholders: '?' } as const;
    expect(fencingCheckSql(other).text).toBe(
      'UPDATE `a``b` SET `"` = ?, `token` = ? WHERE `a``b`.`id` = ? AND `a``b`.`token` <= ?',
    );
  });

  it('is refused without names', () => {
    for (const wrong of [{ columns: [] }, { table: '' }, { table: 'main.' }, { keyColumn: 'a\0' }]) {
      expect(() => fencingCheckSql({ ...update, ...wrong })).toThrow(InvalidOptionError);
    }
    const quotes = "'" as '"';
    expect(() => fencingCheckSql({ ...update, quotes })).toThrow(InvalidOptionError);
  });
});
