/** The charts of what may come: GPUs needed in each case, and growing traffic against what the platform bears. */
import type { PlanResult, SensitivityRow } from "../../results/plan.ts";
import {
  type Chart,
  type ChartStyle,
  compact,
  frame,
  type Layer,
  ROW_HEIGHT,
} from "../charts/frame.ts";
import { nameAxis, OWN_COLOUR } from "../charts/rows.ts";
import { formatObjective, formatTimes, formatUsd } from "../format.ts";
import { counted } from "../../results/plan-words.ts";
import { monthsText, readingText, runwayMonths } from "./words.ts";

const COUNT_AXIS = { tickCount: 5, tickMinStep: 1, format: "~r" };

/** Pixels kept free beside the longest bar: its label must fit on a phone, too. */
const LABEL_WIDTH = 58;

/** Beyond the month of the break, the curve goes on by this part. */
const CURVE_TAIL = 0.35;

/** GPUs needed in every case of the sensitivity analysis, beside those of the answer. */
export function neededChart(plan: PlanResult, style: ChartStyle): Chart | undefined {
  const { answer, sensitivity } = plan;
  if (answer === null || sensitivity.length === 0) return undefined;
  const { palette } = style;
  const rows = sensitivity.map((row) => caseRow(row, plan, style));
  const data = { values: rows };
  const y = {
    ...nameAxis(
      "what",
      rows.map(({ what }) => what),
    ),
    axis: { grid: false, labelLimit: 230 },
  };
  const most = rows.reduce((high, { gpus }) => Math.max(high, gpus), answer.gpus);
  const rangeMax = { expr: `width - ${LABEL_WIDTH}` };
  const scale = { domain: [0, most], nice: false, rangeMax };
  const x = { field: "gpus", type: "quantitative", title: null, scale, axis: COUNT_AXIS } as const;
  return {
    id: "plan-needed",
    title: "GPUs it would take, case by case",
    note: `The dashed line is the answer, ${counted(answer.gpus, "GPU")}. A blue bar ends there: the answer holds in that case as it is.`,
    legend: [
      { label: "The answer holds", colour: palette.c0 },
      { label: "It takes more", colour: palette.c1 },
      { label: "Not known", colour: palette.c7 },
    ],
    spec: frame(style, {
      title: "GPUs needed in each case",
      height: ROW_HEIGHT * rows.length,
      layer: [
        {
          data,
          mark: { type: "bar", height: 13 },
          encoding: {
            x,
            y,
            color: OWN_COLOUR,
            tooltip: [
              { field: "what", title: "Case" },
              { field: "outcome", title: "With the answer" },
              { field: "worst", title: "Worst promise" },
              { field: "text", title: "GPUs" },
              { field: "price", title: "Per hour" },
            ],
          },
        },
        {
          data,
          mark: { type: "text", align: "left", dx: 6, fontSize: 10.5, fill: palette["ink-2"] },
          encoding: { x, y, text: { field: "text", type: "nominal" } },
        },
        {
          data: { values: [{}] },
          mark: { type: "rule", stroke: palette.ink, strokeWidth: 1.25, strokeDash: [5, 4] },
          encoding: { x: { datum: answer.gpus, type: "quantitative" } },
        },
      ],
    }),
  };
}

function caseRow(row: SensitivityRow, { answer, ask }: PlanResult, { palette }: ChartStyle) {
  const { what, isKept, worst, gpusNeeded, usdPerHourNeeded } = row;
  const colour = isKept === null ? palette.c7 : isKept ? palette.c0 : palette.c1;
  const outcome = isKept === null ? "not known" : isKept ? "every promise kept" : "missed";
  const text =
    isKept === true ? "holds" : gpusNeeded === null ? outcome : counted(gpusNeeded, "GPU");
  return {
    what,
    gpus: isKept === true ? (answer?.gpus ?? 0) : (gpusNeeded ?? 0),
    colour,
    outcome,
    text,
    price: formatUsd(usdPerHourNeeded),
    worst: worst === null ? "not simulated" : readingText(worst, ask.promises),
  };
}

