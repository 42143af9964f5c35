/** Checks the cells of one row against its format and reads them; says which cell is wrong and why. */
import { columnsOf } from "./formats.ts";
import type { FormatRules } from "./formats.ts";
import { parseDecimalTime, parseHashes, parseTimestamp, parseTokens } from "./numbers.ts";
import type { Instant, Unreadable } from "./numbers.ts";
import type { TraceRecord } from "./records.ts";

export interface DecodedRow {
  readonly kind: "row";
  readonly time: Instant;
  readonly promptTokens: number;
  readonly outputTokens: number;
  readonly client: string | undefined;
  readonly hashes: readonly number[] | undefined;
}

/** A usable row, a failed request of the recorded system, or a row that is broken. */
type Decoded =
  | DecodedRow
  | { readonly kind: "failure" }
  | { readonly kind: "broken"; readonly reason: string };

/** Reads one row. */
export function decode(cells: TraceRecord["cells"], rules: FormatRules): Decoded {
  if ("reason" in cells) return { kind: "broken", reason: cells.reason };
  const time = parseTime(cells[0]!, rules.timeForm);
  if ("reason" in time) return broken(rules.time, time);
  const outputTokens = parseTokens(cells[2]!, rules.zeroOutputIsFailure ? 0 : 1);
  if (typeof outputTokens !== "number") return broken(rules.output, outputTokens);
  const promptTokens = parseTokens(cells[1]!, outputTokens === 0 ? 0 : 1);
  if (typeof promptTokens !== "number") return broken(rules.prompt, promptTokens);
  if (outputTokens === 0) return { kind: "failure" };
  const client = rules.client === undefined ? undefined : cells[3];
  if (client === "") return broken("client", { reason: "is empty" });
  const hashes = hashesOf(cells, rules);
  if (hashes !== undefined && "reason" in hashes) return broken(rules.hashes!, hashes);
  return { kind: "row", time, promptTokens, outputTokens, client, hashes };
}

/** The hashes stand after the required cells, in rows that have them. */
function hashesOf(
  cells: readonly string[],
  rules: FormatRules,
): readonly number[] | Unreadable | undefined {
  const text = cells[columnsOf(rules).length];
  return rules.hashes === undefined || text === undefined ? undefined : parseHashes(text);
}

function parseTime(text: string, form: FormatRules["timeForm"]): Instant | Unreadable {
  if (form === "timestamp") return parseTimestamp(text);
  return parseDecimalTime(text, form === "seconds" ? "s" : "ms");
}

function broken(column: string, { reason }: Unreadable): Decoded {
  return { kind: "broken", reason: `${column} ${reason}` };
}
