import { InvalidOptionError } from '../errors.ts';

/** The row that a lock protects, and what is to be written to it. */
export interface FencedUpdate {
  /** With its schema, if need be, as `schema.table`. */
  readonly table: string;
  /** The column that tells the row. */
  readonly keyColumn: string;
  /** A column for 64-bit whole numbers that holds the largest token seen: `BIGINT NOT NULL DEFAULT 0`. */
  readonly tokenColumn: string;
  /** The columns to write. */
  readonly columns: readonly string[];
  /**
   * What parameters are written as: `$1`, `$2`, ... for PostgreSQL, `?` for SQLite. With `?` it is MySQL's, too, where
   * `sql_mode` has ANSI_QUOTES and the connection CLIENT_FOUND_ROWS, without which an equal row counts as none. Default `$1`.
   */
  readonly placeholders?: '$1' | '?';
}

export interface FencedStatement {
  readonly text: string;
  /** What each parameter is for, in order: the columns, the token, the key, and the token once more. */
  readonly parameters: readonly string[];
}

/**
 * An UPDATE that takes effect only if no larger token was seen: plain SQL, for SQLite and PostgreSQL alike. It is for the
 * program to run it, with `lock.fencingToken` for the token. One changed row: written. None: there is no such row, or the
 * token is stale, and so is everything that this holder of the lock does.
 *
 * The comparison and the write are one statement, so no writer can come in between. Names are quoted, so PostgreSQL tells
 * capitals from small letters in them.
 *
 * @throws InvalidOptionError for names that are empty, and when there is no column to write
 */
export function fencingCheckSql(update: FencedUpdate): FencedStatement {
  const { table, keyColumn, tokenColumn, columns, placeholders = '$1' } = update;
  if (columns.length === 0) throw new InvalidOptionError('columns must name at least one column to write');
  const parameters: string[] = [];
  const parameter = (column: string): string => {
    parameters.push(column);
    return placeholders === '?' ? '?' : `$${parameters.length}`;
  };
  const written = [...columns, tokenColumn].map((column) => `${quoted(column)} = ${parameter(column)}`);
  const isRow = `${quoted(keyColumn)} = ${parameter(keyColumn)}`;
  const isFresh = `${quoted(tokenColumn)} <= ${parameter(tokenColumn)}`;
  const name = table.split('.').map(quoted).join('.');
  return { text: `UPDATE ${name} SET ${written.join(', ')} WHERE ${isRow} AND ${isFresh}`, parameters };
}

function quoted(name: string): string {
  if (name === '' || name.includes('\0'))
    throw new InvalidOptionError('a name of a table or column is empty');
  return `"${name.replaceAll('"', '""')}"`;
}
