/** A comparison's forms: one page that needs nothing else, Markdown, and rows of text for a terminal of 80 columns. */
import type { Results } from "../../results/results.ts";
import { csvText, type CsvValue } from "../csv.ts";
import type { Report } from "../report.ts";
import { cleaned, cut, type SummaryTable, tableWidth } from "../summary.ts";
import { capital } from "../verdict.ts";
import type { Comparison, Difference, Row } from "./compare.ts";
import { billRows, comparisonDocument } from "./document.ts";
import { familyWords, foundName, pText, significantOf } from "./findings.ts";
import { sideName } from "./side.ts";
import { differenceText, relativeText, valueText } from "./words.ts";

/** Columns of a terminal the tables must fit, borders included. */
export const COMPARE_WIDTH = 80;
/** A measure's name is never cut below this. */
const LEAST_LABEL = 10;

/** `firsts` are the first runs of the sides, for charts; a comparison read from a file has none. */
export function comparisonReport(comparison: Comparison, firsts: readonly Results[]): Report {
  return {
    name: comparison.sides[0]!.scenario,
    tenantryVersion: comparison.tenantryVersion,
    origin: "a comparison of results.",
    document: (style) => comparisonDocument(comparison, firsts, style),
    csv: () => comparisonCsv(comparison),
  };
}

/** A row per figure and side, with its difference from the first. */
function comparisonCsv({ tiers, platform, bills, sides }: Comparison): string {
  const rowsOf = (of: string, name: string, rows: readonly Row[]): readonly CsvValue[][] =>
    rows.flatMap(({ id, unit, values, differences }) =>
      values.map((value, side): CsvValue[] => {
        const {
          absolute = null,
          relative = null,
          interval = null,
          p = null,
        } = differences[side - 1] ?? {};
        const change = [absolute, relative, interval?.low ?? null, interval?.high ?? null, p];
        return [of, name, id, unit, sides[side]!.name, value, ...change];
      }),
    );
  const head = ["of", "name", "figure", "unit", "side", "value"];
  return csvText([
    [...head, "difference", "relative", "low", "high", "p"],
    ...tiers.flatMap(({ name, rows }) => rowsOf("tier", name, rows)),
    ...rowsOf("platform", "", platform),
    ...bills.flatMap(({ name, rows }) => rowsOf("bill", name, rows)),
  ]);
}

/** The tables for a terminal: what differs first, then one per tier, the platform, the bills. */
export function compareTables(comparison: Comparison): readonly SummaryTable[] {
  const { tiers, platform, bills } = comparison;
  return [
    ...findingsOf(comparison),
    ...tiers.map(({ name, rows }) => terminalTable(capital(name), rows, comparison)),
    terminalTable("Platform", platform, comparison),
    terminalTable("Bills per tenant", billRows(bills), comparison),
  ];
}

/** What stands on the terminal where there is no table of what differs; empty where there is one, or nothing was tested. */
export function nothingDiffers(comparison: Comparison): string {
  return significantOf(comparison).length > 0 ? "" : familyWords(comparison);
}

/** Rows of the terminal's table of what differs; the page has all. */
const MOST_FINDINGS = 15;

function findingsOf(comparison: Comparison): readonly SummaryTable[] {
  const { significance, sides } = comparison;
  if (significance === null) return [];
  const found = significantOf(comparison);
  if (found.length === 0) return [];
  const rows = found.slice(0, MOST_FINDINGS).map((one): readonly string[] => {
    const { finding, row, difference } = one;
    const side = sides.length > 2 ? `${sideName(finding.against + 1)}, ` : "";
    return [
      cleaned(`${side}${foundName(one)}`),
      valueText(row.values[0]!, row.unit),
      valueText(row.values[finding.against + 1]!, row.unit),
      relativeText(difference.relative),
      pText(finding.adjustedP),
    ];
  });
  const title = `What differs: ${found.length} of ${significance.tested} differences are significant (Holm, 5 %)`;
  const head = ["", "A", sides.length > 2 ? "Other" : "B", "Relative", "p"];
  return [withinWidth({ title, head, rows })];
}

function terminalTable(title: string, rows: readonly Row[], comparison: Comparison): SummaryTable {
  const { sides, confidence } = comparison;
  const isWide = sides.length === 2;
  const head = isWide
    ? ["", "A", "B", "B − A", "Relative", ...(confidence === null ? [] : ["± 95 %"])]
    : ["", "A", ...sides.slice(1).map((_, at) => `${sideName(at + 1)} (against A)`)];
  const body = rows.map((row) => [
    cleaned(row.label),
    ...(isWide ? pair(row, confidence) : many(row)),
  ]);
  return withinWidth({ title: cleaned(title), head, rows: body });
}

/** Cuts labels until the table fits. */
function withinWidth({ title, head, rows }: SummaryTable): SummaryTable {
  const excess = tableWidth([head, ...rows]) - COMPARE_WIDTH;
  const longest = rows.reduce((most, [label = ""]) => Math.max(most, Array.from(label).length), 0);
  const width = Math.max(LEAST_LABEL, longest - Math.max(0, excess));
  return { title, head, rows: rows.map(([label = "", ...rest]) => [cut(label, width), ...rest]) };
}

/** Two sides: both values and all there is to say of their difference. */
function pair(row: Row, confidence: number | null): readonly string[] {
  const [one] = row.differences;
  if (one === undefined) return [];
  return [
    ...row.values.map((value) => valueText(value, row.unit)),
    differenceText(one.absolute, row.unit),
    relativeText(one.relative),
    ...(confidence === null ? [] : [halfWidthText(one, row)]),
  ];
}

/** More sides: each value with its relative difference behind it. */
function many(row: Row): readonly string[] {
  return row.values.map((value, side) => {
    const text = valueText(value, row.unit);
    const relative = row.differences[side - 1]?.relative ?? null;
    return relative === null ? text : `${text} (${relativeText(relative)})`;
  });
}

function halfWidthText({ interval }: Difference, { unit }: Row): string {
  if (interval === null) return "—";
  return differenceText((interval.high - interval.low) / 2, unit).replace("+", "");
}
