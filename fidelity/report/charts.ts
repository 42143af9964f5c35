/** Measured against predicted, as charts: where each figure lies, which runs are off, and whether errors grow with the load. */
import {
  type Chart,
  type ChartStyle,
  compact,
  frame,
  type Layer,
  type LegendEntry,
  logTicks,
  ROW_HEIGHT,
} from "../../src/report/charts/frame.ts";
import { categorical } from "../../src/report/charts/palette.ts";
import { nameAxis, OWN_COLOUR } from "../../src/report/charts/rows.ts";
import { formatMs } from "../../src/report/format.ts";
import { HEADLINE } from "../errors.ts";
import type { Cell, Evaluated } from "../evaluate.ts";
import { METRICS, type MeasuredRun, type Metric } from "../measured.ts";
import { figureName, METRIC_NAMES, runLabels, signedPercent, stageName } from "./labels.ts";
import { modelName } from "../models.ts";

/** Pixels. */
const SCATTER_HEIGHT = 260;
/** An axis of errors ends here; what lies beyond is drawn at the end, its value on hover. */
const MOST_ERROR = 0.4;
const MS_LABELS =
  "datum.value >= 1000 ? format(datum.value / 1000, '~r') + ' s' : format(datum.value, '~r') + ' ms'";
const ERROR_AXIS = {
  labelExpr:
    "(datum.value > 0 ? '+' : datum.value < 0 ? '−' : '') + format(abs(datum.value) * 100, 'd') + ' %'",
};
/** Of the palette. */
const COLOURS = 8;
/** Room for a run's name, pixels. */
const RUN_LABEL = 175;
/** Errors of these are drawn per run. */
const DRAWN = HEADLINE.filter(({ statistic }) => statistic === "mean");

export function scatterCharts(evaluated: readonly Evaluated[], style: ChartStyle): Chart[] {
  const steady = evaluated.filter(({ run }) => !run.isOverload);
  const colours = modelLooks(steady, style);
  return METRICS.flatMap((metric) => scatter(steady, { metric, colours, style }) ?? []);
}

interface Scatter {
  readonly metric: Metric;
  readonly colours: ReadonlyMap<string, Look>;
  readonly style: ChartStyle;
}

function scatter(
  evaluated: readonly Evaluated[],
  { metric, colours, style }: Scatter,
): Chart | undefined {
  const labels = runLabels(evaluated.map(({ run }) => run));
  const shown = evaluated.flatMap(({ cells }) =>
    cells.filter(
      (one) => one.metric === metric && (one.statistic === "mean" || one.statistic === "p99"),
    ),
  );
  if (shown.length === 0) return undefined;
  const values = shown.map((one) => ({
    ...describe(one, labels),
    measured: compact(one.measuredMs),
    predicted: compact(one.predictedMs),
    ...colours.get(modelName(one.run))!,
    filled: one.statistic === "mean" ? 1 : 0,
  }));
  const all = shown.flatMap(({ measuredMs, predictedMs }) => [measuredMs, predictedMs]);
  const domain: [number, number] = [Math.min(...all) * 0.8, Math.max(...all) * 1.25];
  const axis = {
    type: "quantitative" as const,
    scale: { type: "log" as const, domain, nice: false },
    axis: { labelExpr: MS_LABELS, values: [...logTicks(domain[0], domain[1])] },
  };
  const title = `${METRIC_NAMES[metric]}: measured and predicted`;
  return {
    id: `scatter-${metric}`,
    title,
    note: "Filled: means; hollow: P99. Whole runs and their stages. On the line they are equal; above it the prediction is too slow. Log scales.",
    legend: [...colours].map(([label, { colour, glyph }]) => ({ label, colour, glyph })),
    spec: frame(style, {
      title,
      height: SCATTER_HEIGHT,
      layer: [
        {
          data: { values: domain.map((at) => ({ at })) },
          mark: { type: "line", color: style.palette["ink-3"], strokeWidth: 1 },
          encoding: { x: { field: "at", ...axis }, y: { field: "at", ...axis } },
        },
        {
          data: { values },
          mark: { type: "point", size: 42, strokeWidth: 1.5 },

          encoding: {
            x: { field: "measured", title: "measured", ...axis },
            y: { field: "predicted", title: "predicted", ...axis },
            stroke: OWN_COLOUR,
            fill: OWN_COLOUR,
            shape: { field: "shape", type: "nominal", scale: null, legend: null },
            fillOpacity: { field: "filled", type: "quantitative", scale: null, legend: null },
            tooltip: TOOLTIP,
          },
        },
      ],
    }),
  };
}

const TOOLTIP = [
  { field: "run", title: "Run" },
  { field: "load", title: "Load" },
  { field: "figure", title: "Figure" },
  { field: "values", title: "Measured → predicted" },
  { field: "error", title: "Error" },
];

