/** Rows of a CSV file with columns found by name; what is missing or no number is said with its place. */
import { parse } from "csv-parse/sync";
import { InputError } from "../src/cli/exit-codes.ts";

export class Row {
  readonly #place: string;
  readonly #values: Readonly<Record<string, string>>;

  constructor(place: string, values: Readonly<Record<string, string>>) {
    this.#place = place;
    this.#values = values;
  }

  /** Fails: InputError where the file has no such column. */
  text(column: string): string {
    const value = this.#values[column];
    if (value === undefined) throw new InputError(`${this.#place}: expected a column '${column}'`);
    return value;
  }

  /** Fails: InputError where there is no number. */
  number(column: string): number {
    const text = this.text(column);
    const value = Number(text);
    if (text !== "" && Number.isFinite(value)) return value;
    throw new InputError(`${this.#place}: expected a number in column '${column}', got '${text}'`);
  }

  /** As `number`, but nothing written means `otherwise`. */
  numberOr(column: string, otherwise: number): number {
    return this.text(column) === "" ? otherwise : this.number(column);
  }
}

/** Fails: InputError where the text is no CSV with a header. */
export function rowsOf(file: string, text: string | Buffer): Row[] {
  try {
    const records: Record<string, string>[] = parse(text, { columns: true });
    return records.map((values, index) => new Row(`${file}, row ${index + 1}`, values));
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw new InputError(`${file}: ${error.message}`, { cause: error });
  }
}

/** What a reader makes of a run, or the reason why it cannot: bad rows of one run say nothing of the others. */
export function orReason<Read>(read: () => Read): Read | string {
  try {
    return read();
  } catch (error) {
    if (error instanceof InputError) return error.message;
    throw error;
  }
}
