/** The charts of a plan's answer: how near each promise comes to its limit, what the alternatives cost, what each tenant costs. */
import type { FrontierPoint, PlanResult } from "../../results/plan.ts";
import {
  type Chart,
  type ChartStyle,
  compact,
  frame,
  type Layer,
  ROW_HEIGHT,
} from "../charts/frame.ts";
import { nameAxis, OWN_COLOUR, ROWS } from "../charts/rows.ts";
import { USD_LABELS } from "../charts/money.ts";
import { formatCount, formatUsd } from "../format.ts";
import { counted, percentOf, promiseLimit, toldOnce } from "../../results/plan-words.ts";
import { designText, readingText, shareWords, sizesText } from "./words.ts";

/** The limit of every promise, as pressure. */
const LIMIT = 1;

/** Pressures above this are drawn at the edge: how far beyond does not matter, and the rest must stay readable. */
const MOST_PRESSURE = 2.5;

const PRESSURE_AXIS = { format: ".0%", tickCount: 5 };

/** A line at the limit, with its name. */
function limitLayers({ palette }: ChartStyle, along: "x" | "y"): readonly Layer[] {
  const data = { values: [{}] };
  const at = { [along]: { datum: LIMIT, type: "quantitative" } };
  return [
    {
      data,
      mark: { type: "rule", stroke: palette.ink, strokeWidth: 1.25, strokeDash: [5, 4] },
      encoding: at,
    },
    {
      data,
      mark: {
        type: "text",
        text: "limit",
        align: "right",
        dx: along === "x" ? -5 : 0,
        dy: along === "x" ? 0 : -6,
        fontSize: 10.5,
        fill: palette.ink,
      },
      encoding: { ...at, ...(along === "x" ? { y: { value: 4 } } : { x: { value: "width" } }) },
    },
  ];
}

/** How near each promise comes to its limit on fresh seeds; undefined where none ran. */
export function promiseChart(
  { confirmation, ask }: PlanResult,
  style: ChartStyle,
): Chart | undefined {
  const { palette } = style;
  const told = toldOnce(confirmation?.promises ?? [], ({ promise }) => promise);
  const rows = told.flatMap(({ promise, pressure, predictedAtMost }) =>
    pressure === null
      ? []
      : [
          {
            promise: promiseLimit(promise, ask.promises),
            mean: compact(Math.min(pressure, MOST_PRESSURE)),
            most: compact(Math.min(predictedAtMost ?? pressure, MOST_PRESSURE)),
            meanText: shareWords(pressure),
            mostText: predictedAtMost === null ? "not known" : shareWords(predictedAtMost),
            colour: (predictedAtMost ?? pressure) <= LIMIT ? palette.c0 : palette.c1,
          },
        ],
  );
  if (rows.length === 0) return undefined;
  const data = { values: rows };
  const scale = { domain: [0, domainEnd(rows.map(({ most }) => most ?? 0))], nice: false };
  const x = { type: "quantitative", title: null, scale, axis: PRESSURE_AXIS } as const;
  const y = {
    ...nameAxis(
      "promise",
      rows.map(({ promise }) => promise),
    ),
    axis: { grid: false, labelLimit: 230 },
  };
  const tooltip = [
    { field: "promise", title: "Promise" },
    { field: "meanText", title: "Mean" },
    { field: "mostText", title: "Predicted at most" },
  ];
  return {
    id: "plan-promises",
    title: "How near each promise comes to its limit",
    note: `Of the limit, over ${formatCount(confirmation?.seeds.length ?? 0)} fresh runs: the dot is the mean, the bar ends at what a further run stays within, all promises together, at ${percentOf(ask.confidence)} % confidence.`,
    legend: [
      { label: "Mean of the runs", colour: palette.c0, glyph: "●" },
      { label: "Predicted at most", colour: palette.c0, opacity: BAR_OPACITY },
    ],
    spec: frame(style, {
      title: "Promises as parts of their limits",
      height: ROW_HEIGHT * rows.length,
      layer: [
        {
          data,
          mark: { type: "bar", height: 9, cornerRadius: 4.5, opacity: BAR_OPACITY },
          encoding: {
            x: { ...x, field: "mean" },
            x2: { field: "most" },
            y,
            color: OWN_COLOUR,
            tooltip,
          },
        },
        {
          data,
          mark: { type: "point", filled: true, size: 70, opacity: 1 },
          encoding: { x: { ...x, field: "mean" }, y, color: OWN_COLOUR, tooltip },
        },
        ...limitLayers(style, "x"),
      ],
    }),
  };
}