/** Traffic growing month by month, with the point up to which it holds and the one by which it breaks; undefined where no growth was stated or none breaks it. */
export function growthChart({ runway }: PlanResult, style: ChartStyle): Chart | undefined {
  const span = runway === null ? undefined : runwayMonths(runway);
  if (runway === null || span === undefined) return undefined;
  const { palette } = style;
  const { breaksAt, heldAt, monthlyGrowth } = runway;
  const last = Math.max(1, Math.ceil(span.breaks * (1 + CURVE_TAIL)));
  const curve = Array.from({ length: 21 }, (_, at) => {
    const month = (last * at) / 20;
    const factor = Math.exp(month * Math.log1p(monthlyGrowth ?? 0));
    return { month: compact(month), factor: compact(factor) };
  });
  const x = {
    field: "month",
    type: "quantitative" as const,
    title: "Months from now",
    scale: { domain: [0, last], nice: false },
    axis: { grid: false, tickCount: 6, tickMinStep: 1, format: "~r" },
  };
  const most = curve.reduce((high, { factor }) => Math.max(high, factor ?? 1), 1);
  const y = {
    field: "factor",
    type: "quantitative" as const,
    title: "Traffic, of today's",
    scale: { domain: [1, most], nice: true },
    axis: { tickCount: 5, labelExpr: "format(datum.value, '~r') + '×'" },
  };
  const points = [
    endPoint({ month: span.holds, factor: heldAt }, "holds up to", palette.c0),
    endPoint({ month: span.breaks, factor: breaksAt ?? heldAt }, "breaks by", palette.c1),
  ];
  return {
    id: "plan-growth",
    title: "When it runs out",
    note: `Traffic growing by ${formatObjective(monthlyGrowth)} a month reaches ${formatTimes(heldAt)}, the most that was seen to hold, after ${monthsText(span.holds)}, and ${formatTimes(breaksAt)}, the least that was seen to break a promise, after ${monthsText(span.breaks)}.`,
    legend: [
      { label: "Traffic", colour: palette.c0 },
      { label: "Holds up to", colour: palette.c0, glyph: "●" },
      { label: "Breaks by", colour: palette.c1, glyph: "●" },
    ],
    spec: frame(style, {
      title: "Traffic by month, and how much of it the platform bears",
      height: 200,
      layer: [
        {
          data: { values: curve },
          mark: { type: "line", strokeWidth: 2, color: palette.c0 },
          encoding: { x, y },
        },
        ...endLayers(points, style),
      ],
    }),
  };
}

interface EndPoint {
  readonly month: number | null;
  readonly factor: number | null;
  readonly label: string;
  readonly colour: string;
}

function endPoint(
  { month, factor }: { readonly month: number; readonly factor: number },
  what: string,
  colour: string,
): EndPoint {
  const label = `${what} ${formatTimes(factor)}\n${monthsText(month)}`;
  return { month: compact(month), factor: compact(factor), label, colour };
}

/** The label of what holds stands below the line, and that of what breaks above it, in two short lines each: they are near each other. */
function endLayers(points: readonly EndPoint[], { palette }: ChartStyle): readonly Layer[] {
  const x = { field: "month", type: "quantitative" } as const;
  const y = { field: "factor", type: "quantitative" } as const;
  const text = { field: "label", type: "nominal" } as const;
  const label = { type: "text", fontSize: 10.5, lineBreak: "\n", fill: palette.ink } as const;
  return [
    {
      data: { values: points },
      mark: { type: "point", filled: true, size: 90, opacity: 1 },
      encoding: { x, y, color: OWN_COLOUR },
    },
    {
      data: { values: points.slice(0, 1) },
      mark: { ...label, align: "left", dx: 8, dy: 12 },
      encoding: { x, y, text },
    },
    {
      data: { values: points.slice(1) },
      mark: { ...label, align: "right", dx: -9, dy: -18 },
      encoding: { x, y, text },
    },
  ];
}
