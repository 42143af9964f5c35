/** What differs, first: the significant differences as a table, for the page and for a terminal, and the sentence about them. */
import { formatCount, formatNumber, formatPercent } from "../format.ts";
import { type Cell, cell, left, right, type Table, toned, type Tone } from "../table.ts";
import { capital } from "../verdict.ts";
import type { Comparison, Difference, Row } from "./compare.ts";
import { sideName } from "./side.ts";
import { type Found, foundIn } from "./significance.ts";
import { differenceText, intervalText, relativeText, valueText } from "./words.ts";

/** Rows of the page's table. */
const MOST_ROWS = 40;
/** Changes named in one sentence. */
const NAMED = 3;

/** "Gold: TTFT P99", "Platform: GPUs". */
export function foundName({ finding, row }: Found): string {
  return `${finding.tier === null ? "Platform" : capital(finding.tier)}: ${row.label}`;
}

/** The significant differences, the largest first; none where there are no paired replications. */
export function significantOf({ significance, tiers, platform }: Comparison): readonly Found[] {
  if (significance === null) return [];
  return foundIn(significance, tiers, platform).filter(({ finding }) => finding.isSignificant);
}

/** Good or bad, where the measure has a good direction. */
function toneOf({ better }: Row, { absolute }: Difference): Tone {
  if (better === null || absolute === null || absolute === 0) return "plain";
  return absolute < 0 === (better === "less") ? "good" : "bad";
}

/** Undefined where nothing was tested. */
export function findingsTable(comparison: Comparison): Table | undefined {
  const { significance, sides } = comparison;
  const found = significantOf(comparison);
  if (significance === null || found.length === 0) return undefined;
  const shown = found.slice(0, MOST_ROWS);
  const hasMany = sides.length > 2;
  return {
    title: "Significant differences, the largest first",
    columns: [
      left("What"),
      ...(hasMany ? [left("Sides")] : []),
      right("A"),
      right(hasMany ? "Other" : "B"),
      right("Difference"),
      right("Relative", "Difference as a share of A's value."),
      right("95 % interval", "Of the difference, by itself; Student's t over paired replications."),
      right("p", "Holm's adjusted p of the paired t test, for all differences together."),
    ],
    rows: shown.map((one) => findingCells(one, hasMany)),
    note: familyWords(comparison),
  };
}

function findingCells(found: Found, hasMany: boolean): readonly Cell[] {
  const { finding, row, difference } = found;
  const other = sideName(finding.against + 1);
  return [
    cell(foundName(found)),
    ...(hasMany ? [cell(`${other} − A`)] : []),
    cell(valueText(row.values[0]!, row.unit)),
    cell(valueText(row.values[finding.against + 1]!, row.unit)),
    toned(differenceText(difference.absolute, row.unit), toneOf(row, difference)),
    cell(relativeText(difference.relative), "A has none."),
    cell(intervalText(difference, row)),
    cell(pText(finding.adjustedP)),
  ];
}

export function pText(p: number): string {
  return p < 0.0001 ? "<0.0001" : formatNumber(p, 2);
}

/** "7 of 96 differences are significant ...". Empty without paired replications. */
export function familyWords({ significance }: Comparison): string {
  if (significance === null) return "";
  const { tested, significant, level } = significance;
  if (significant === 0) {
    return `None of ${formatCount(tested)} differences of tiers and platform is significant at ${formatPercent(level, 0)} for all of them together (Holm). That does not say that nothing differs; more replications may tell.`;
  }
  return `${formatCount(significant)} of ${formatCount(tested)} differences of tiers and platform ${significant === 1 ? "is" : "are"} significant at ${formatPercent(level, 0)} for all of them together (Holm): that any of those is mere chance has at most that probability. About the others nothing is said; more replications may tell.`;
}

/** What decides, in this order; the rest of a comparison says the same in other words. */
const DECIDING = [
  "ttft-p99",
  "compliance-owed",
  "goodput",
  "usd-per-hour",
  "usd-per-million-tokens",
];

/** What a headline says of one further side: its significant changes of what decides. */
export function changesOf(comparison: Comparison, against: number): string {
  const found = significantOf(comparison).filter(({ finding }) => finding.against === against);
  if (found.length === 0) return "no difference is more than chance";
  const deciding = DECIDING.flatMap((id) => found.filter(({ row }) => row.id === id));
  const named = (deciding.length > 0 ? deciding : found).slice(0, NAMED).map(changeWords);
  const more = found.length - named.length;
  return `${named.join(", ")}${more > 0 ? `, and ${formatCount(more)} more` : ""}`;
}

/** "silver TTFT P99 +12 %", "gold compliance, owed −1.2 pp". */
function changeWords({ finding, row, difference }: Found): string {
  const { absolute, relative } = difference;
  const change = row.unit === "share" ? differenceText(absolute, row.unit) : relativeText(relative);
  return finding.tier === null
    ? `${row.label} ${change}`
    : `${finding.tier} ${row.unit === "ms" ? row.label : row.label.toLowerCase()} ${change}`;
}
