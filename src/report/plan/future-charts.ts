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
import { formatNumber, formatObjective, formatTimes, formatUsd } from "../format.ts";
import { counted } from "../../results/plan-words.ts";
import { readingText } from "./words.ts";

const COUNT_AXIS = { tickCount: 5, tickMinStep: 1, format: "~r" };

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
  const scale = { domain: [0, most * 1.3], nice: false };
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

/** Traffic growing month by month, against what the platform bears; undefined where no growth was stated or none breaks it. */
export function growthChart({ runway }: PlanResult, style: ChartStyle): Chart | undefined {
  if (runway === null) return undefined;
  const { breaksAt, monthlyGrowth, months } = runway;
  if (breaksAt === null || monthlyGrowth === null || months === null) return undefined;
  const { palette } = style;
  const last = Math.max(1, Math.ceil(months * (1 + CURVE_TAIL)));
  const curve = Array.from({ length: 21 }, (_, at) => {
    const month = (last * at) / 20;
    return { month: compact(month), factor: compact(Math.exp(month * Math.log1p(monthlyGrowth))) };
  });
  const x = {
    field: "month",
    type: "quantitative" as const,
    title: "Months from now",
    scale: { domain: [0, last], nice: false },
    axis: { grid: false, tickCount: 6, tickMinStep: 1, format: "~r" },
  };
  const y = {
    field: "factor",
    type: "quantitative" as const,
    title: "Traffic, of today's",
    scale: { domain: [1, Math.max(...curve.map(({ factor }) => factor ?? 1))], nice: true },
    axis: { tickCount: 5, labelExpr: "format(datum.value, '~r') + '×'" },
  };
  const at = { month: compact(months), factor: compact(breaksAt) };
  return {
    id: "plan-growth",
    title: "When it runs out",
    note: `Traffic growing by ${formatObjective(monthlyGrowth)} a month, against the ${formatTimes(breaksAt)} at which the first promise breaks.`,
    legend: [
      { label: "Traffic", colour: palette.c0 },
      { label: "What the answer bears", colour: palette.ink },
    ],
    spec: frame(style, {
      title: "Traffic by month, against what the platform bears",
      height: 200,
      layer: [
        {
          data: { values: curve },
          mark: { type: "line", strokeWidth: 2, color: palette.c0 },
          encoding: { x, y },
        },
        ...breakLayers(at, `breaks after ${formatNumber(months, 2)} months`, style),
      ],
    }),
  };
}

function breakLayers(
  at: { readonly month: number | null; readonly factor: number | null },
  label: string,
  { palette }: ChartStyle,
): readonly Layer[] {
  const data = { values: [at] };
  const x = { field: "month", type: "quantitative" } as const;
  const y = { field: "factor", type: "quantitative" } as const;
  return [
    {
      data,
      mark: { type: "rule", stroke: palette.ink, strokeWidth: 1.25, strokeDash: [5, 4] },
      encoding: { y },
    },
    {
      data,
      mark: { type: "point", filled: true, size: 90, opacity: 1, color: palette.c1 },
      encoding: { x, y },
    },
    {
      data,
      mark: { type: "text", align: "right", dx: -9, dy: -9, text: label, fill: palette.ink },
      encoding: { x, y },
    },
  ];
}