const BAR_OPACITY = 0.4;

const FRONTIER_TOOLTIP = [
  { field: "usdText", title: "Per hour" },
  { field: "gpus", title: "Platform" },
  { field: "design", title: "Design" },
  { field: "sizes", title: "Replicas" },
  { field: "worst", title: "Worst promise" },
  { field: "pressureText", title: "Of its limit" },
];

/** What each platform that was tried costs, and how near its worst promise came to its limit. */
export function frontierChart(plan: PlanResult, style: ChartStyle): Chart | undefined {
  const { palette } = style;
  const { frontier, answer } = plan;
  if (frontier.length === 0) return undefined;
  const points = frontier.map((point) => frontierPoint(point, plan, style));
  const isCut = frontier.some(({ worst }) => (worst.pressure ?? Infinity) > MOST_PRESSURE);
  const costs = points.map(({ usd }) => usd);
  const x = {
    field: "usd",
    type: "quantitative" as const,
    title: "GPU cost per hour",
    scale: { domain: [Math.min(...costs) * 0.94, Math.max(...costs) * 1.06], nice: false },
    axis: { labelExpr: USD_LABELS, tickCount: 5, grid: false },
  };
  const y = {
    field: "pressure",
    type: "quantitative" as const,
    title: "Worst promise, of its limit",
    scale: { domain: [0, domainEnd(points.map(({ pressure }) => pressure))], nice: false },
    axis: PRESSURE_AXIS,
  };
  return {
    id: "plan-frontier",
    title: "Cost against promises",
    note: `Each mark is a platform that was tried and that nothing cheaper outdoes, with its GPUs. Below the line every promise is kept.${isCut ? ` What lies beyond ${formatCount(MOST_PRESSURE * 100)} % is drawn there.` : ""}`,
    legend: [
      { label: "Every promise kept", colour: palette.c0, glyph: "●" },
      { label: "Some promise missed", colour: palette.c1, glyph: "◆" },
      ...(answer === null ? [] : [{ label: "The answer", colour: palette.ink, glyph: "○" }]),
    ],
    spec: frame(style, {
      title: "Cost of the platforms tried, and their worst promises",
      height: 230,
      layer: [
        ...limitLayers(style, "y"),
        {
          data: { values: points },
          mark: { type: "point", filled: true, opacity: 1 },
          encoding: {
            x,
            y,
            color: OWN_COLOUR,
            shape: { field: "shape", type: "nominal", scale: null, legend: null },
            size: { field: "size", type: "quantitative", scale: null, legend: null },
            tooltip: FRONTIER_TOOLTIP,
          },
        },
        {
          data: { values: points.filter(({ isAnswer }) => isAnswer) },
          mark: { type: "point", filled: false, size: 260, stroke: palette.ink, strokeWidth: 2 },
          encoding: { x, y },
        },
        ...[true, false].map(
          (isKept): Layer => ({
            data: { values: points.filter((point) => point.isKept === isKept) },
            // On their own side of the limit, so that no label lies on its line.
            mark: { type: "text", dy: isKept ? 17 : -13, fontSize: 10.5, fill: palette["ink-2"] },
            encoding: { x, y, text: { field: "label", type: "nominal" } },
          }),
        ),
      ],
    }),
  };
}

