/**
 * The chart of what differs: each further side's figures as multiples of the first's, on a log scale, so that twice and half are
 * equally far from equal; with intervals where there are paired replications, and hollow where a difference may be chance.
 */
import {
  type Chart,
  type ChartStyle,
  compact,
  frame,
  type Layer,
  logTicks,
} from "../charts/frame.ts";
import { categorical } from "../charts/palette.ts";
import { groupedAxis, groupedHeight, OWN_COLOUR } from "../charts/rows.ts";
import { capital } from "../verdict.ts";
import type { Comparison, Row } from "./compare.ts";
import { sideName } from "./side.ts";
import { intervalText, relativeText, valueText } from "./words.ts";

/** Measures charted, where every side knows them: what a tier's users feel, and what the platform costs. */
const CHARTED = ["ttft-p50", "ttft-p99", "tpot-p99", "e2e-p99", "goodput"];
const PLATFORM_CHARTED = ["busy", "usd-per-hour", "usd-per-million-tokens"];

/** Far beyond the edge of the chart. */
const LEAST_RATIO = 1e-9;

interface Mark {
  readonly what: string;
  readonly side: string;
  readonly colour: string;
  readonly ratio: number;
  readonly low: number | null;
  readonly high: number | null;
  readonly isClear: boolean;
  readonly text: string;
  readonly range: string;
}

/** Undefined where nothing is known on both sides. */
export function ratioChart(comparison: Comparison, style: ChartStyle): Chart | undefined {
  const { tiers, platform, sides, significance } = comparison;
  const rows = [
    ...tiers.flatMap(({ name, rows: own }) =>
      charted(own, CHARTED).map((row) => ({
        what: `${capital(name)}: ${row.label}`,
        tier: name,
        row,
      })),
    ),
    ...charted(platform, PLATFORM_CHARTED).map((row) => ({ what: row.label, tier: null, row })),
  ];
  const isClear = (tier: string | null, measure: string, against: number): boolean =>
    significance?.findings.some(
      (one) =>
        one.isSignificant &&
        one.tier === tier &&
        one.measure === measure &&
        one.against === against,
    ) ?? true;
  const marks = rows.flatMap(({ what, tier, row }) =>
    row.differences.flatMap((_, against) =>
      markOf(row, against, { what, style, isClear: isClear(tier, row.id, against) }),
    ),
  );
  if (marks.length === 0) return undefined;
  const names = [...new Set(marks.map(({ what }) => what))];
  const others = sides.slice(1).map(({ name }) => name);
  return {
    id: "compare-ratios",
    title: "What differs, as multiples of A",
    note: `Right of the line is more than A, left is less (log scale).${significance === null ? "" : " Bars are 95 % intervals; hollow dots may be chance (Holm)."}`,
    legend: others.map((label, at) => ({ label, colour: categorical(style.palette, at + 1) })),
    spec: frame(style, {
      title: "Figures of every side as multiples of the first",
      height: groupedHeight(names.length, others.length) * 0.8,
      layer: layersOf(marks, { names, others, style }),
    }),
  };
}

function charted(rows: readonly Row[], ids: readonly string[]): readonly Row[] {
  return ids.flatMap((id) => rows.find((row) => row.id === id) ?? []);
}

function markOf(
  row: Row,
  against: number,
  {
    what,
    style,
    isClear,
  }: { readonly what: string; readonly style: ChartStyle; readonly isClear: boolean },
): readonly Mark[] {
  const [from] = row.values;
  const to = row.values[against + 1];
  const difference = row.differences[against]!;
  if (typeof from !== "number" || typeof to !== "number" || from <= 0 || to <= 0) return [];
  const { interval } = difference;
  const ratio = (change: number): number => Math.max((from + change) / from, LEAST_RATIO);
  return [
    {
      what,
      side: sideName(against + 1),
      colour: categorical(style.palette, against + 1),
      ratio: to / from,
      low: interval === null ? null : ratio(interval.low),
      high: interval === null ? null : ratio(interval.high),
      isClear,
      text: `${valueText(from, row.unit)} to ${valueText(to, row.unit)} (${relativeText(difference.relative)})`,
      range: intervalText(difference, row),
    },
  ];
}

function layersOf(
  marks: readonly Mark[],
  {
    names,
    others,
    style,
  }: {
    readonly names: readonly string[];
    readonly others: readonly string[];
    readonly style: ChartStyle;
  },
): readonly Layer[] {
  const { palette } = style;
  // Dots decide: an interval down to nothing would have no end on a log scale, and is cut at the edge.
  const ratios = marks.map(({ ratio }) => ratio);
  const low = Math.min(0.8, ...ratios) * 0.7;
  const high = Math.max(1.25, ...ratios) * 1.4;
  const scale = { type: "log" as const, domain: [low, high], nice: false };
  const axis = { values: [...logTicks(low, high)], labelExpr: "format(datum.value, '~r') + '×'" };
  const x = { field: "ratio", type: "quantitative" as const, title: null, scale, axis };
  const { y, yOffset } = groupedAxis("what", names, others);
  const tooltip = [
    { field: "what", title: "What" },
    { field: "side", title: "Side" },
    { field: "text", title: "A to it" },
    { field: "range", title: "Difference, 95 %" },
  ];
  const drawn = marks.map((mark) => ({
    ...mark,
    ratio: compact(mark.ratio),
    low: compact(mark.low),
    high: compact(mark.high),
    fill: mark.isClear ? mark.colour : palette.surface,
  }));
  return [
    {
      data: { values: [{ ratio: 1 }] },
      mark: { type: "rule", color: palette["ink-3"] },
      encoding: { x },
    },
    {
      data: { values: drawn.filter((mark) => mark.low !== null) },
      mark: { type: "rule", strokeWidth: 1.5, clip: true },
      encoding: { x: { ...x, field: "low" }, x2: { field: "high" }, y, yOffset, color: OWN_COLOUR },
    },
    {
      data: { values: drawn },
      mark: { type: "point", size: 60, strokeWidth: 1.5, opacity: 1 },
      encoding: {
        x,
        y,
        yOffset,
        stroke: OWN_COLOUR,
        fill: { field: "fill", type: "nominal", scale: null, legend: null },
        tooltip,
      },
    },
  ];
}
