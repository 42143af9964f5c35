/**
 * What is wrong with a trace file, told to the person who named it: the file, the rows, what was expected. The command
 * line prints the message as it is.
 */

/** A row that cannot be used. */
export interface BrokenRow {
  /** Counted from 1, the header included. */
  readonly line: number;
  readonly reason: string;
}

/** Broken rows as found before reading stopped. */
interface BrokenRows {
  /** The first few, in order. */
  readonly first: readonly BrokenRow[];
  readonly count: number;
  /** The last line looked at; undefined when that was the whole file. */
  readonly checkedLines: number | undefined;
}

/** A trace file cannot be read or used. */
export class TraceError extends Error {
  override name = "TraceError";
  readonly path: string;

  constructor(path: string, problem: string, options?: ErrorOptions) {
    super(`trace ${path}: ${problem}`, options);
    this.path = path;
  }
}

/** The error for rows that nobody asked to skip. `expected` shows the right form of a row. */
export function brokenRowsError(path: string, rows: BrokenRows, expected: string): TraceError {
  const plural = rows.count === 1 ? "1 broken row" : `${rows.count} broken rows`;
  const where = rows.checkedLines === undefined ? "" : ` in the first ${rows.checkedLines} lines`;
  const lines = [
    `${plural}${where}`,
    ...rows.first.map((row) => `  line ${row.line}: ${row.reason}`),
    ...(rows.count > rows.first.length ? [`  and ${rows.count - rows.first.length} more`] : []),
    `Expected rows like: ${expected}`,
    "Mend the file, or leave such rows out with --skip-bad-rows.",
  ];
  return new TraceError(path, lines.join("\n"));
}
