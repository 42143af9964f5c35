/**
 * What all charts share: the record a chart is, the frame of its Vega-Lite specification (fluid width, quiet axes, no
 * background and no legend of its own) and the ways a scale of times, shares or money is labelled. Charts take a style, so
 * that one function makes both the chart in the page (colours by CSS variable, legend in HTML, where it wraps on a phone) and
 * the one that standalone.ts puts into a file.
 */
import type { TopLevelSpec } from "vega-lite";
import { decimalExponent } from "../format.ts";
import { largest } from "../sparkline.ts";
import type { Palette } from "./palette.ts";

/** A layered Vega-Lite specification, and one of its layers. */
export type LayeredSpec = Extract<TopLevelSpec, { readonly layer: unknown }>;
export type Layer = LayeredSpec["layer"][number];

export interface ChartStyle {
  readonly palette: Palette;
}

export interface LegendEntry {
  readonly label: string;
  readonly colour: string;
  /** A character that resembles the mark; a filled square where there is none. */
  readonly glyph?: string;
  /** Of the colour, where the mark is drawn with less than all of it. */
  readonly opacity?: number;
}

export interface Chart {
  readonly id: string;
  readonly title: string;
  /** How to read it, and what it leaves out. */
  readonly note: string;
  readonly legend: readonly LegendEntry[];
  readonly spec: LayeredSpec;
}

interface Body {
  readonly title: string;
  /** Pixels. */
  readonly height: number;
  readonly layer: readonly Layer[];
}

export const FONT =
  "system-ui, -apple-system, 'Segoe UI', Roboto, 'Liberation Sans', Arial, sans-serif";

/** A row of a bar-like chart, in pixels: room for a name at 11 px and air around it. */
export const ROW_HEIGHT = 28;

/** The height of a chart over time, in pixels. */
export const TIME_HEIGHT = 190;

/** Wraps layers into a complete specification of fluid width. */
export function frame(style: ChartStyle, body: Body): LayeredSpec {
  const { palette } = style;
  const text = { labelFont: FONT, titleFont: FONT, labelFontSize: 11, titleFontSize: 11 };
  return {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    description: body.title,
    width: "container",
    height: body.height,
    autosize: { type: "fit-x", contains: "padding" },
    padding: { left: 2, right: 10, top: 6, bottom: 2 },
    background: "transparent",
    layer: [...body.layer],
    config: {
      font: FONT,
      view: { stroke: null },
      axis: {
        ...text,
        domain: false,
        ticks: false,
        gridColor: palette.grid,
        labelColor: palette["ink-2"],
        labelOverlap: "greedy",
        labelPadding: 6,
        labelSeparation: 8,
        labelLimit: 130,
        titleColor: palette["ink-3"],
        titleFontWeight: "normal",
        titlePadding: 8,
      },
    },
  };
}

/** "5 ms", "1.5 s" on an axis of milliseconds. */
const MS_LABELS =
  "datum.value >= 600000 || datum.value === 60000 ? format(datum.value / 60000, '.3~g') + ' min' : datum.value >= 1000 ? format(datum.value / 1000, '~r') + ' s' : format(datum.value, '~r') + ' ms'";

export interface ValueScale {
  readonly scale: object;
  readonly axis: object;
  /** Smallest value the scale can draw; smaller ones (a wait of 0) are drawn there. */
  readonly floor: number;
  readonly isLog: boolean;
}

/** Values spread over more than this ratio are drawn on a log scale: below it a linear one still shows the smallest. */
const LOG_RATIO = 25;

/** The least time a log scale shows, in milliseconds. */
const LOG_FLOOR_MS = 0.1;

/** A scale for these times: from zero, or logarithmic when they are spread too widely for that. */
export function timeScale(valuesMs: readonly number[]): ValueScale {
  const positive = valuesMs.filter((value) => value > 0);
  const low = Math.max(
    LOG_FLOOR_MS,
    positive.reduce((a, b) => Math.min(a, b), Number.MAX_VALUE),
  );
  const high = positive.reduce((a, b) => Math.max(a, b), 1);
  if (high / low <= LOG_RATIO) {
    return {
      scale: { domain: [0, high * 1.12], nice: true },
      axis: { labelExpr: MS_LABELS, tickCount: 5 },
      floor: 0,
      isLog: false,
    };
  }
  const domain = [low * 0.7, high * 1.3] as const;
  return {
    scale: { type: "log", domain, nice: false },
    axis: { labelExpr: MS_LABELS, values: logTicks(domain[0], domain[1]) },
    floor: low * 0.8,
    isLog: true,
  };
}

/** A scale from zero for counts and rates, with headroom; a run of zeros still gets an axis. */
export function countScale(values: readonly (number | null)[]): object {
  const high = largest(values) ?? 0;
  return { domain: [0, high === 0 ? 1 : high * 1.1], nice: true };
}

/** Powers of ten within the domain, joined by their doubles and fives where they would be too few. */
export function logTicks(low: number, high: number): readonly number[] {
  const steps = high / low > 1000 ? [1] : [1, 2, 5];
  const ticks: number[] = [];
  for (let exponent = decimalExponent(low); exponent <= decimalExponent(high); exponent++) {
    for (const step of steps) {
      const tick = Number(`${step}e${exponent}`);
      if (tick >= low && tick <= high) ticks.push(tick);
    }
  }
  return ticks;
}

/** Four significant digits: all a pixel can show, and a third of the bytes. */
export function compact(value: number | null): number | null {
  return value === null || !Number.isFinite(value) ? null : Number(value.toPrecision(4));
}
