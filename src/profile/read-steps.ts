/**
 * The text of a table of measured steps, to rows. A line that is not what its format says is a mistake in the file, and
 * all of them are named, unless they are to be left out; a line that is right and of no use is left out and counted.
 */
import { CsvError, parse } from "csv-parse/sync";
import { nearest } from "../scenario/nearest.ts";
import { columnsOf, STEP_FORMATS, type StepFormat, type Subject, VLLM_LOG } from "./formats.ts";
import { ProfileError } from "./profile-error.ts";
import type { StepRow } from "./step-row.ts";
import { isVllmLog, readVllmLog } from "./vllm-log.ts";

/** What is asked for: in a file of several sets of measurements, which one. */
export type Wanted = { readonly [Key in keyof Subject]: string | undefined };

export interface Dropped {
  readonly reason: string;
  readonly rows: number;
  readonly firstLine: number;
}

export interface MeasuredSteps {
  readonly format: StepFormat["name"];
  readonly rows: readonly StepRow[];
  /** Lines of the file, its header aside, and those of them that were asked for. */
  readonly lines: number;
  readonly chosen: number;
  readonly dropped: readonly Dropped[];
  /** As the file says, or as was asked for. */
  readonly subject: Wanted;
  /** What of it the file says. */
  readonly named: ReadonlySet<keyof Subject>;
  /** What a user should know about the rows, in sentences. */
  readonly notes: readonly string[];
}

export interface StepsSource {
  readonly fileName: string;
  readonly wanted: Wanted;
  readonly skipBadRows: boolean;
  /** Size of the engine's KV cache, for logs that say what share of it was used. */
  readonly kvCacheTokens?: number | undefined;
}

interface Line {
  readonly number: number;
  readonly cell: (column: string) => string | undefined;
}

/** Columns that count requests, of which there are no halves; tokens may be means. */
const HEADS = /requests$|^batch/u;
/** Mistakes that a message names; more would scroll the first away. */
const NAMED_MISTAKES = 5;

/** Reads the table. Fails: ProfileError when it is of no known form, or has wrong lines that are not to be skipped. */
export function readSteps(text: string, from: StepsSource): MeasuredSteps {
  const { fileName, wanted } = from;
  const { format, header, lines, notes } = tableOf(text, from);
  const { chosen, subject, named } = choose(lines, { format, header, wanted, fileName });
  const reader = new LineReader(format, header);
  const rows = chosen.flatMap((line) => reader.read(line));
  if (reader.mistakes.length > 0 && !from.skipBadRows) {
    const shown = reader.mistakes.slice(0, NAMED_MISTAKES);
    const more = reader.mistakes.length - shown.length;
    throw new ProfileError(
      [
        ...shown.map(({ line, reason }) => `${fileName}:${line}: ${reason}`),
        ...(more > 0 ? [`and ${more} more lines like these`] : []),
        "Correct them, or leave them out with --skip-bad-rows.",
      ].join("\n"),
    );
  }
  const { dropped } = reader;
  return {
    format: format.name,
    rows,
    lines: lines.length,
    chosen: chosen.length,
    dropped: [...dropped.values()],
    subject,
    named,
    notes,
  };
}

interface StepTable {
  readonly format: StepFormat;
  readonly header: readonly string[];
  readonly lines: readonly Line[];
  readonly notes: readonly string[];
}

function tableOf(text: string, { fileName, kvCacheTokens }: StepsSource): StepTable {
  if (isVllmLog(text)) {
    const { lines, notes } = readVllmLog(text, fileName, kvCacheTokens);
    const header = [...columnsOf(VLLM_LOG), ...VLLM_LOG.optional];
    return { format: VLLM_LOG, header, lines, notes };
  }
  const { header, lines } = linesOf(text, fileName);
  const format = formatOf(header, fileName);
  refuseTwins(format, header, fileName);
  return { format, header, lines, notes: [] };
}

