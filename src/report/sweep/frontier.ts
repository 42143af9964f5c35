/** Cost against latency, one dot per variant: what is to be had for which money. */
import {
  type Chart,
  type ChartStyle,
  compact,
  frame,
  type Layer,
  logTicks,
  TIME_HEIGHT,
} from "../charts/frame.ts";
import { OWN_COLOUR } from "../charts/rows.ts";
import { formatTimes, formatUsd } from "../format.ts";
import { hueOf } from "./maps.ts";
import type { Sweep, SweepRow } from "./sweep.ts";
import { hourly } from "./ranking.ts";
import { pointText, verdictText } from "./words.ts";

interface Dot {
  readonly usd: number;
  readonly ratio: number;
  readonly colour: string;
  readonly variant: string;
  readonly text: string;
  readonly verdict: string;
}

/** Cost per hour against the latency target that is nearest to being missed, as a multiple; undefined where cost is one, or no tier has a target. */
export function frontierChart(sweep: Sweep, style: ChartStyle): Chart | undefined {
  const { palette } = style;
  const dots = sweep.variants.flatMap((row) => dotOf(sweep, row, style));
  if (new Set(dots.map(({ usd }) => usd)).size < 2) return undefined;
  return {
    id: "sweep-frontier",
    title: "Cost against latency",
    note: "Each dot is a variant. Upwards: what was measured over what was promised, of the latency target that is worst off (log scale). Left and below is better; a dot below the line may still miss by requests that were not served.",
    legend: [
      { label: "Kept", colour: palette.good, glyph: "●" },
      { label: "Missed", colour: palette.bad, glyph: "●" },
      { label: "Too little data", colour: palette["ink-3"], glyph: "●" },
    ],
    spec: frame(style, {
      title: "GPU cost per hour against the worst latency over its target",
      height: TIME_HEIGHT + 50,
      layer: layersOf(dots, style),
    }),
  };
}

function dotOf(sweep: Sweep, row: SweepRow, { palette }: ChartStyle): readonly Dot[] {
  const ratios = row.tiers.flatMap(({ pressure }) => (pressure === null ? [] : [pressure]));
  const ratio = compact(Math.max(...ratios));
  const usd = compact(hourly(row));
  if (ratio === null || ratio <= 0 || usd === null) return [];
  return [
    {
      usd,
      ratio,
      colour: hueOf(row.verdict, palette),
      variant: pointText(sweep, row.point),
      text: `${formatUsd(usd)} per hour, ${formatTimes(ratio)} of the target`,
      verdict: verdictText(row),
    },
  ];
}

function layersOf(dots: readonly Dot[], { palette }: ChartStyle): readonly Layer[] {
  const ratios = dots.map(({ ratio }) => ratio);
  const low = Math.min(0.8, ...ratios) * 0.85;
  const high = Math.max(1.25, ...ratios) * 1.15;
  const y = {
    field: "ratio",
    type: "quantitative" as const,
    title: null,
    scale: { type: "log" as const, domain: [low, high], nice: false },
    axis: {
      values: [...logTicks(low, high)],
      labelExpr: "format(datum.value, '~r') + '×'",
    },
  };
  const usds = dots.map(({ usd }) => usd);
  const least = Math.min(...usds);
  const most = Math.max(...usds);
  const air = (most - least) * 0.05;
  const x = {
    field: "usd",
    type: "quantitative" as const,
    title: "GPU cost per hour",
    scale: { domain: [least - air, most + air], nice: false, zero: false },
    axis: { grid: false, format: "$~r", tickCount: 6 },
  };
  return [
    {
      data: { values: [{ ratio: 1 }] },
      mark: { type: "rule", strokeDash: [4, 3], color: palette["ink-3"] },
      encoding: { y },
    },
    {
      data: { values: [...dots] },
      mark: { type: "point", filled: true, size: 60, opacity: 0.9, stroke: palette.surface },
      encoding: {
        x,
        y,
        color: OWN_COLOUR,
        tooltip: [
          { field: "variant", title: "Variant" },
          { field: "text", title: "At" },
          { field: "verdict", title: "Promises" },
        ],
      },
    },
  ];
}
