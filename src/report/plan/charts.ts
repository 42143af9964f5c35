/** The charts of a plan: the path of the search, cost against promises, and how near the promises are if things change. */
import type { FrontierPoint, PlanResult, PlanStep } from "../../results/plan.ts";
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

const STEP_COLOURS: Readonly<Record<PlanStep["outcome"], readonly [string, ColourName]>> = {
  kept: ["Kept", "good"],
  tight: ["Kept, too tight", "c4"],
  missed: ["Missed", "bad"],
  unknown: ["Too little data", "c7"],
  excluded: ["Not simulated", "c7"],
};

const OUTCOMES = ["kept", "tight", "missed", "unknown", "excluded"] as const;

/** The price of each platform tried, in order. */
export function pathChart({ path, ask }: PlanResult, style: ChartStyle): Chart | undefined {
  if (path.length < 2) return undefined;
  const { palette } = style;
  const values = path.map((step, at) => ({
    step: at + 1,
    usd: step.usdPerHour,
    colour: palette[STEP_COLOURS[step.outcome][1]],
    outcome: STEP_COLOURS[step.outcome][0],
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
      const [label, colour] = STEP_COLOURS[outcome];
      return { label, colour: palette[colour] };
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
          mark: { type: "point", filled: true, size: 60, opacity: 1, stroke: palette.surface },
          encoding: { x, y, color: OWN_COLOUR, tooltip },
        },
      ],
    }),
  };
}

/** The worst promise's pressure against price. */
export function frontierChart(
  { frontier, ask, answer }: PlanResult,
  style: ChartStyle,
): Chart | undefined {
  if (frontier.length < 2) return undefined;
  const { palette } = style;
  const values = frontier.map((point) => ({
    usd: point.usdPerHour,
    pressure: drawn(point),
    colour: point.isKept ? palette.good : palette.bad,
    design: designText(point.design),
    sizes: sizesText(point.sizes),
    worst: readingText(point.worst, ask.promises),
    price: `${formatUsd(point.usdPerHour)}/h`,
  }));
  const prices = values.map(({ usd }) => usd);
  const x = {
    field: "usd",
    type: "quantitative" as const,
    title: null,
    scale: { domain: [Math.min(...prices) * 0.97, Math.max(...prices) * 1.03], nice: false },
    axis: { grid: false, tickCount: 6, labelExpr: "'$' + datum.label + '/h'" },
  };
  const y = pressureAxis(values.map(({ pressure }) => pressure));
  const tooltip = [
    { field: "price", title: "Price" },
    { field: "design", title: "Design" },
    { field: "sizes", title: "Replicas" },
    { field: "worst", title: "Worst promise" },
  ];
  return {
    id: "plan-frontier",
    title: "Cost against promises",
    note: `The worst promise as a share of its limit: above 100 % it is broken (drawn up to ${MOST_PRESSURE * 100} %). On the search's seeds.${answer === null ? "" : " The vertical line is the answer, which keeps a distance."}`,
    legend: [
      { label: "Kept", colour: palette.good },
      { label: "Missed", colour: palette.bad },
    ],
    spec: frame(style, {
      title: "The worst promise as a share of its limit, by price",
      height: TIME_HEIGHT,
      layer: [
        limitRule(style, { y }),
        ...(answer === null ? [] : [answerRule(style, answer.usdPerHour, x)]),
        {
          data: { values },
          mark: {
            type: "line",
            color: palette["ink-3"],
            strokeWidth: 1.5,
            interpolate: "step-after",
          },
          encoding: { x, y },
        },
        {
          data: { values },
          mark: { type: "point", filled: true, size: 70, opacity: 1, stroke: palette.surface },
          encoding: { x, y, color: OWN_COLOUR, tooltip },
        },
      ],
    }),
  };
}

function drawn({ worst }: Pick<FrontierPoint, "worst">): number {
  return compact(Math.min(MOST_PRESSURE, worst.pressure ?? MOST_PRESSURE))!;
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

function answerRule(style: ChartStyle, usd: number, x: object): Layer {
  return {
    data: { values: [{ usd }] },
    mark: { type: "rule", color: style.palette.accent, strokeWidth: 1.5 },
    encoding: { x },
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
            pressure: drawn({ worst: row.worst }),
            colour: row.isKept === true ? palette.good : palette.bad,
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
      { label: "Kept", colour: palette.good },
      { label: "Missed", colour: palette.bad },
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
