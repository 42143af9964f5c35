/** The tables of a sweep: a row per variant, for the page and, in fewer columns, for a terminal. */
import { DEFINITIONS } from "../definitions.ts";
import {
  formatCount,
  formatMs,
  formatMsBeside,
  formatPercent,
  formatShare,
  formatUsd,
  MISSING,
} from "../format.ts";
import { cleaned, cut, type SummaryTable, SUMMARY_WIDTH, tableWidth } from "../summary.ts";
import { type Cell, cell, left, right, type Table, toned, type Tone } from "../table.ts";
import { capital, type Verdict } from "../verdict.ts";
import type { Estimate, Estimates, Sweep, SweepRow, SweepTier } from "./sweep.ts";
import { hourly, keepers } from "./ranking.ts";
import { hasChoice, trafficLevels } from "./traffic.ts";
import { choiceText, estimateText, verdictText } from "./words.ts";

/** Rows of the page's table; the CSV has all. */
const PAGE_ROWS = 400;
/** Rows of the terminal's. */
const TERMINAL_ROWS = 40;
/** The rule under the head is two columns wider than the table. */
const MOST_WIDTH = SUMMARY_WIDTH - 2;
/** A value or name on the terminal is never cut below this. */
const LEAST_NAME = 6;

const TONES: Readonly<Record<Verdict, Tone>> = {
  met: "good",
  missed: "bad",
  "not-enough-data": "muted",
};

const SHORT_VERDICTS: Readonly<Record<Verdict, string>> = {
  met: "kept",
  missed: "missed",
  "not-enough-data": "no data",
};

/** Every variant in the order of the sweep. */
export function variantTable(sweep: Sweep): Table {
  const { variants, dimensions } = sweep;
  const shown = variants.slice(0, PAGE_ROWS);
  const [first] = variants;
  return {
    title: "Every variant",
    columns: [
      ...dimensions.map(({ name }, at) => (at === 0 ? left(name) : right(name))),
      left("Promises", DEFINITIONS.verdict.meaning),
      ...(first?.tiers ?? []).flatMap(({ name }) => [
        right(`${capital(name)}: TTFT P99`, DEFINITIONS.ttft.meaning),
        right(
          `${capital(name)}: compliance`,
          "Share of requests within quota that met every target.",
        ),
      ]),
      right("GPUs"),
      right("Cost per hour", "Of all GPUs; of a pool that scales, by its mean size."),
      right("Cost per M tokens", "GPU cost per million input and output tokens."),
      right("Busy", DEFINITIONS.utilization.meaning),
    ],
    rows: shown.map(pageRow),
    ...(shown.length < variants.length && {
      note: `The first ${formatCount(shown.length)} of ${formatCount(variants.length)} variants; sweep.csv has all.`,
    }),
  };
}

/** The cheapest variant that keeps every promise, for each traffic; undefined where all traffic is one, or nowhere is a choice. */
export function cheapestTable(sweep: Sweep): Table | undefined {
  const levels = trafficLevels(sweep);
  if (levels.length === 1 || !hasChoice(levels)) return undefined;
  const shown = levels.slice(0, PAGE_ROWS);
  return {
    title: "The cheapest for each traffic",
    columns: [
      left("Traffic"),
      right("Variants"),
      right("Keep every promise"),
      left("The cheapest of them"),
      right("Cost per hour"),
    ],
    rows: shown.map(({ text, rows, kept }) => {
      const [best] = kept;
      return [
        cell(text),
        cell(formatCount(rows.length)),
        cell(formatCount(kept.length)),
        best === undefined ? toned("none", "bad") : cell(choiceText(sweep, best)),
        cell(
          best === undefined ? MISSING : formatUsd(hourly(best)),
          "Nothing keeps every promise.",
        ),
      ];
    }),
    ...(shown.length < levels.length && {
      note: `The first ${formatCount(shown.length)} of ${formatCount(levels.length)}; sweep.csv has every variant.`,
    }),
  };
}

function pageRow(row: SweepRow): readonly Cell[] {
  const { point, tiers, platform, verdict } = row;
  return [
    ...point.map((value) => cell(value)),
    toned(verdictText(row), TONES[verdict]),
    ...tiers.flatMap(({ figures, verdict: own }) => [
      estimateCell(figures, "ttft-p99", "ms"),
      toned(estimateText(estimateIn(figures, "compliance-owed"), "share"), TONES[own]),
    ]),
    estimateCell(platform, "gpus", "count"),
    estimateCell(platform, "usd-per-hour", "usd"),
    estimateCell(platform, "usd-per-million-tokens", "usd"),
    estimateCell(platform, "busy", "share"),
  ];
}

