/** Interference as tables: for the page with every figure, and for a terminal as wide as it is. */
import { differenceText } from "../compare/words.ts";
import { formatCount, MISSING } from "../format.ts";
import { cleaned, cut, type SummaryTable, tableWidth } from "../summary.ts";
import { type Cell, cell, left, right, type Table, toned } from "../table.ts";
import {
  type Change,
  type Effect,
  type Interference,
  mayBeChance,
  type Sufferer,
} from "./matrix.ts";
import { bothText, COMPLIANCE, type Measure, noneText, ratioText, THIN, TTFT } from "./words.ts";

/** One table per measure: rows bear, columns are present. */
export function interferenceTables(interference: Interference): readonly Table[] {
  return [TTFT, COMPLIANCE].map((measure) => ({
    title: `${measure.title}, with less without`,
    columns: [
      left("Who"),
      ...interference.neighbours.map((name) => right(name, `While ${name} is present.`)),
    ],
    rows: interference.tenants.map(({ tenant, effects }) => [
      cell(tenant),
      ...effects.map((effect) => effectCell(effect, measure)),
    ]),
  }));
}

function effectCell(effect: Effect | null, measure: Measure): Cell {
  if (effect === null) return toned(noneText(effect), "muted", "Itself.");
  const change = measure.of(effect);
  if (change === null) return cell(MISSING, THIN);
  const ratio = measure.id === "ttft" && change.change !== 0 ? ` (${ratioText(change)})` : "";
  const text = `${measure.change(change)}${ratio}`;
  const hint = `${bothText(change, measure)}${intervalWords(change, measure)}`;
  if (change.change === 0 || mayBeChance(change)) return toned(text, "muted", hint);
  if (change.interval === null) return toned(text, "plain", hint);
  const isCost = measure.id === "ttft" ? change.change > 0 : change.change < 0;
  return toned(text, isCost ? "bad" : "good", hint);
}

function intervalWords({ interval }: Change, measure: Measure): string {
  if (interval === null) return "";
  const unit = measure.id === "ttft" ? "ms" : "share";
  return `; 95 %: ${differenceText(interval.low, unit)} to ${differenceText(interval.high, unit)}`;
}

/** Tenants that a terminal shows, the first of the scenario. */
const MOST_ROWS = 40;
/** A name is never cut below this, and in a crowd not shown beyond that. */
const LEAST_NAME = 6;
const CROWDED_NAME = 12;

/**
 * Tables that fit `width` columns: with names and units where there is room, else with numbers for neighbours and ratios or
 * points alone, and in several parts where even these are too many.
 */
export function interferenceSummary(
  interference: Interference,
  width: number,
): readonly SummaryTable[] {
  return [TTFT, COMPLIANCE].flatMap((measure) => {
    const whole = wholeTable(interference, measure);
    if (tableWidth([whole.head, ...whole.rows]) <= width) return [whole];
    return crowdedTables(interference, measure, width);
  });
}

function wholeTable({ neighbours, tenants }: Interference, measure: Measure): SummaryTable {
  return {
    title: `${measure.title}: the change that a neighbour's presence makes`,
    head: ["", ...neighbours.map((name) => `with ${cleaned(name)}`)],
    rows: tenants.map(({ tenant, effects }) => [
      cleaned(tenant),
      ...effects.map((effect) => wholeText(effect, measure)),
    ]),
  };
}

function wholeText(effect: Effect | null, measure: Measure): string {
  const change = effect === null ? null : measure.of(effect);
  if (change === null) return noneText(effect);
  if (change.change === 0) return "0";
  const ratio = measure.id === "ttft" ? ` (${ratioText(change)})` : "";
  return `${measure.change(change)}${ratio}`;
}

function crowdedTables(
  { neighbours, tenants }: Interference,
  measure: Measure,
  width: number,
): readonly SummaryTable[] {
  const shown = tenants.slice(0, MOST_ROWS);
  const digits = String(tenants.length).length;
  const longest = shown.reduce((most, { tenant }) => Math.max(most, Array.from(tenant).length), 0);
  const nameWidth = Math.max(LEAST_NAME, Math.min(CROWDED_NAME, longest));
  const names = shown.map(({ tenant }, at) => {
    const number = String(at + 1).padStart(digits);
    return `${number} ${cut(cleaned(tenant), nameWidth)}`;
  });
  const all = neighbours.slice(0, MOST_ROWS).map((_, at) => ({
    head: String(at + 1),
    texts: shown.map((sufferer) => crowdedText(sufferer, at, measure)),
  }));
  const what =
    measure.id === "ttft"
      ? "P99 TTFT with a neighbour, as a multiple of without"
      : "Compliance: points gained or lost with a neighbour";
  const cutNote =
    shown.length < tenants.length
      ? `, first ${shown.length} of ${formatCount(tenants.length)} tenants`
      : "";
  return partsWithin(all, names, width).map((columns) => ({
    title: `${what} (columns by number; = hardly any change${cutNote})`,
    head: ["", ...columns.map(({ head }) => head)],
    rows: names.map((name, row) => [name, ...columns.map(({ texts }) => texts[row] ?? "")]),
  }));
}

interface CrowdedColumn {
  readonly head: string;
  readonly texts: readonly string[];
}

/** As many columns in each part as the width has room for, and at least one. */
function partsWithin(
  columns: readonly CrowdedColumn[],
  names: readonly string[],
  width: number,
): readonly (readonly CrowdedColumn[])[] {
  const parts: CrowdedColumn[][] = [];
  for (const column of columns) {
    const last = parts.at(-1);
    const widened = [...(last ?? []), column];
    const rows = names.map((name, row) => [name, ...widened.map(({ texts }) => texts[row] ?? "")]);
    const isRoomy = tableWidth([["", ...widened.map(({ head }) => head)], ...rows]) <= width;
    if (last !== undefined && isRoomy) last.push(column);
    else parts.push([column]);
  }
  return parts;
}

/** At most five characters: "1.4", "12", ">999"; "−1.2". A dot is itself, "=" no change that two digits would show. */
function crowdedText({ effects }: Sufferer, at: number, measure: Measure): string {
  const effect = effects[at] ?? null;
  const change = effect === null ? null : measure.of(effect);
  if (change === null) return noneText(effect);
  if (measure.id === "ttft") return ratioShort(change.ratio);
  const points = change.change * 100;
  if (Math.abs(points) < 0.05) return "=";
  const size = Math.abs(points);
  return `${points < 0 ? "−" : "+"}${size < 10 ? size.toFixed(1) : size.toFixed(0)}`;
}

function ratioShort(ratio: number | null): string {
  if (ratio === null) return MISSING;
  if (Math.abs(ratio - 1) < 0.005) return "=";
  if (ratio >= 999.5) return ">999";
  if (ratio < 0.01) return "<.01";
  return ratio < 10 ? ratio.toFixed(2) : ratio.toFixed(0);
}
