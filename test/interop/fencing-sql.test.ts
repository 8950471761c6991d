import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { fencingCheckSql } from '../../src/client/index.ts';
import { peers } from './peers.ts';

const run = promisify(execFile);

/** Runs the statement with rows of parameters in one SQLite, and prints the counts of changed rows and what is left. */
const script = `
import json, sqlite3, sys
text, rows = json.loads(sys.argv[1])
db = sqlite3.connect(":memory:")
db.execute('CREATE TABLE "order" (id TEXT PRIMARY KEY, state TEXT, token BIGINT NOT NULL DEFAULT 0)')
db.execute("INSERT INTO \\"order\\" (id) VALUES ('a'), ('b')")
counts = [db.execute(text, row).rowcount for row in rows]
print(json.dumps([counts, db.execute('SELECT * FROM "order" ORDER BY id').fetchall()]))
`;

const update = { table: 'order', keyColumn: 'id', tokenColumn: 'token', columns: ['state'] };

describe('a fenced update in SQLite', () => {
  it.each([
    ['$1', '"', 'order'],
    ['?', '"', 'main.order'],
    ['?', '`', 'order'],
  ] as const)(
    'takes effect with the largest token only, with %s, %s and %s',
    async (placeholders, quotes, table) => {
      const { text, parameters } = fencingCheckSql({ ...update, table, placeholders, quotes });
      const row = (id: string, state: string, token: number) =>
        parameters.map((name) => ({ id, state, token })[name]);
      const rows = [
        row('a', 'first', 5),
        row('a', 'again', 5),
        row('a', 'second', 7),
        row('a', 'late', 6),
        row('c', 'nobody', 9),
      ];
      // Numbered parameters are named ones to SQLite, which Python's driver takes from a list in their order.
      const { stdout } = await run(peers.python, [
        '-W',
        'ignore',
        '-c',
        script,
        JSON.stringify([text, rows]),
      ]);
      expect(JSON.parse(stdout)).toEqual([
        [1, 1, 1, 0, 0],
        [
          ['a', 'second', 7],
          ['b', null, 0],
        ],
      ]);
    },
  );

  it.each(['keyColumn', 'tokenColumn'] as const)(
    'is refused when %s is none of the table',
    async (column) => {
      // Were it a text to SQLite, it would be equal to this key in every row.
      const { text } = fencingCheckSql({ ...update, [column]: 'idd' });
      const rows = [['x', 5, 'idd', 5]];
      const refused = run(peers.python, ['-W', 'ignore', '-c', script, JSON.stringify([text, rows])]);
      await expect(refused).rejects.toThrow(/no such column: (order\.)?idd/);
    },
  );
});
