/**
 * The little that the store asks of a database engine: rows for a statement, transactions, and one fast way to write many
 * rows. Statements are SQL that SQLite and PostgreSQL both understand, with parameters `$1`, `$2`, ...; integers come
 * back as bigints.
 */
import { assert } from "../../base/assert.ts";

export type Value = string | number | bigint | null;
/** As the engine's library gives it; the functions below say what a column holds. */
export type Row = Readonly<Record<string, unknown>>;

type ColumnType = "integer" | "real" | "text";

/** Where rows go. */
export interface Destination {
  readonly table: string;
  readonly columns: Readonly<Record<string, ColumnType>>;
  /** For example `(day, tenant) DO UPDATE SET ...`; without it a conflict is an error. */
  readonly onConflict?: string;
}

export interface Queries {
  rows(sql: string, parameters?: readonly Value[]): Promise<readonly Row[]>;
  /** Each row has a value per column, in their order. */
  insert(into: Destination, rows: readonly (readonly Value[])[]): Promise<void>;
}

/** What a schema's texts need to know of the engine. */
export interface Dialect {
  readonly integer: string;
  readonly real: string;
  /** After the closing bracket of a table. */
  readonly tableOptions: string;
  /** The database's own clock at the start of a statement, Unix ms: the one clock that all who share a database have in common. */
  readonly nowMs: string;
  /** Makes those who change the schema take turns, until the transaction ends; undefined where all writers do anyway. */
  readonly lockSchema: string | undefined;
}

export interface Database extends Queries {
  readonly dialect: Dialect;
  /** For messages: the file, or the server without its password. */
  readonly place: string;
  /** Commits when `work` resolves, undoes everything when it rejects. Writers take turns. */
  transaction<T>(work: (queries: Queries) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** A column that holds one of some words. */
export function oneOf<T extends string>(words: readonly T[], row: Row, column: string): T {
  const word = words.find((one) => one === row[column]);
  assert(word !== undefined, "a stored word that this program does not know");
  return word;
}

/** A column that holds an integer which a double counts exactly. */
export function integerAt(row: Row, column: string): number {
  const value = Number(row[column]);
  assert(Number.isSafeInteger(value), "a stored integer beyond exact doubles");
  return value;
}

export function optionalIntegerAt(row: Row, column: string): number | undefined {
  return row[column] === null ? undefined : integerAt(row, column);
}

export function bigintAt(row: Row, column: string): bigint {
  const value = row[column];
  assert(typeof value === "bigint", "a stored integer that came back as something else");
  return value;
}

export function textAt(row: Row, column: string): string {
  const value = row[column];
  assert(typeof value === "string", "a stored text that came back as something else");
  return value;
}

export function optionalTextAt(row: Row, column: string): string | undefined {
  return row[column] === null ? undefined : textAt(row, column);
}
