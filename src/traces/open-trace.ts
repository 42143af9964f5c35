/**
 * Opens a trace file and gives its rows in order of time, from the first row on. Memory is bounded: one block of text
 * and a window of rows in which small disorder is sorted out, as a recording has it that is written when requests end.
 * Broken rows stop the reading unless the user asked to skip them; nothing is left out silently.
 */
import { resolve } from "node:path";
import type { TraceConfig } from "../scenario/scenario.ts";
import type { TraceReader, TraceRow } from "../sim/workload/client.ts";
import { decode } from "./decode.ts";
import type { DecodedRow } from "./decode.ts";
import { FORMATS } from "./formats.ts";
import type { FormatRules } from "./formats.ts";
import { nsSince, quote } from "./numbers.ts";
import { readRecords } from "./records.ts";
import type { TraceRecord } from "./records.ts";
import { TraceError, brokenRowsError } from "./trace-error.ts";
import type { BrokenRow } from "./trace-error.ts";

/** A row may stand this many rows late. Assumed: above the requests in flight of the system that was recorded. */
const WINDOW_ROWS = 1024;

/** Broken rows told in full. */
const SHOWN_BROKEN_ROWS = 5;

/** Lines looked at after the first broken one, to say how many there are: some 0.2 s. */
const CHECKED_LINES = 100_000;

/** Names of clients told when none of the wanted ones is in the file. */
const SHOWN_CLIENTS = 10;

/** A trace file being read. */
export interface TraceFile extends TraceReader {
  /** Requests that failed in the recorded system and are left out (BurstGPT: no response tokens). */
  readonly failedRows: number;
}

interface OpenOptions {
  /** The folder of the scenario file. */
  readonly baseDir: string;
  readonly skipBadRows: boolean;
}

/**
 * Opens the trace; its header and first rows are checked at once, the rest as it is read.
 *
 * Units: rows carry integer nanoseconds since the first row.
 * Fails: TraceError, here or from `next`, on a file that cannot be used.
 */
export function openTrace(config: TraceConfig, options: OpenOptions): TraceFile {
  const path = resolve(options.baseDir, config.path);
  const rules = FORMATS[config.format];
  if (config.clients !== undefined && rules.client === undefined) {
    throw new TraceError(path, `the format ${config.format} has no clients to choose from`);
  }
  return new SortedRows({ path, rules, ...options }, config.clients);
}

interface Source {
  readonly path: string;
  readonly rules: FormatRules;
  readonly skipBadRows: boolean;
}

class SortedRows implements TraceFile {
  skippedRows = 0;
  failedRows = 0;
  readonly #source: Source;
  readonly #records: Generator<TraceRecord, void>;
  readonly #wanted: ReadonlySet<string> | undefined;
  /** Clients seen while none of the wanted has been; at most SHOWN_CLIENTS. */
  readonly #others = new Set<string>();
  #hasWanted: boolean;
  #isAtEnd = false;
  /** Rows in order of time, times counted from #firstSecond; at most WINDOW_ROWS, given out from #taken on. */
  #window: TraceRow[] = [];
  #taken = 0;
  #firstSecond: number | undefined;
  /** Time of the first row given out, from #firstSecond. */
  #originNs: number;
  #lastNs = -Infinity;

  constructor(source: Source, clients: readonly string[] | undefined) {
    this.#source = source;
    this.#records = readRecords(source.path, source.rules);
    this.#wanted = clients === undefined ? undefined : new Set(clients);
    this.#hasWanted = clients === undefined;
    this.#fill();
    this.#originNs = this.#window[0]?.timeNs ?? 0;
    if (this.#window.length === 0) throw new TraceError(source.path, this.#emptiness());
  }

  next(): TraceRow | undefined {
    this.#fill();
    const row = this.#window[this.#taken];
    if (row === undefined) {
      this.#checkClients();
      return undefined;
    }
    this.#taken++;
    this.#lastNs = row.timeNs;
    return { ...row, timeNs: row.timeNs - this.#originNs };
  }

  #fill(): void {
    while (!this.#isAtEnd && this.#window.length - this.#taken < WINDOW_ROWS) {
      const record = this.#records.next();
      if (record.done === true) this.#isAtEnd = true;
      else this.#accept(record.value);
    }
  }

  #accept(record: TraceRecord): void {
    const decoded = decode(record.cells, this.#source.rules);
    if (decoded.kind === "failure") {
      this.failedRows++;
      return;
    }
    const reason = decoded.kind === "broken" ? decoded.reason : this.#insert(decoded);
    if (reason === undefined) return;
    if (!this.#source.skipBadRows) throw this.#brokenFrom({ line: record.line, reason });
    this.skippedRows++;
  }

  /** Puts the row where its time belongs; a reason when that is before a row already given out. */
  #insert(decoded: DecodedRow): string | undefined {
    this.#firstSecond ??= decoded.time.seconds;
    const timeNs = nsSince(decoded.time, this.#firstSecond);
    if (timeNs < this.#lastNs) {
      const lateS = (this.#lastNs - timeNs) / 1e9;
      return `lies ${lateS} s before a row that stands more than ${WINDOW_ROWS} rows earlier`;
    }
    if (this.#taken > WINDOW_ROWS) {
      this.#window.splice(0, this.#taken);
      this.#taken = 0;
    }
    const { promptTokens, outputTokens, client, hashes } = decoded;
    let place = this.#window.length;
    while (place > this.#taken && this.#window[place - 1]!.timeNs > timeNs) place--;
    const row = { timeNs, promptTokens, outputTokens, client, hashes };
    if (place === this.#window.length) this.#window.push(row);
    else this.#window.splice(place, 0, row);
    if (!this.#hasWanted && client !== undefined) this.#noteClient(client);
    return undefined;
  }

  #noteClient(client: string): void {
    if (this.#wanted?.has(client) === true) this.#hasWanted = true;
    else if (this.#others.size < SHOWN_CLIENTS) this.#others.add(client);
  }

  /** A misspelt client would otherwise be a run without requests. */
  #checkClients(): void {
    if (this.#hasWanted) return;
    const wanted = [...(this.#wanted ?? [])].map(quote).join(", ");
    const others = [...this.#others].map(quote).join(", ");
    throw new TraceError(this.#source.path, `has no row of ${wanted}; it has rows of ${others}`);
  }

  /** The error for a first broken row, after a look at how many more there are. */
  #brokenFrom(broken: BrokenRow): TraceError {
    const first = [broken];
    let count = 1;
    let checkedLines: number | undefined;
    for (const { line, cells } of this.#records) {
      const decoded = decode(cells, this.#source.rules);
      if (decoded.kind === "broken") {
        count++;
        if (first.length < SHOWN_BROKEN_ROWS) first.push({ line, reason: decoded.reason });
      }
      if (line >= broken.line + CHECKED_LINES) {
        checkedLines = line;
        break;
      }
    }
    const { path, rules } = this.#source;
    return brokenRowsError(path, { first, count, checkedLines }, rules.example);
  }

  #emptiness(): string {
    const left = [
      ...(this.skippedRows > 0 ? [`${this.skippedRows} broken`] : []),
      ...(this.failedRows > 0 ? [`${this.failedRows} of failed requests`] : []),
    ];
    const found = left.length === 0 ? "" : ` (only ${left.join(" and ")})`;
    return `has no usable rows${found}; expected rows like: ${this.#source.rules.example}`;
  }
}
