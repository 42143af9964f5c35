/**
 * How a sweep's dimensions lie in its charts: which goes across, which tells lines apart, what a value's place is. Numbers of one unit
 * have a scale; everything else is a list of names.
 */
import type { Sweep, SweepDimension } from "./sweep.ts";

/** Lines in one chart: as many as there are colours to tell them apart. */
const MOST_LINES = 8;

/** Two dimensions of a grid; a sample, or more dimensions, has no such plane. */
export interface Plane {
  readonly across: number;
  /** Undefined where only one dimension was varied. */
  readonly series: number | undefined;
}

/** Across goes the dimension of numbers with the most values; the other one tells lines apart. */
export function planeOf({ dimensions, isSampled }: Sweep): Plane | undefined {
  if (isSampled || dimensions.length > 2) return undefined;
  if (dimensions.length < 2) return { across: 0, series: undefined };
  const [first, second] = dimensions;
  const across = weight(second!) > weight(first!) ? 1 : 0;
  return { across, series: 1 - across };
}

/** Whether lines can be told apart; otherwise the heat map has to do. */
export function isDrawable({ dimensions }: Sweep, { series }: Plane): boolean {
  return series === undefined || dimensions[series]!.values.length <= MOST_LINES;
}

function weight({ numbers, values }: SweepDimension): number {
  return (numbers === null ? 0 : 1_000_000) + values.length;
}

export function titleOf({ name, unit }: SweepDimension): string {
  return unit === "" ? name : `${name} (${unit})`;
}

/** Ticks at the values themselves while there is room for them. */
const MOST_TICKS = 9;

/** The channel across; its field `x` holds a number, or a name. */
export function acrossChannel(dimension: SweepDimension) {
  const { numbers, values } = dimension;
  const title = titleOf(dimension);
  if (numbers === null) {
    return {
      field: "x",
      type: "nominal" as const,
      title,
      sort: null,
      scale: { domain: [...values] },
      axis: { grid: false, labelAngle: 0 },
    };
  }
  const low = Math.min(...numbers);
  const high = Math.max(...numbers);
  const air = high === low ? 1 : (high - low) * 0.04;
  return {
    field: "x",
    type: "quantitative" as const,
    title,
    scale: { domain: [low - air, high + air], nice: false, zero: false },
    axis: {
      grid: false,
      labelAngle: 0,
      format: "~r",
      ...(numbers.length <= MOST_TICKS ? { values: [...numbers] } : { tickCount: 6 }),
    },
  };
}

/** The value's place across. */
export function placeOf({ numbers, values }: SweepDimension, text: string): number | string {
  return numbers?.[values.indexOf(text)] ?? text;
}
