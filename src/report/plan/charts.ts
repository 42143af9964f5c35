/** The charts of a plan's evidence: the path of the search, and how near the promises come to their limits if things change. */
import type { PlanResult, PlanStep } from "../../results/plan.ts";
import {
  type Chart,
  type ChartStyle,
  compact,
  countScale,
  frame,
  type Layer,
  type LegendEntry,
  ROW_HEIGHT,
  TIME_HEIGHT,
} from "../charts/frame.ts";
import type { ColourName } from "../charts/palette.ts";
import { nameAxis, OWN_COLOUR } from "../charts/rows.ts";
import { formatUsd } from "../format.ts";
import { designText, readingText, sizesText } from "./words.ts";

/** Pressures above this are drawn here: how hopeless something is does not matter. */
const MOST_PRESSURE = 3;

interface Look {
  readonly label: string;
  readonly colour: ColourName;
  readonly shape: "circle" | "diamond" | "square";
  readonly glyph: string;
}

const LOOKS: Readonly<Record<PlanStep["outcome"], Look>> = {
  kept: { label: "Kept", colour: "c0", shape: "circle", glyph: "●" },
  missed: { label: "Missed", colour: "c1", shape: "diamond", glyph: "◆" },
  open: { label: "Neither confirmed nor refused", colour: "c4", shape: "circle", glyph: "●" },
  unknown: { label: "Too little data", colour: "c7", shape: "square", glyph: "■" },
  excluded: { label: "Not simulated", colour: "c7", shape: "square", glyph: "■" },
};

const OUTCOMES = ["kept", "missed", "open", "unknown", "excluded"] as const;

/** The price of each platform tried, in order. */
export function pathChart({ path, ask }: PlanResult, style: ChartStyle): Chart | undefined {
  if (path.length < 2) return undefined;
  const { palette } = style;
  const values = path.map((step, at) => ({
    step: at + 1,
    usd: step.usdPerHour,
    colour: palette[LOOKS[step.outcome].colour],
    shape: LOOKS[step.outcome].shape,
    outcome: LOOKS[step.outcome].label,
    design: designText(step.design),
    sizes: sizesText(step.sizes),
    worst: step.note === "" ? readingText(step.worst, ask.promises) : step.note,
    price: `${formatUsd(step.usdPerHour)}/h`,
  }));
  const x = {
    field: "step",
    type: "quantitative" as const,
    title: "Platforms tried",
    scale: { domain: [0.5, path.length + 0.5], nice: false },
    axis: { grid: false, tickMinStep: 1, format: "d" },
  };
  const y = {
    field: "usd",
    type: "quantitative" as const,
    title: null,
    scale: countScale(path.map(({ usdPerHour }) => usdPerHour)),
    axis: { tickCount: 5, labelExpr: "'$' + datum.label + '/h'" },
  };
  const tooltip = [
    { field: "step", title: "Step" },
    { field: "design", title: "Design" },
    { field: "sizes", title: "Replicas" },
    { field: "price", title: "Price" },
    { field: "outcome", title: "Outcome" },
    { field: "worst", title: "Worst promise" },
  ];
  const used = OUTCOMES.filter((outcome) => path.some((step) => step.outcome === outcome));
  return {
    id: "plan-path",
    title: "The path of the search",
    note: "Every platform tried, in order, by its price. The last ones are the answer on fresh seeds.",
    legend: used.map((outcome): LegendEntry => {
      const { label, colour, glyph } = LOOKS[outcome];
      return { label, colour: palette[colour], glyph };
    }),
    spec: frame(style, {
      title: "Price of each platform tried, in order",
      height: TIME_HEIGHT,
      layer: [
        {
          data: { values },
          mark: { type: "line", color: palette.grid, strokeWidth: 1.5 },
          encoding: { x, y },
        },
        {
          data: { values },
          mark: { type: "point", filled: true, size: 70, opacity: 1, stroke: palette.surface },
          encoding: {
            x,
            y,
            color: OWN_COLOUR,
            shape: { field: "shape", type: "nominal", scale: null, legend: null },
            tooltip,
          },
        },
      ],
    }),
  };
}

function drawn(pressure: number | null): number {
  return compact(Math.min(MOST_PRESSURE, pressure ?? MOST_PRESSURE)) ?? MOST_PRESSURE;
}

function pressureAxis(pressures: readonly number[]) {
  return {
    field: "pressure",
    type: "quantitative" as const,
    title: null,
    scale: { domain: [0, Math.max(1.1, ...pressures) * 1.05], nice: false },
    axis: { tickCount: 5, format: "~p" },
  };
}

function limitRule(
  style: ChartStyle,
  channel: { readonly x: object } | { readonly y: object },
): Layer {
  return {
    data: { values: [{ pressure: 1 }] },
    mark: { type: "rule", color: style.palette.bad, strokeDash: [4, 3] },
    encoding: channel,
  };
}

/** One bar per change: how near the worst promise comes to its limit then. */
export function sensitivityChart(
  { sensitivity, ask }: PlanResult,
  style: ChartStyle,
): Chart | undefined {
  const { palette } = style;
  const values = sensitivity.flatMap((row) =>
    row.worst === null
      ? []
      : [
          {
            what: row.what,
            pressure: drawn(row.worst.pressure),
            colour: row.isKept === true ? palette.c0 : palette.c1,
            worst: readingText(row.worst, ask.promises),
          },
        ],
  );
  if (values.length < 2) return undefined;
  const names = values.map(({ what }) => what);
  const x = pressureAxis(values.map(({ pressure }) => pressure));
  return {
    id: "plan-sensitivity",
    title: "If things turn out otherwise",
    note: `The worst promise as a share of its limit (drawn up to ${MOST_PRESSURE * 100} %), on the search's seeds.`,
    legend: [
      { label: "Kept", colour: palette.c0 },
      { label: "Missed", colour: palette.c1 },
    ],
    spec: frame(style, {
      title: "The worst promise as a share of its limit, by what changes",
      height: ROW_HEIGHT * values.length,
      layer: [
        {
          data: { values },
          mark: { type: "bar", height: 14 },
          encoding: {
            x,
            y: { ...nameAxis("what", names), axis: { grid: false, labelLimit: 240 } },
            color: OWN_COLOUR,
            tooltip: [
              { field: "what", title: "What" },
              { field: "worst", title: "Worst promise" },
            ],
          },
        },
        limitRule(style, { x }),
      ],
    }),
  };
}
