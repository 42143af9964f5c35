/**
 * A heat map's layers: cells that bring their colour, its strength and their text. Colours are one hue each with a growing opacity,
 * since a page's colours follow the reader's scheme and cannot be mixed beforehand.
 */
import type { ChartStyle, Layer } from "./frame.ts";
import { nameAxis, OWN_COLOUR } from "./rows.ts";

/** The strongest colour still lets text be read on it, in both schemes (5:1 and more). */
export const MOST_OPACITY = 0.6;
/** A row of cells, pixels. */
export const CELL_HEIGHT = 34;
/** A cell narrower than this has no room for its figure, pixels. */
const TEXT_WIDTH = 56;
/** Columns up to which their names lie flat. */
const FLAT_NAMES = 3;

export interface HeatCell {
  readonly colour: string;
  /** From 0 to MOST_OPACITY, or 1 for a cell that is not on the scale. */
  readonly opacity: number;
  readonly text: string;
}

interface HeatMap {
  readonly cells: readonly HeatCell[];
  readonly x: HeatAxis;
  readonly y: HeatAxis;
  readonly tooltip: readonly { readonly field: string; readonly title: string }[];
}

interface HeatAxis {
  readonly field: string;
  readonly names: readonly string[];
  readonly title?: string;
}

export function heatLayers(
  { cells, x, y, tooltip }: HeatMap,
  { palette }: ChartStyle,
): readonly Layer[] {
  const data = { values: [...cells] };
  const cellWidth = `width / ${x.names.length}`;
  const shared = { x: across(x, cellWidth), y: downwards(y), tooltip: [...tooltip] };
  return [
    {
      data,
      mark: { type: "rect", stroke: palette.line, strokeWidth: 0.5 },
      encoding: {
        ...shared,
        color: OWN_COLOUR,
        fillOpacity: { field: "opacity", type: "quantitative", scale: null, legend: null },
      },
    },
    {
      data,
      mark: {
        type: "text",
        fontSize: 11,
        color: palette.ink,
        // On a phone the colours stay, and the table below has the figures.
        opacity: { expr: `${cellWidth} < ${TEXT_WIDTH} ? 0 : 1` },
      },
      encoding: { ...shared, text: { field: "text", type: "nominal" } },
    },
  ];
}

function across({ field, names, title }: HeatAxis, cellWidth: string) {
  const isLong = names.some((name) => name.length > 4);
  return {
    ...nameAxis(field, names),
    title: title ?? null,
    axis: {
      grid: false,
      orient: "top" as const,
      ...(names.length > FLAT_NAMES && isLong
        ? {
            labelAngle: { expr: `${cellWidth} < ${TEXT_WIDTH} ? -90 : -40` },
            labelAlign: "left" as const,
            labelBaseline: "middle" as const,
          }
        : { labelAngle: 0 }),
      labelOverlap: isLong ? false : ("greedy" as const),
      labelLimit: 90,
    },
  };
}

function downwards({ field, names, title }: HeatAxis) {
  return {
    ...nameAxis(field, names),
    title: title ?? null,
    axis: { grid: false, labelLimit: 90, labelOverlap: false },
  };
}
