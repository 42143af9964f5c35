/** The layers of a response curve: targets, intervals, lines and dots, with what hovering tells. */
import { type ChartStyle, compact, type Layer, type ValueScale } from "../charts/frame.ts";
import { OWN_COLOUR } from "../charts/rows.ts";
import { acrossChannel } from "./axis.ts";
import type { SweepDimension } from "./sweep.ts";

export interface Point {
  readonly x: number | string;
  readonly y: number;
  readonly low: number | null;
  readonly high: number | null;
  readonly series: string;
  readonly colour: string;
  readonly variant: string;
  readonly text: string;
}

export interface Limit {
  readonly y: number;
  readonly colour: string;
  readonly text: string;
}

interface Shapes {
  readonly points: readonly Point[];
  readonly lines: readonly Point[];
  readonly limits: readonly Limit[];
  readonly isCloud: boolean;
}

interface Look {
  readonly scale: ValueScale;
  readonly style: ChartStyle;
}

export function curveLayers(
  { points, lines, limits, isCloud }: Shapes,
  dimension: SweepDimension,
  { scale: { scale, axis, floor }, style }: Look,
): readonly Layer[] {
  const x = acrossChannel(dimension);
  const y = { field: "y", type: "quantitative", title: null, scale, axis } as const;
  const drawn = (value: number | null): number | null =>
    value === null ? null : compact(Math.max(value, floor));
  const shaped = (list: readonly Point[]) =>
    list.map((point) => ({
      ...point,
      y: drawn(point.y),
      low: drawn(point.low),
      high: drawn(point.high),
    }));
  const tooltip = [
    { field: "series", title: "Line" },
    { field: "variant", title: "Variant" },
    { field: "text", title: "Value" },
  ];
  return [
    {
      data: { values: limits.map((limit) => ({ ...limit })) },
      mark: { type: "rule", strokeDash: [4, 3], strokeWidth: 1 },
      encoding: { y, color: OWN_COLOUR, tooltip: [{ field: "text", title: "Target" }] },
    },
    ...(isCloud
      ? []
      : [
          {
            data: { values: shaped(points).filter(({ low }) => low !== null) },
            mark: { type: "rule", strokeWidth: 1.2, opacity: 0.6 },
            encoding: { x, y: { ...y, field: "low" }, y2: { field: "high" }, color: OWN_COLOUR },
          } satisfies Layer,
        ]),
    {
      data: { values: shaped(lines) },
      mark: { type: "line", strokeWidth: 1.8 },
      encoding: { x, y, detail: { field: "series" }, color: OWN_COLOUR },
    },
    {
      data: { values: shaped(points) },
      mark: {
        type: "point",
        filled: true,
        size: isCloud ? 26 : 46,
        opacity: isCloud ? 0.7 : 1,
        stroke: style.palette.surface,
      },
      encoding: { x, y, color: OWN_COLOUR, tooltip },
    },
  ];
}
