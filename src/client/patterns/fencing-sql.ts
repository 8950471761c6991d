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
  /** What parameters are written as: `$1`, `$2`, ... for PostgreSQL, `?` for SQLite and MySQL. Default `$1`. */
  readonly placeholders?: '$1' | '?';
  /**
   * What names are put in: `"` is the standard's, and a backtick MySQL's, unless its `sql_mode` has ANSI_QUOTES. A connection
   * to MySQL needs CLIENT_FOUND_ROWS, without which a row that was equal before counts as none. Default `"`.
   */
  readonly quotes?: '"' | '`';
}

export interface FencedStatement {
  readonly text: string;
  /** What each parameter is for, in order: the columns, the token, the key, and the token once more. */
  readonly parameters: readonly string[];
}

/**
 * An UPDATE that takes effect only if no larger token was seen: plain SQL, for SQLite and PostgreSQL alike. It is for the
 * program to run it, with `lock.fencingToken` for the token. One changed row: written. None: there is no such row, or the
 * token is stale, and so is everything that this holder of the lock does. A server that gives no tokens gives 0, which must
 * not be passed: it is not below the 0 of a row that has seen none, so the statement would refuse nobody.
 *
 * The comparison and the write are one statement, so no writer can come in between. Names are quoted, so PostgreSQL tells
 * capitals from small letters in them. What is compared is named with its table: SQLite takes a quoted name that it does
 * not know for a text, and a misspelt column could so be equal to the key in every row.
 *
 * @throws InvalidOptionError for names that are empty, for other quotes, and when there is no column to write
 */
export function fencingCheckSql(update: FencedUpdate): FencedStatement {
  const { table, keyColumn, tokenColumn, columns, placeholders = '$1', quotes = '"' } = update;
  if (columns.length === 0) throw new InvalidOptionError('columns must name at least one column to write');
  if (quotes !== '"' && quotes !== '`')
    throw new InvalidOptionError(`quotes must be " or \`, not ${JSON.stringify(quotes)}`);
  const quoted = (name: string): string => quote(name, quotes);
  const parameters: string[] = [];
  const parameter = (column: string): string => {
    parameters.push(column);
    return placeholders === '?' ? '?' : `$${parameters.length}`;
  };
  const path = table.split('.').map(quoted);
  const ofRow = (column: string): string => `${path.at(-1)}.${quoted(column)}`;
  const written = [...columns, tokenColumn].map((column) => `${quoted(column)} = ${parameter(column)}`);
  const isRow = `${ofRow(keyColumn)} = ${parameter(keyColumn)}`;
  const isFresh = `${ofRow(tokenColumn)} <= ${parameter(tokenColumn)}`;
  const text = `UPDATE ${path.join('.')} SET ${written.join(', ')} WHERE ${isRow} AND ${isFresh}`;
  return { text, parameters };
}

function quote(name: string, mark: string): string {
  if (name === '' || name.includes('\0'))
    throw new InvalidOptionError('a name of a table or column is empty');
  return `${mark}${name.replaceAll(mark, mark + mark)}${mark}`;
}
