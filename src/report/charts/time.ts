/**
 * Charts over time. Their data is one row per slice with a field per series (v0, v1, ...), so that the names of tenants
 * are never field names, and a row is both a point of each line and the content of its tooltip. Every chart shows the
 * warm-up as a shaded band and the run's events as marks at the top.
 */
import type { PlatformEvent, Results } from "../../results/results.ts";
import { formatDuration } from "../format.ts";
import { EVENT_WORDS } from "../tables/platform.ts";
import { compact, frame, TIME_HEIGHT, type Chart, type ChartStyle, type Layer } from "./frame.ts";
import { categorical, type ColourName, type Palette } from "./palette.ts";

export interface Series {
  readonly label: string;
  readonly colour: string;
  readonly values: readonly (number | null)[];
}

interface TimeChart {
  readonly id: string;
  readonly title: string;
  readonly note: string;
  readonly series: readonly Series[];
  readonly shape: "line" | "step" | "stack";
  /** Scale and axis of the values, as Vega-Lite has them. */
  readonly scale: object;
  readonly axis: object;
  /** d3-format of a value in the tooltip, and the unit behind the series' name there. */
  readonly format: string;
  readonly unit: string;
  /** A dashed line at this value, with its label. */
  readonly target?: { readonly value: number; readonly label: string };
  readonly height?: number;
}

/** Invisible, for the pointer only: a picture does without it. */
export const HOVER_LAYER = "slices";

/** Marks beyond this many would be a curtain; the table of events holds the others. */
const EVENT_MARKS = 60;

const EVENT_COLOURS: Readonly<Record<PlatformEvent["kind"], ColourName>> = {
  "noisy-neighbour": "accent",
  "noisy-neighbour-ended": "ink-3",
  "mitigation-tightened": "accent",
  "mitigation-relaxed": "ink-3",
  "mitigation-ended": "ink-3",
  "replica-down": "bad",
  "replica-up": "ink-3",
  "replica-slow": "bad",
  "replica-slow-ended": "ink-3",
  "scale-out": "c0",
  "scale-in": "ink-3",
  "replica-released": "ink-3",
  straggler: "bad",
  "straggler-ended": "ink-3",
};

/** Builds a chart over time from its series; undefined when no slice holds a value. */
export function timeChart(
  results: Results,
  style: ChartStyle,
  chart: TimeChart,
): Chart | undefined {
  if (!chart.series.some((series) => series.values.some((value) => value !== null)))
    return undefined;
  const { palette } = style;
  const spec = frame(style, {
    title: chart.title,
    height: chart.height ?? TIME_HEIGHT,
    layer: [
      ...warmupLayers(results, palette),
      seriesLayer(results, chart),
      ...targetLayers(chart, palette),
      sliceLayer(results, chart, palette),
      ...eventLayers(results, palette),
    ],
  });
  const legend = chart.series.map(({ label, colour }) => ({ label, colour }));
  return { id: chart.id, title: chart.title, note: chart.note, legend, spec };
}

/** Colours for series that are tenants or pools: by place, so that a name keeps its colour within a chart. */
export function seriesColour(style: ChartStyle, index: number): string {
  return categorical(style.palette, index);
}

/** Adds up several timelines slice by slice, in the given order. */
export function sumSlices(
  results: Results,
  parts: readonly (readonly number[])[],
): readonly number[] {
  return results.timeline.startS.map((_, slice) =>
    parts.reduce((sum, part) => sum + (part[slice] ?? 0), 0),
  );
}

function seriesLayer(results: Results, chart: TimeChart): Layer {
  const fields = chart.series.map((_, index) => `v${index}`);
  const stacked = chart.shape === "stack";
  const line = {
    type: "line",
    strokeWidth: 1.75,
    strokeCap: "round",
    strokeJoin: "round",
  } as const;
  const area = { type: "area", fillOpacity: 0.8, line: false } as const;
  const interpolate = chart.shape === "step" ? "step" : "linear";
  return {
    data: { values: sliceRows(results, chart) },
    transform: [{ fold: fields, as: ["series", "value"] }],
    mark: { ...(stacked ? area : line), interpolate, tooltip: null },
    encoding: {
      x: timeAxis(results),
      y: {
        field: "value",
        type: "quantitative",
        title: null,
        stack: stacked ? "zero" : null,
        scale: chart.scale,
        axis: chart.axis,
      },
      color: {
        field: "series",
        type: "nominal",
        scale: { domain: fields, range: chart.series.map((series) => series.colour) },
        legend: null,
      },
    },
  };
}

/** Invisible slices over the whole height: wherever the pointer is, its slice's values show. */
function sliceLayer(results: Results, chart: TimeChart, palette: Palette): Layer {
  return {
    name: HOVER_LAYER,
    data: { values: sliceRows(results, chart) },
    mark: { type: "rect", fill: palette.ink, fillOpacity: 0, aria: false },
    encoding: {
      x: { field: "from", type: "quantitative" },
      x2: { field: "to" },
      tooltip: [
        { field: "at", title: "From" },
        ...chart.series.map((series, index) => ({
          field: `v${index}`,
          type: "quantitative" as const,
          title: chart.unit === "" ? series.label : `${series.label} (${chart.unit})`,
          format: chart.format,
        })),
      ],
    },
  };
}