function estimateCell(
  figures: Estimates,
  id: string,
  unit: "ms" | "share" | "usd" | "count",
): Cell {
  const estimate = estimateIn(figures, id);
  const { interval } = estimate;
  // What does not vary needs no interval beside it.
  const isFixed = interval !== null && interval.low === interval.high;
  return cell(estimateText(isFixed ? { ...estimate, interval: null } : estimate, unit));
}

export function estimateIn(figures: Estimates, id: string): Estimate {
  return figures[id] ?? { mean: null, interval: null };
}

/** All variants; of many, the cheapest that keep every promise, or the first where none does. */
export function sweepTable(sweep: Sweep): SummaryTable {
  const { variants, dimensions } = sweep;
  const kept = keepers(sweep);
  const isAll = variants.length <= TERMINAL_ROWS;
  const shown = isAll ? variants : (kept.length > 0 ? kept : variants).slice(0, TERMINAL_ROWS);
  const tiers = variants[0]?.tiers ?? [];
  const head = [
    ...dimensions.map(({ name }) => cleaned(name)),
    "Promises",
    ...tiers.map(({ name }) => `${cleaned(name)} P99`),
    "$/hour",
    "Busy",
  ];
  const rows = shown.map((row) => [
    ...row.point.map(cleaned),
    SHORT_VERDICTS[row.verdict],
    ...row.tiers.map(tailText),
    formatUsd(hourly(row)),
    formatShare(estimateIn(row.platform, "busy").mean),
  ]);
  return fitted(
    { title: titleOf(sweep, shown.length, kept.length), head, rows },
    dimensions.length,
  );
}

function titleOf({ variants }: Sweep, shown: number, kept: number): string {
  if (shown === variants.length) return "Variants: promises, TTFT P99 per tier (✗: missed), cost";
  const which = kept > 0 ? "The cheapest that keep every promise" : "The first";
  return `${which}, ${formatCount(shown)} of ${formatCount(variants.length)} variants`;
}

/** With a mark where the tier's promise is not kept, whichever of its targets that is for. */
function tailText({ figures, ttftLimitMs, verdict }: SweepTier): string {
  const { mean } = estimateIn(figures, "ttft-p99");
  const text = ttftLimitMs === null ? formatMs(mean) : formatMsBeside(mean, ttftLimitMs);
  return verdict === "missed" ? `✗ ${text}` : text;
}

/**
 * Cuts the names of dimensions from the front, where they say least, and their values; where that is not enough, leaves the last
 * columns out but for the cost, which stands last but one.
 */
function fitted({ title, head, rows }: SummaryTable, dimensions: number): SummaryTable {
  let table = { title, head, rows };
  for (let column = 0; column < dimensions; column++) table = withCut(table, column);
  for (let last = head.length - 1; last > dimensions && excessOf(table) > 0; last--) {
    const gone = last === head.length - 1 ? last : last - 1;
    const without = (row: readonly string[]) => row.filter((_, index) => index !== gone);
    table = { title, head: without(table.head), rows: table.rows.map(without) };
  }
  return table;
}

function excessOf({ head, rows }: SummaryTable): number {
  return tableWidth([head, ...rows]) - MOST_WIDTH;
}

function withCut(table: SummaryTable, column: number): SummaryTable {
  const { title, head, rows } = table;
  const excess = excessOf(table);
  if (excess <= 0) return table;
  const widest = Math.max(...[head, ...rows].map((row) => Array.from(row[column] ?? "").length));
  const width = Math.max(LEAST_NAME, widest - excess);
  const changed = (row: readonly string[], change: (text: string, width: number) => string) =>
    row.map((text, index) => (index === column ? change(text, width) : text));
  return {
    title,
    head: changed(head, cutFront),
    rows: rows.map((row) => changed(row, cut)),
  };
}

function cutFront(text: string, width: number): string {
  const characters = Array.from(text);
  return characters.length <= width ? text : `…${characters.slice(1 - width).join("")}`;
}

/** Compliance of a tier, for charts' tooltips. */
export function keptText({ figures }: SweepTier): string {
  return formatPercent(estimateIn(figures, "compliance-owed").mean);
}
