/**
 * A profile's charts: prompts over their tokens, decoding over the batch and over the context, and how far off the
 * profile is, step by step. Lines are models (the profile's solid, the catalogue's dashed), dots are measured medians,
 * and the strokes mark the end of what was measured.
 */
import { PHASES, type Phase } from "../../profile/step-row.ts";
import type { Dot, Line, Panel, ProfileView } from "../../profile/view.ts";
import {
  type Chart,
  type ChartStyle,
  compact,
  frame,
  type Layer,
  type LegendEntry,
  logTicks,
  timeScale,
} from "../charts/frame.ts";
import { categorical, type Palette } from "../charts/palette.ts";
import { OWN_COLOUR } from "../charts/rows.ts";
import { formatCount, formatMs } from "../format.ts";
import { capital } from "../verdict.ts";

const HEIGHT = 260;
const DASHES = [
  [1, 0],
  [5, 4],
] as const;

interface Words {
  readonly id: string;
  readonly title: string;
  readonly note: string;
  readonly axis: string;
  /** What a series is, where there are several. */
  readonly series: (series: number) => string;
}

/** What is drawn of a profile; charts without anything measured or predicted are left out. */
export function profileCharts(view: ProfileView, style: ChartStyle): readonly Chart[] {
  const { prefill, decode, context } = view;
  const charts = [
    panelChart(view.models, prefill, style, {
      id: "prefill",
      title: "One prompt alone in a step, over its tokens",
      note: "The whole prompt in one step, nothing cached.",
      axis: "prompt tokens",
      series: nothing,
    }),
    panelChart(view.models, decode, style, {
      id: "decode",
      title: "A decode step, over its batch",
      note: `Each sequence with ${formatCount(decode.contextTokens)} tokens of context, the median of the measured steps; dots within 15 % of it.`,
      axis: "decoding sequences",
      series: nothing,
    }),
    panelChart(view.models, context, style, {
      id: "context",
      title: "A decode step, over the context of each sequence",
      note: "Batches of the smallest, a middle and the largest size measured; dots within 15 % of them.",
      axis: "tokens of context per sequence",
      series: (batch) => `${formatCount(batch)} sequence${batch === 1 ? "" : "s"}`,
    }),
    ...view.models.map((model, at) => residualChart(view, { model, at }, style)),
  ];
  return charts.filter((chart) => chart !== undefined);
}

function nothing(): string {
  return "";
}

function panelChart(
  models: readonly string[],
  panel: Panel,
  style: ChartStyle,
  words: Words,
): Chart | undefined {
  const { lines, dots, measured } = panel;
  if (lines.length === 0) return undefined;
  const { palette } = style;
  const colours = coloursOf(lines, palette);
  const times = [...lines.flatMap(({ points }) => points), ...dots].map(({ ms }) => ms);
  const y = timeScale(times);
  const x = placeScale([...lines.flatMap(({ points }) => points), ...dots].map(({ at }) => at));
  const beyond = ` Beyond ${formatCount(measured.most)} (the stroke) nothing was measured: there the profile goes on along its last octave.`;
  const series = [...colours.keys()];
  return {
    id: `profile-${words.id}`,
    title: words.title,
    note: `${words.note}${beyond}${y.isLog ? " Log scales." : " The horizontal scale is logarithmic."}`,
    legend: legendOf(models, series.map(words.series), { palette, colours: [...colours.values()] }),
    spec: frame(style, {
      title: words.title,
      height: HEIGHT,
      layer: panelLayers(panel, style, {
        words,
        colours,
        models,
        x: { field: "at", type: "quantitative", title: words.axis, ...x },
        y: { field: "ms", type: "quantitative", title: null, scale: y.scale, axis: y.axis },
      }),
    }),
  };
}

interface Drawing {
  readonly words: Words;
  readonly colours: ReadonlyMap<number, string>;
  readonly models: readonly string[];
  readonly x: object;
  readonly y: object;
}