function frontierPoint(point: FrontierPoint, { answer, ask }: PlanResult, { palette }: ChartStyle) {
  const { usdPerHour, gpus, sizes, worst, isKept } = point;
  const isAnswer =
    answer !== null &&
    answer.gpus === gpus &&
    answer.usdPerHour === usdPerHour &&
    answer.design.join() === point.design.join();
  return {
    usd: compact(usdPerHour) ?? 0,
    pressure: compact(Math.min(worst.pressure ?? MOST_PRESSURE, MOST_PRESSURE)) ?? 0,
    label: formatCount(gpus),
    colour: isKept ? palette.c0 : palette.c1,
    shape: isKept ? "circle" : "diamond",
    size: isKept ? 80 : 110,
    isAnswer,
    isKept,
    usdText: formatUsd(usdPerHour),
    gpus: counted(gpus, "GPU"),
    design: designText(point.design),
    sizes: sizesText(sizes),
    worst: readingText(worst, ask.promises),
    pressureText: shareWords(worst.pressure),
  };
}

/** What each tenant costs an hour: GPU time used, idle time of its own, its part of shared idle time. */
export function tenantCostChart({ costs }: PlanResult, style: ChartStyle): Chart | undefined {
  if (costs === null || costs.tenants.length === 0) return undefined;
  const { palette } = style;
  const tenants = costs.tenants.toSorted((a, b) => b.usdPerHour - a.usdPerHour).slice(0, ROWS);
  const kinds = [
    { label: "Used", colour: palette.c0, usd: "usedUsdPerHour" },
    { label: "Its own idle time", colour: palette.c5, usd: "ownIdleUsdPerHour" },
    { label: "Its part of shared idle time", colour: palette.c7, usd: "sharedIdleUsdPerHour" },
  ] as const;
  const bars = tenants.flatMap((tenant) =>
    kinds.map(({ label, colour, usd }, order) => ({
      tenant: tenant.name,
      kind: label,
      colour,
      order,
      usd: compact(tenant[usd]),
      text: formatUsd(tenant[usd]),
    })),
  );
  const totals = tenants.map(({ name, usdPerHour }) => ({
    tenant: name,
    usd: compact(usdPerHour),
    text: formatUsd(usdPerHour),
  }));
  const y = nameAxis(
    "tenant",
    tenants.map(({ name }) => name),
  );
  const most = tenants.reduce((high, { usdPerHour }) => Math.max(high, usdPerHour), 0);
  const scale = { domain: [0, most === 0 ? 1 : most * 1.18], nice: false };
  const axis = { labelExpr: USD_LABELS, tickCount: 5 };
  const x = { field: "usd", type: "quantitative", title: null, scale, axis } as const;
  return {
    id: "plan-tenants",
    title: "What each tenant costs an hour",
    note: `GPU cost; the parts add up to the platform's.${tenants.length < costs.tenants.length ? ` Showing the dearest ${tenants.length} of ${costs.tenants.length} tenants; the table holds all.` : ""}`,
    legend: kinds.map(({ label, colour }) => ({ label, colour })),
    spec: frame(style, {
      title: "GPU cost per tenant and hour",
      height: ROW_HEIGHT * tenants.length,
      layer: [
        {
          data: { values: bars },
          mark: { type: "bar", height: 13, stroke: palette.surface, strokeWidth: 1 },
          encoding: {
            x: { ...x, stack: "zero" },
            y,
            order: { field: "order", type: "quantitative" },
            color: OWN_COLOUR,
            tooltip: [
              { field: "tenant", title: "Tenant" },
              { field: "kind", title: "Part" },
              { field: "text", title: "Per hour" },
            ],
          },
        },
        {
          data: { values: totals },
          mark: { type: "text", align: "left", dx: 6, fontSize: 10.5, fill: palette["ink-2"] },
          encoding: { x, y, text: { field: "text", type: "nominal" } },
        },
      ],
    }),
  };
}

/** The end of an axis of pressures: the limit is always on it, with air beyond. */
function domainEnd(pressures: readonly number[]): number {
  return Math.max(LIMIT, ...pressures) * 1.12;
}
