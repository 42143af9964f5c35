/** The charts of a tuning: each promise before and after, and every combination that was tried. */
import { counted, promiseLimit } from "../../results/plan-words.ts";
import type { TuneMeasure, TuneResult } from "../../results/tune.ts";
import { type Chart, type ChartStyle, compact, frame, ROW_HEIGHT } from "../charts/frame.ts";
import { nameAxis, OWN_COLOUR } from "../charts/rows.ts";
import { shareWords } from "../plan/words.ts";
import { toldPlaces } from "./words.ts";

/** Pressures above this are drawn at the edge. */
const MOST_PRESSURE = 2.5;
const SHARES = { format: ".0%", tickCount: 5 };

/** Undefined where no request was judged. */
export function promisesBeside(
  { own, found, isBetter, seeds }: TuneResult,
  style: ChartStyle,
): Chart | undefined {
  const { palette } = style;
  const all = own.promises.map(({ promise }) => promise);
  const marks = (measure: TuneMeasure, label: string, colour: string) =>
    toldPlaces(all).flatMap((at) => {
      const pressure = measure.promises[at]?.pressure ?? null;
      if (pressure === null) return [];
      const promise = promiseLimit(all[at]!, all);
      const drawn = compact(Math.min(pressure, MOST_PRESSURE));
      return [{ promise, label, colour, pressure: drawn, text: shareWords(pressure) }];
    });
  const after = isBetter ? "With the changes" : "With the best that was found";
  const values = [...marks(own, "As the file is", palette.c7), ...marks(found, after, palette.c0)];
  if (values.length === 0) return undefined;
  const names = [...new Set(values.map(({ promise }) => promise))];
  const highest = values.reduce((most, { pressure }) => Math.max(most, pressure ?? 0), 1);
  const x = {
    field: "pressure",
    type: "quantitative" as const,
    title: null,
    scale: { domain: [0, highest * 1.12], nice: false },
    axis: SHARES,
  };
  return {
    id: "tune-promises",
    title: "How near each promise comes to its limit",
    note: `Of the limit (the dashed line), in the mean of ${counted(seeds.length, "fresh run")}; what lies beyond ${MOST_PRESSURE * 100} % is drawn there.`,
    legend: [
      { label: "As the file is", colour: palette.c7, glyph: "●" },
      { label: after, colour: palette.c0, glyph: "●" },
    ],
    spec: frame(style, {
      title: "Promises as parts of their limits, before and after",
      height: ROW_HEIGHT * names.length,
      layer: [
        {
          data: { values: [{}] },
          mark: { type: "rule", stroke: palette.ink, strokeWidth: 1.25, strokeDash: [5, 4] },
          encoding: { x: { datum: 1, type: "quantitative" } },
        },
        {
          data: { values },
          mark: { type: "point", filled: true, size: 75, opacity: 1 },
          encoding: {
            x,
            y: { ...nameAxis("promise", names), axis: { grid: false, labelLimit: 200 } },
            color: OWN_COLOUR,
            tooltip: [
              { field: "promise", title: "Promise" },
              { field: "label", title: "Settings" },
              { field: "text", title: "Pressure" },
            ],
          },
        },
      ],
    }),
  };
}

/** Every combination by how near its worst promise came to its limit; undefined where none could be judged. */
export function trialsChart({ tried }: TuneResult, style: ChartStyle): Chart | undefined {
  const { palette } = style;
  const values = tried.flatMap(({ worstPressure, broken, seeds, changes }, at) =>
    worstPressure === null
      ? []
      : [
          {
            trial: at + 1,
            pressure: compact(Math.min(worstPressure, MOST_PRESSURE)),
            colour: broken === 0 ? palette.c0 : palette.c1,
            shape: broken === 0 ? "circle" : "diamond",
            text: shareWords(worstPressure),
            runs: counted(seeds, "seed"),
            settings: changes.map(({ path, value }) => `${path}=${value}`).join(", "),
          },
        ],
  );
  if (values.length === 0) return undefined;
  return {
    id: "tune-trials",
    title: "Every combination that was tried",
    note: "In order, by the worst promise's share of its limit on the search's seeds; few runs at first, more for what does well.",
    legend: [
      { label: "No promise broken", colour: palette.c0, glyph: "●" },
      { label: "Some broken", colour: palette.c1, glyph: "◆" },
    ],
    spec: frame(style, {
      title: "Worst promise of every combination tried",
      height: 200,
      layer: [
        {
          data: { values },
          mark: { type: "point", filled: true, size: 60, opacity: 0.9 },
          encoding: {
            x: {
              field: "trial",
              type: "quantitative",
              title: "Combinations tried",
              scale: { domain: [0, tried.length + 1], nice: false },
              axis: { grid: false, tickMinStep: 1, format: "~r" },
            },
            y: {
              field: "pressure",
              type: "quantitative",
              title: "Worst promise, of its limit",
              scale: { zero: true },
              axis: SHARES,
            },
            color: OWN_COLOUR,
            shape: { field: "shape", type: "nominal", scale: null, legend: null },
            tooltip: [
              { field: "settings", title: "Settings" },
              { field: "text", title: "Pressure" },
              { field: "runs", title: "On" },
            ],
          },
        },
      ],
    }),
  };
}