function panelLayers(
  { lines, dots, measured }: Panel,
  { palette }: ChartStyle,
  { words, colours, models, x, y }: Drawing,
): readonly Layer[] {
  const tooltip = [
    { field: "at", title: capital(words.axis) },
    { field: "text", title: "Time" },
    { field: "what", title: "From" },
  ];
  const colourOf = ({ series }: Line | Dot): string => colours.get(series) ?? palette.ink;
  return [
    {
      data: { values: [{ at: measured.most }] },
      mark: { type: "rule", color: palette["ink-3"], strokeDash: [2, 3] },
      encoding: { x },
    },
    ...lines.map(
      (line): Layer => ({
        data: {
          values: line.points.map(({ at, ms }) => ({
            at,
            ms: compact(ms),
            text: formatMs(ms),
            what: withSeries(models[line.model] ?? "", words.series(line.series)),
            colour: colourOf(line),
          })),
        },
        mark: { type: "line", strokeWidth: 2, strokeDash: [...(DASHES[line.model] ?? [1, 0])] },
        encoding: { x, y, color: OWN_COLOUR, tooltip },
      }),
    ),
    {
      data: {
        values: dots.map((dot) => ({
          at: compact(dot.at),
          ms: compact(dot.ms),
          text: formatMs(dot.ms),
          what: withSeries(`median of ${formatCount(dot.rows)} measured`, words.series(dot.series)),
          colour: colourOf(dot),
        })),
      },
      mark: { type: "point", filled: true, size: 34, opacity: 0.75 },
      encoding: { x, y, color: OWN_COLOUR, tooltip },
    },
  ];
}

function withSeries(text: string, series: string): string {
  return series === "" ? text : `${text}, ${series}`;
}

function coloursOf(lines: readonly Line[], palette: Palette): ReadonlyMap<number, string> {
  const series = [...new Set(lines.map((line) => line.series))];
  return new Map(series.map((one, at) => [one, categorical(palette, at)]));
}

/** A logarithmic scale of counts. */
function placeScale(places: readonly number[]): object {
  const low = places.reduce((a, b) => Math.min(a, b), Number.MAX_VALUE);
  const high = places.reduce((a, b) => Math.max(a, b), 1);
  return {
    scale: { type: "log", domain: [low, high], nice: false },
    axis: { values: logTicks(low, high), format: "~s", grid: false },
  };
}

/** Marks for what is a model and what was measured, then a colour for each series where there are several. */
function legendOf(
  models: readonly string[],
  series: readonly string[],
  { palette, colours }: { readonly palette: Palette; readonly colours: readonly string[] },
): readonly LegendEntry[] {
  const colour = series.length > 1 ? palette.ink : (colours[0] ?? palette.ink);
  const marks = ["━", "╍"];
  return [
    ...models.map((name, at) => ({ label: capital(name), colour, glyph: marks[at] ?? "━" })),
    { label: "Measured", colour, glyph: "●" },
    ...(series.length > 1
      ? series.map((label, at) => ({ label, colour: colours[at] ?? palette.ink }))
      : []),
  ];
}

/** Errors further out than this are drawn at the edge. */
const FURTHEST = 0.6;

function residualChart(
  { residuals }: ProfileView,
  { model, at }: { readonly model: string; readonly at: number },
  style: ChartStyle,
): Chart | undefined {
  if (residuals.length === 0) return undefined;
  const { palette } = style;
  const colourOf = (phase: Phase): string => categorical(palette, PHASES.indexOf(phase));
  const values = residuals.map(({ phase, ms, rows, errors }) => {
    const error = errors[at] ?? 0;
    return {
      ms: compact(ms),
      error: compact(Math.max(-FURTHEST, Math.min(FURTHEST, error))),
      colour: colourOf(phase),
      phase: capital(phase),
      text: `${error > 0 ? "+" : "−"}${(100 * Math.abs(error)).toFixed(1)} %`,
      measured: `${formatMs(ms)}, median of ${formatCount(rows)}`,
    };
  });
  const x = timeScale(residuals.map(({ ms }) => ms));
  const title = `How far off the ${model} is`;
  return {
    id: `profile-errors-${model}`,
    title,
    note: `A dot per kind of step: across its measured time, upwards how much more the ${model} says, downwards how much less. Errors beyond ±60 % are drawn at the edge.${x.isLog ? " The horizontal scale is logarithmic." : ""}`,
    legend: PHASES.map((phase) => ({ label: capital(phase), colour: colourOf(phase), glyph: "●" })),
    spec: frame(style, {
      title,
      height: HEIGHT,
      layer: [
        {
          data: { values: [{ error: 0 }] },
          mark: { type: "rule", color: palette["ink-3"] },
          encoding: { y: { field: "error", type: "quantitative" } },
        },
        {
          data: { values },
          mark: { type: "point", filled: true, size: 34, opacity: 0.6 },
          encoding: {
            x: {
              field: "ms",
              type: "quantitative",
              title: "measured time",
              scale: x.scale,
              axis: x.axis,
            },
            y: {
              field: "error",
              type: "quantitative",
              title: null,
              scale: { domain: [-FURTHEST, FURTHEST], nice: false },
              axis: { format: "+.0%", tickCount: 7 },
            },
            color: OWN_COLOUR,
            tooltip: [
              { field: "phase", title: "Step" },
              { field: "measured", title: "Measured" },
              { field: "text", title: "Error" },
            ],
          },
        },
      ],
    }),
  };
}