function sliceRows(results: Results, chart: TimeChart): Record<string, number | string | null>[] {
  const { startS, sliceSeconds } = results.timeline;
  return startS.map((from, slice) => {
    const to = from + sliceSeconds;
    const row: Record<string, number | string | null> = {
      from,
      to,
      mid: (from + to) / 2,
      at: formatDuration(from),
    };
    chart.series.forEach((series, index) => {
      row[`v${index}`] = compact(series.values[slice] ?? null);
    });
    return row;
  });
}

function targetLayers(chart: TimeChart, palette: Palette): readonly Layer[] {
  if (chart.target === undefined) return [];
  const at = { y: { datum: chart.target.value, type: "quantitative" } } as const;
  const data = { values: [{}] };
  return [
    {
      data,
      mark: {
        type: "rule",
        stroke: palette.ink,
        strokeWidth: 1.25,
        strokeDash: [5, 4],
        tooltip: null,
      },
      encoding: at,
    },
    {
      data,
      mark: {
        type: "text",
        text: chart.target.label,
        align: "right",
        dy: -6,
        fontSize: 10.5,
        fill: palette.ink,
        tooltip: null,
      },
      encoding: { ...at, x: { value: "width" } },
    },
  ];
}

function warmupLayers(results: Results, palette: Palette): readonly Layer[] {
  const { warmupSeconds } = results.run;
  if (warmupSeconds <= 0) return [];
  return [
    {
      data: { values: [{ from: 0, to: warmupSeconds, label: "Warm-up, not counted" }] },
      mark: { type: "rect", fill: palette.grid, fillOpacity: 0.7, tooltip: null },
      encoding: { x: { field: "from", type: "quantitative" }, x2: { field: "to" } },
    },
  ];
}

function eventLayers(results: Results, palette: Palette): readonly Layer[] {
  if (results.events.length === 0) return [];
  const values = results.events.slice(0, EVENT_MARKS).map((event) => ({
    at: event.atS,
    when: formatDuration(event.atS),
    what: EVENT_WORDS[event.kind],
    message: event.message,
    colour: palette[EVENT_COLOURS[event.kind]],
  }));
  const x = { field: "at", type: "quantitative" } as const;
  // Not the colour channel: layers share that one's scale, and these marks carry their own colours.
  const colour = { field: "colour", type: "nominal", scale: null, legend: null } as const;
  const tooltip = [
    { field: "when", title: "At" },
    { field: "what", title: "Event" },
    { field: "message", title: "What happened" },
  ];
  return [
    {
      data: { values },
      mark: { type: "rule", strokeDash: [2, 3], strokeWidth: 1, opacity: 0.8, tooltip: null },
      encoding: { x, stroke: colour },
    },
    {
      name: "events",
      data: { values },
      mark: { type: "point", shape: "triangle-down", filled: true, size: 64, opacity: 1 },
      encoding: { x, y: { value: 3 }, fill: colour, tooltip },
    },
  ];
}

/** The time axis: seconds in the data, the unit a reader would choose on the labels. */
function timeAxis(results: Results) {
  const { startS, sliceSeconds } = results.timeline;
  const endS = (startS.at(-1) ?? 0) + sliceSeconds;
  const [unitS, unit] = axisUnit(endS);
  const stepS = niceStep(endS / unitS / 6, unit) * unitS;
  const count = Math.floor(endS / stepS + 1e-9);
  return {
    field: "mid",
    type: "quantitative" as const,
    title: null,
    scale: { domain: [0, endS], nice: false, zero: false },
    axis: {
      grid: false,
      values: Array.from({ length: count + 1 }, (_, index) => index * stepS),
      labelExpr: `format(datum.value / ${unitS}, '~r') + ' ${unit}'`,
      labelFlush: true,
      labelOverlap: "parity" as const,
    },
  };
}

function axisUnit(seconds: number): readonly [number, string] {
  if (seconds <= 180) return [1, "s"];
  if (seconds <= 3 * 3600) return [60, "min"];
  if (seconds <= 3 * 86_400) return [3600, "h"];
  return [86_400, "d"];
}

/** The smallest friendly step that is at least `least`: tens of minutes, quarters of a day. */
function niceStep(least: number, unit: string): number {
  const steps = unit === "h" ? [0.5, 1, 2, 3, 6, 12, 24] : [0.25, 0.5, 1, 2, 5, 10, 15, 20, 30, 60];
  const friendly = steps.find((step) => step >= least);
  if (friendly !== undefined) return friendly;
  return Math.ceil(least / 50) * 50;
}