function describe(one: Cell, labels: ReadonlyMap<MeasuredRun, string>) {
  return {
    run: labels.get(one.run)!,
    load: stageName(one.run, one.stage),
    figure: figureName(one),
    values: `${formatMs(one.measuredMs)} → ${formatMs(one.predictedMs)}`,
    error: signedPercent(one.error),
  };
}

/** How a model's points look: colours repeat after eight, shapes do not. */
interface Look {
  readonly colour: string;
  readonly shape: "circle" | "diamond";
  readonly glyph: string;
}

function modelLooks(
  evaluated: readonly Evaluated[],
  { palette }: ChartStyle,
): ReadonlyMap<string, Look> {
  const names = [...new Set(evaluated.map(({ run }) => modelName(run)))].toSorted();
  return new Map(
    names.map((name, index) => {
      const colour = categorical(palette, index);
      return [
        name,
        index < COLOURS
          ? { colour, shape: "circle", glyph: "●" }
          : { colour, shape: "diamond", glyph: "◆" },
      ];
    }),
  );
}

/** Signed errors, a row per run. */
export function runErrorChart(evaluated: readonly Evaluated[], style: ChartStyle): Chart {
  const steady = evaluated.filter(({ run }) => !run.isOverload);
  const labels = runLabels(steady.map(({ run }) => run));
  const cells = steady.flatMap((one) => one.cells.filter(({ stage }) => stage === undefined));
  const title = "Errors of each run";
  return {
    id: "errors-by-run",
    title,
    note: `Of the run as a whole; right of the line the prediction is too slow. Errors beyond ${MOST_ERROR * 100} % are drawn at the edge.`,
    legend: figureLegend(style),
    spec: frame(style, {
      title,
      height: labels.size * ROW_HEIGHT * 0.75,
      layer: [
        zeroLine("x", style),
        {
          data: { values: errorPoints(cells, labels, style) },
          mark: { type: "point", filled: true, size: 46, opacity: 1 },
          encoding: {
            x: errorChannel(),
            y: {
              ...nameAxis("run", [...labels.values()]),
              axis: { grid: false, labelLimit: RUN_LABEL, labelOverlap: false },
            },
            color: OWN_COLOUR,
            tooltip: TOOLTIP,
          },
        },
      ],
    }),
  };
}

/** Signed errors of stages over how many requests were in flight. */
export function loadErrorChart(evaluated: readonly Evaluated[], style: ChartStyle): Chart {
  const steady = evaluated.filter(({ run }) => !run.isOverload);
  const labels = runLabels(steady.map(({ run }) => run));
  const cells = steady.flatMap(({ run, cells: all }) =>
    all.filter(({ stage }) => stage !== undefined || run.stages.length === 1),
  );
  const title = "Errors over the load";
  return {
    id: "errors-by-load",
    title,
    note: "One dot per stage and figure; the load is the measured rate times the measured mean E2E, which is the mean number of requests in flight (Little).",
    legend: figureLegend(style),
    spec: frame(style, {
      title,
      height: SCATTER_HEIGHT,
      layer: [
        zeroLine("y", style),
        {
          data: { values: errorPoints(cells, labels, style) },
          mark: { type: "point", filled: true, size: 40, opacity: 0.85 },
          encoding: {
            x: { field: "inFlight", type: "quantitative", title: "requests in flight" },
            y: errorChannel(),
            color: OWN_COLOUR,
            tooltip: TOOLTIP,
          },
        },
      ],
    }),
  };
}

function errorChannel() {
  return {
    field: "at",
    type: "quantitative" as const,
    title: null,
    scale: { domain: [-MOST_ERROR, MOST_ERROR] },
    axis: { ...ERROR_AXIS, tickCount: 9 },
  };
}

function errorPoints(
  cells: readonly Cell[],
  labels: ReadonlyMap<MeasuredRun, string>,
  { palette }: ChartStyle,
) {
  return DRAWN.flatMap(({ metric, statistic }, index) =>
    cells
      .filter((one) => one.metric === metric && one.statistic === statistic)
      .map((one) => ({
        ...describe(one, labels),
        at: compact(Math.max(-MOST_ERROR, Math.min(MOST_ERROR, one.error))),
        inFlight: compact(inFlightOf(one)),
        colour: categorical(palette, index),
      })),
  );
}

function inFlightOf({ run, stage }: Cell): number {
  const observed = run.observed.find((one) => one.stage === stage)!;
  return (run.stages[stage ?? 0]!.ratePerS * observed.latencies.e2e.mean!) / 1000;
}

function figureLegend({ palette }: ChartStyle): LegendEntry[] {
  return DRAWN.map((figure, index) => ({
    label: figureName(figure),
    colour: categorical(palette, index),
  }));
}

function zeroLine(channel: "x" | "y", { palette }: ChartStyle): Layer {
  return {
    data: { values: [{ zero: 0 }] },
    mark: { type: "rule", color: palette["ink-3"] },
    encoding: { [channel]: { field: "zero", type: "quantitative", title: null } },
  };
}
