/**
 * Turns the lines of a trace file into the cells a format wants, for both containers: CSV under a header, and JSON
 * objects one a line. Reading goes block by block; a CSV block that does not parse as a whole is parsed again line by
 * line, so that one bad line is one bad row. A line break inside quotes is not supported: no trace format has one.
 */
import { CsvError, parse } from "csv-parse/sync";
import { FORMATS, columnsOf } from "./formats.ts";
import type { FormatRules } from "./formats.ts";
import { readLineBlocks } from "./line-blocks.ts";
import type { LineBlock } from "./line-blocks.ts";
import { TraceError } from "./trace-error.ts";

/** The cells of one line in the order time, prompt, output, client, and hashes as JSON; or why it has none. */
export interface TraceRecord {
  /** Counted from 1, the header included. */
  readonly line: number;
  readonly cells: readonly string[] | { readonly reason: string };
}

type Cells = TraceRecord["cells"];

/**
 * All rows of the file, blank lines left out.
 *
 * Fails: TraceError when the file cannot be read or its header lacks a column.
 */
export function* readRecords(path: string, rules: FormatRules): Generator<TraceRecord, void> {
  let toCells: ((row: readonly string[]) => Cells) | undefined;
  for (const block of readLineBlocks(path)) {
    if (rules.container === "jsonl") {
      yield* jsonRecords(block, rules);
      continue;
    }
    for (const { line, row } of csvRows(block)) {
      if (isBlank(row)) continue;
      if (toCells !== undefined) yield { line, cells: "reason" in row ? row : toCells(row) };
      else toCells = cellPicker(path, rules, row);
    }
  }
}

function* jsonRecords(block: LineBlock, rules: FormatRules): Generator<TraceRecord, void> {
  const columns = { names: columnsOf(rules), optional: rules.hashes };
  let line = block.firstLine;
  for (const text of linesOf(block)) {
    if (text.trim() !== "") yield { line, cells: jsonCells(text, columns) };
    line++;
  }
}

function jsonCells(
  text: string,
  { names, optional }: { readonly names: readonly string[]; readonly optional: string | undefined },
): Cells {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { reason: "is not valid JSON" };
  }
  if (typeof value !== "object" || value === null) return { reason: "is not a JSON object" };
  const entries = new Map<string, unknown>(Object.entries(value));
  const missing = names.find((name) => !entries.has(name));
  if (missing !== undefined) return { reason: `has no ${missing}` };
  const present = optional !== undefined && entries.has(optional) ? [...names, optional] : names;
  return present.map((name) => {
    const entry = entries.get(name);
    return typeof entry === "number" ? String(entry) : (JSON.stringify(entry) ?? "");
  });
}

type CsvRow = readonly string[] | { readonly reason: string };

function* csvRows(block: LineBlock): Generator<{ line: number; row: CsvRow }, void> {
  const lines = linesOf(block);
  const rows = parseCsv(block.text);
  const isWhole = !("reason" in rows) && rows.length === lines.length;
  for (let i = 0; i < lines.length; i++) {
    const line = block.firstLine + i;
    yield { line, row: isWhole ? rows[i]! : parseLine(lines[i]!) };
  }
}

function parseLine(text: string): CsvRow {
  const rows = parseCsv(text);
  return "reason" in rows ? rows : (rows[0] ?? []);
}

function parseCsv(text: string): string[][] | { readonly reason: string } {
  try {
    return parse(text, { record_delimiter: ["\r\n", "\n"], relax_column_count: true, trim: true });
  } catch (cause) {
    if (!(cause instanceof CsvError)) throw cause;
    return { reason: `is not valid CSV (${cause.message.split(":")[0]})` };
  }
}

function isBlank(row: CsvRow): boolean {
  return !("reason" in row) && row.every((cell) => cell === "");
}

/** Finds the wanted columns in a header and gives the function that picks their cells from a row. */
function cellPicker(
  path: string,
  rules: FormatRules,
  header: CsvRow,
): (row: readonly string[]) => Cells {
  if ("reason" in header) throw new TraceError(path, `the header ${header.reason}`);
  const names = columnsOf(rules);
  const missing = names.filter((name) => !header.includes(name));
  if (missing.length > 0) throw new TraceError(path, headerProblem(missing, header));
  const twice = names.find((name) => header.indexOf(name) !== header.lastIndexOf(name));
  if (twice !== undefined) throw new TraceError(path, `the header has ${twice} twice`);
  const positions = names.map((name) => header.indexOf(name));
  return (row) => {
    if (row.length === header.length) return positions.map((position) => row[position]!);
    return { reason: `has ${row.length} columns where the header has ${header.length}` };
  };
}

function headerProblem(missing: readonly string[], header: readonly string[]): string {
  const found = header.join(",").slice(0, 200);
  const other = Object.entries(FORMATS).find(
    ([, rules]) =>
      rules.container === "csv" && columnsOf(rules).every((name) => header.includes(name)),
  );
  const hint = other === undefined ? "" : `; this header is that of the format ${other[0]}`;
  const what = missing.length === 1 ? "column" : "columns";
  return `the header lacks the ${what} ${missing.join(", ")}: ${found}${hint}`;
}

function linesOf(block: LineBlock): string[] {
  return block.text.split(/\r?\n/);
}