/** Fails: ProfileError where a column that counts is there twice: nobody can say which one is meant. */
function refuseTwins(format: StepFormat, header: readonly string[], fileName: string): void {
  const read = [...columnsOf(format), ...format.optional, ...Object.values(format.subject)];
  const twins = read.filter((column) => header.indexOf(column) !== header.lastIndexOf(column));
  if (twins.length === 0) return;
  throw new ProfileError(
    `${fileName}:1: ${twins.join(", ")} ${twins.length === 1 ? "is" : "are"} there more than once: rename or remove all but the one that is meant`,
  );
}

class LineReader {
  readonly mistakes: { readonly line: number; readonly reason: string }[] = [];
  readonly dropped = new Map<string, Dropped>();
  readonly #format: StepFormat;
  readonly #optional: readonly string[];

  constructor(format: StepFormat, header: readonly string[]) {
    this.#format = format;
    this.#optional = format.optional.filter((column) => header.includes(column));
  }

  read(line: Line): readonly StepRow[] {
    const mistake = this.#mistakeIn(line);
    if (mistake !== undefined) {
      this.mistakes.push({ line: line.number, reason: mistake });
      return this.#drop(line, "not what the format says");
    }
    const known = [...columnsOf(this.#format), ...this.#optional];
    const number = (column: string): number =>
      known.includes(column) ? Number(line.cell(column)) : Number.NaN;
    const steps = this.#format.steps(number, (column) => line.cell(column) ?? "");
    if (typeof steps === "string") return this.#drop(line, steps);
    return steps.map((step) => ({ ...step, line: line.number }));
  }

  #mistakeIn({ cell }: Line): string | undefined {
    const { counts, times, words } = this.#format;
    for (const column of [...counts, ...this.#optional]) {
      const value = numberIn(cell(column));
      if (!(value >= 0)) return wrong(column, cell(column), "a number, 0 or more");
      if (HEADS.test(column) && !Number.isInteger(value)) {
        return wrong(column, cell(column), "a whole number");
      }
    }
    for (const column of times) {
      const value = numberIn(cell(column));
      if (!(value > 0)) return wrong(column, cell(column), "a time in milliseconds, above 0");
    }
    for (const [column, known] of words) {
      const word = cell(column) ?? "";
      if (!known.includes(word)) return wrong(column, word, known.join(" or "));
    }
    return undefined;
  }

  #drop(line: Line, reason: string): readonly StepRow[] {
    const before = this.dropped.get(reason);
    const firstLine = before?.firstLine ?? line.number;
    this.dropped.set(reason, { reason, rows: (before?.rows ?? 0) + 1, firstLine });
    return [];
  }
}

/** NaN for anything but a plain number: an empty cell is not 0. */
function numberIn(text: string | undefined): number {
  if (text === undefined || text === "") return Number.NaN;
  const value = Number(text);
  return Number.isFinite(value) ? value : Number.NaN;
}

function wrong(column: string, text: string | undefined, expected: string): string {
  const found = text === undefined || text === "" ? "is empty" : `is ${text.slice(0, 40)}`;
  return `${column} ${found}: expected ${expected}`;
}

function linesOf(
  text: string,
  fileName: string,
): { readonly header: readonly string[]; readonly lines: readonly Line[] } {
  const { records, numbers } = recordsOf(text, fileName);
  const [header, ...rest] = records;
  if (header === undefined) {
    throw new ProfileError(`${fileName}: the file is empty; expected a table of measured steps`);
  }
  const columns = new Map(header.map((name, index) => [name, index]));
  const lines = rest.map((record, index): Line => {
    return { number: numbers[index + 1]!, cell: (column) => record[columns.get(column) ?? -1] };
  });
  return { header, lines };
}

/** Cells, and the line that each record ends on. */
function recordsOf(
  text: string,
  fileName: string,
): { readonly records: readonly (readonly string[])[]; readonly numbers: readonly number[] } {
  const numbers: number[] = [];
  try {
    const records = parse(text, {
      bom: true,
      record_delimiter: ["\r\n", "\n"],
      relax_column_count: true,
      skip_empty_lines: true,
      trim: true,
      on_record(record: string[], { lines }) {
        numbers.push(lines);
        return record;
      },
    });
    return { records, numbers };
  } catch (cause) {
    if (!(cause instanceof CsvError)) throw cause;
    throw new ProfileError(`${fileName}: not a table in CSV (${cause.message})`, { cause });
  }
}

/** The format whose columns are all there. */
function formatOf(header: readonly string[], fileName: string): StepFormat {
  const missingOf = (format: StepFormat): readonly string[] =>
    columnsOf(format).filter((column) => !header.includes(column));
  const found = STEP_FORMATS.find((format) => missingOf(format).length === 0);
  if (found !== undefined) return found;
  // The one meant has most of its columns; a table that resembles none was probably not meant to be any.
  const closest = STEP_FORMATS.toSorted(
    (a, b) => missingOf(a).length / columnsOf(a).length - missingOf(b).length / columnsOf(b).length,
  )[0]!;
  const missing = missingOf(closest);
  const isNear = missing.length < columnsOf(closest).length;
  const hints = missing.flatMap((column) => {
    const meant = nearest(column, header);
    return meant === undefined ? [] : [`is ${meant} meant to be ${column}?`];
  });
  throw new ProfileError(
    isNear
      ? [
          `${fileName}:1: of the columns of a ${closest.name} table, ${missing.join(", ")} ${missing.length === 1 ? "is" : "are"} missing`,
          ...hints,
        ].join("; ")
      : `${fileName}:1: none of the known tables has these columns: ${header.join(", ").slice(0, 200)}; expected ${columnsOf(STEP_FORMATS[0]!).join(", ")} (docs/profiles.md lists all forms)`,
  );
}

interface Choice {
  readonly format: StepFormat;
  readonly header: readonly string[];
  readonly wanted: Wanted;
  readonly fileName: string;
}

const SUBJECT_OPTIONS = [
  ["model", "--model"],
  ["gpu", "--gpu"],
  ["tensorParallel", "--tensor-parallel"],
] as const;

/** The lines about one model on one kind of GPU. */
function choose(
  lines: readonly Line[],
  { format, header, wanted, fileName }: Choice,
): Pick<MeasuredSteps, "subject" | "named"> & { readonly chosen: readonly Line[] } {
  let chosen = lines;
  const subject = { ...wanted };
  const named = new Set<keyof Subject>();
  for (const [key, option] of SUBJECT_OPTIONS) {
    const column = format.subject[key];
    if (column === undefined || !header.includes(column)) continue;
    const given = [...new Set(chosen.map(({ cell }) => cell(column) ?? ""))];
    const want = wanted[key];
    if (want === undefined && given.length > 1) {
      throw new ProfileError(
        `${fileName}: ${column} is ${given.join(", ")}: a profile is of one; name it with ${option}`,
      );
    }
    const match = want === undefined ? given[0] : given.find((name) => plain(name) === plain(want));
    if (match === undefined && given.length > 0) {
      const meant = nearest(plain(want ?? ""), given.map(plain));
      const hint = meant === undefined ? "" : `; did you mean ${meant}?`;
      throw new ProfileError(
        `${fileName}: no line has ${column} ${want}: expected ${given.join(", ")}${hint}`,
      );
    }
    chosen = chosen.filter(({ cell }) => cell(column) === match);
    subject[key] = match === undefined ? want : plain(match);
    named.add(key);
  }
  return { chosen, subject, named };
}

/** Names as the catalogue writes them, so that `h100_sxm` and `H100-SXM` are one. */
function plain(name: string): string {
  return name.toLowerCase().replaceAll("_", "-");
}
