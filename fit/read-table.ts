/** Reads the tables of a profile folder: CSV, gzipped or not; only the columns asked for, as numbers where they are. */
import { existsSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { parse } from "csv-parse/sync";
import { InputError } from "../src/cli/exit-codes.ts";

export type Row = Readonly<Record<string, string>>;

/** The file's rows; none where it is missing. */
export function readTable(path: string): Row[] {
  if (!existsSync(path)) return [];
  const bytes = readFileSync(path);
  const text = path.endsWith(".gz") ? gunzipSync(bytes) : bytes;
  return parse(text, { columns: true });
}

export function numberOf(row: Row, column: string): number {
  const value = Number(row[column]);
  if (!Number.isFinite(value))
    throw new InputError(`column ${column}: '${row[column]}' is no number`);
  return value;
}
