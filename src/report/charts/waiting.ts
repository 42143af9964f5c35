/**
 * How long requests waited, per tier: the middle, the tail and the worst, as marks on one line.
 */
import type { Distribution, Results } from "../../results/results.ts";
import { formatMs } from "../format.ts";
import { capital } from "../verdict.ts";
import {
  compact,
  frame,
  timeScale,
  type Chart,
  type ChartStyle,
  type LayeredSpec,
  type ValueScale,
} from "./frame.ts";
import { tierColour } from "./palette.ts";
import { nameAxis, OWN_COLOUR } from "./rows.ts";

/** Sizes make the shapes look equally large, since Vega draws them with unequal areas. */
const MARKS = [
  { label: "P50", glyph: "●", shape: "circle", size: 90, of: (wait: Distribution) => wait.p50 },
  { label: "P90", glyph: "◆", shape: "diamond", size: 170, of: (wait: Distribution) => wait.p90 },
  { label: "P99", glyph: "■", shape: "square", size: 90, of: (wait: Distribution) => wait.p99 },
  {
    label: "max",
    glyph: "▲",
    shape: "triangle-up",
    size: 150,
    of: (wait: Distribution) => wait.max,
  },
] as const;

interface Wait {
  readonly tier: string;
  readonly quantile: string;
  readonly ms: number;
  readonly text: string;
  readonly colour: string;
  readonly size: number;
}

/** The waiting times of all tiers; undefined without a sample. */
export function waitChart(results: Results, style: ChartStyle): Chart | undefined {
  const waits = results.tiers.flatMap((tier) =>
    MARKS.flatMap(({ label, of, size }): readonly Wait[] => {
      const ms = of(tier.latency.queueMs);
      if (ms === null) return [];
      const colour = tierColour(results, style.palette, tier.name);
      return [{ tier: capital(tier.name), quantile: label, ms, text: formatMs(ms), colour, size }];
    }),
  );
  if (waits.length === 0) return undefined;
  const scale = timeScale(waits.map((wait) => wait.ms));
  const hasEdge = scale.isLog && waits.some((wait) => wait.ms < scale.floor);
  const edge = hasEdge ? ` Waits under ${formatMs(scale.floor, 2)} are drawn at the edge.` : "";
  return {
    id: "waiting-time",
    title: "Waiting time, per tier",
    note: `From arrival to the join of a running batch.${scale.isLog ? " Log scale." : ""}${edge}`,
    legend: MARKS.map(({ label, glyph }) => ({ label, glyph, colour: style.palette["ink-2"] })),
    spec: waitSpec(
      style,
      results.tiers.map((tier) => capital(tier.name)),
      waits,
      scale,
    ),
  };
}

function waitSpec(
  style: ChartStyle,
  tiers: readonly string[],
  waits: readonly Wait[],
  { scale, axis, floor }: ValueScale,
): LayeredSpec {
  const { palette } = style;
  const data = {
    values: waits.map((wait) => ({ ...wait, ms: compact(Math.max(wait.ms, floor)) })),
  };
  const x = { field: "ms", type: "quantitative", title: null, scale, axis } as const;
  const y = nameAxis("tier", tiers);
  return frame(style, {
    title: "Waiting time per tier: P50, P90, P99 and longest",
    height: 44 * tiers.length,
    layer: [
      {
        data,
        mark: { type: "line", strokeWidth: 2, opacity: 0.45 },
        encoding: { x, y, detail: { field: "tier" }, color: OWN_COLOUR },
      },
      {
        data,
        mark: { type: "point", filled: true, opacity: 1, stroke: palette.surface },
        encoding: {
          x,
          y,
          color: OWN_COLOUR,
          shape: {
            field: "quantile",
            type: "nominal",
            scale: {
              domain: MARKS.map((mark) => mark.label),
              range: MARKS.map((mark) => mark.shape),
            },
            legend: null,
          },
          size: { field: "size", type: "quantitative", scale: null, legend: null },
          tooltip: [
            { field: "tier", title: "Tier" },
            { field: "quantile", title: "Quantile" },
            { field: "text", title: "Waited" },
          ],
        },
      },
    ],
  });
}
