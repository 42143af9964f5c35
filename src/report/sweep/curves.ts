/**
 * Response curves: what becomes of latency, missed requests and cost as one dimension grows. With one or two dimensions every point is
 * a variant, with its interval as a thin line; with more, or a sample, dots are variants and the line is the mean of all that
 * have that value.
 */
import {
  type Chart,
  type ChartStyle,
  countScale,
  frame,
  TIME_HEIGHT,
  timeScale,
} from "../charts/frame.ts";
import { categorical, namedTierColour } from "../charts/palette.ts";
import { meanOf } from "../compare/paired.ts";
import { formatLimitMs, formatMs, formatPercent, formatUsd } from "../format.ts";
import { capital } from "../verdict.ts";
import { isDrawable, placeOf, planeOf } from "./axis.ts";
import { curveLayers, type Limit, type Point } from "./curve-layers.ts";
import type { Estimate, Estimates, Sweep, SweepDimension, SweepRow } from "./sweep.ts";
import { estimateIn } from "./tables.ts";
import { pointText } from "./words.ts";

/** What is drawn upwards. */
interface Response {
  readonly id: string;
  readonly title: string;
  readonly note: string;
  readonly isTime: boolean;
  readonly axis: object;
  readonly of: (figures: Estimates) => Estimate;
  readonly words: (value: number) => string;
}

const TTFT: Response = {
  id: "ttft",
  title: "P99 of the time to first token",
  note: "Dashed lines are targets.",
  isTime: true,
  axis: {},
  of: (figures) => estimateIn(figures, "ttft-p99"),
  words: formatMs,
};

const MISSED: Response = {
  id: "missed",
  title: "Requests that missed",
  note: "Of the requests within quota: those that missed a target, or were not served.",
  isTime: false,
  axis: { tickCount: 4, format: "~p" },
  of: (figures) => missedOf(estimateIn(figures, "compliance-owed")),
  words: formatPercent,
};

const COST: Response = {
  id: "cost",
  title: "GPU cost per million tokens",
  note: "Of all pools; tokens are input and output.",
  isTime: false,
  axis: { tickCount: 4, format: "$~g" },
  of: (figures) => estimateIn(figures, "usd-per-million-tokens"),
  words: formatUsd,
};

function missedOf({ mean, interval }: Estimate): Estimate {
  return {
    mean: mean === null ? null : 1 - mean,
    interval: interval && { low: Math.max(0, 1 - interval.high), high: 1 - interval.low },
  };
}

/** A line of a chart: a tier, or a value of the second dimension. */
interface Series {
  readonly name: string;
  readonly colour: string;
  readonly dots: readonly Dot[];
}

interface Dot {
  readonly row: SweepRow;
  readonly estimate: Estimate;
}

/** The curves of a sweep, latency first. */
export function responseCurves(sweep: Sweep, style: ChartStyle): readonly Chart[] {
  const plane = planeOf(sweep);
  if (plane === undefined) {
    return sweep.dimensions.flatMap((dimension, at) =>
      [TTFT, MISSED].flatMap((response) =>
        chart(sweep, response, {
          id: `${response.id}-${at}`,
          title: `${response.title}, by ${dimension.name}`,
          dimension: at,
          series: perTier(sweep, response, style),
          style,
        }),
      ),
    );
  }
  if (!isDrawable(sweep, plane)) return [];
  const { across: dimension, series: other } = plane;
  const cost = { id: COST.id, title: COST.title, dimension, style };
  if (other === undefined) {
    return [
      ...[TTFT, MISSED].flatMap((response) =>
        chart(sweep, response, {
          id: response.id,
          title: `${response.title}, per tier`,
          dimension,
          series: perTier(sweep, response, style),
          style,
        }),
      ),
      ...chart(sweep, COST, { ...cost, series: [platformSeries(sweep, style)] }),
    ];
  }
  const tiers = sweep.variants[0]?.tiers ?? [];
  return [
    ...[TTFT, MISSED].flatMap((response) =>
      tiers.flatMap(({ name }, at) =>
        chart(sweep, response, {
          id: `${response.id}-${at}`,
          title: `${capital(name)}: ${response.title.toLowerCase().replace("p99", "P99")}`,
          dimension,
          series: perValue(sweep, other, {
            style,
            of: ({ tiers: all }) => response.of(all[at]!.figures),
          }),
          tier: at,
          style,
        }),
      ),
    ),
    ...chart(sweep, COST, {
      ...cost,
      series: perValue(sweep, other, { style, of: ({ platform }) => COST.of(platform) }),
    }),
  ];
}

function perTier(sweep: Sweep, response: Response, { palette }: ChartStyle): readonly Series[] {
  const tiers = sweep.variants[0]?.tiers ?? [];
  return tiers.map(({ name }, at) => ({
    name: capital(name),
    colour: namedTierColour(palette, name, at),
    dots: sweep.variants.map((row) => ({ row, estimate: response.of(row.tiers[at]!.figures) })),
  }));
}

function platformSeries({ variants }: Sweep, { palette }: ChartStyle): Series {
  const dots = variants.map((row) => ({ row, estimate: COST.of(row.platform) }));
  return { name: "Platform", colour: palette.c0, dots };
}

function perValue(
  { dimensions, variants }: Sweep,
  other: number,
  { style, of }: { readonly style: ChartStyle; readonly of: (row: SweepRow) => Estimate },
): readonly Series[] {
  const { name, values } = dimensions[other]!;
  return values.map((value, at) => ({
    name: `${name} = ${value}`,
    colour: categorical(style.palette, at),
    dots: variants
      .filter(({ point }) => point[other] === value)
      .map((row) => ({ row, estimate: of(row) })),
  }));
}

interface Drawing {
  readonly id: string;
  readonly title: string;
  /** Across. */
  readonly dimension: number;
  readonly series: readonly Series[];
  /** Whose target is drawn, by index; undefined: every tier's. */
  readonly tier?: number;
  readonly style: ChartStyle;
}

/** Empty where there is nothing to draw: no sample, or nothing but zeros. */
function chart(sweep: Sweep, response: Response, drawing: Drawing): readonly Chart[] {
  const { id, title, style, series } = drawing;
  const dimension = sweep.dimensions[drawing.dimension]!;
  const points = series.flatMap((one) => pointsOf(sweep, one, { response, drawing }));
  const values = points.map(({ y }) => y);
  if (values.every((value) => value === 0)) return [];
  const limits = response.isTime ? limitsOf(sweep, drawing) : [];
  const scale = response.isTime
    ? timeScale([...values, ...limits.map(({ y }) => y)])
    : { scale: countScale(values), axis: response.axis, floor: 0, isLog: false };
  const isCloud = planeOf(sweep) === undefined;
  const shapes = { points, lines: linesOf(sweep, points, dimension), limits, isCloud };
  const layer = curveLayers(shapes, dimension, { scale, style });
  return [
    {
      id: `sweep-${id}`,
      title,
      note: noteOf(sweep, response, { hasLimits: limits.length > 0, isLog: scale.isLog }),
      legend: series.length > 1 ? series.map(({ name, colour }) => ({ label: name, colour })) : [],
      spec: frame(style, {
        title: `${title} against ${dimension.name}`,
        height: TIME_HEIGHT,
        layer,
      }),
    },
  ];
}

function noteOf(
  sweep: Sweep,
  { isTime, note }: Response,
  { hasLimits, isLog }: { readonly hasLimits: boolean; readonly isLog: boolean },
): string {
  const isCloud = planeOf(sweep) === undefined;
  const parts = [
    ...(hasLimits || !isTime ? [note] : []),
    ...(sweep.confidence === null || isCloud ? [] : ["Thin lines are 95 % intervals."]),
    ...(isCloud ? [cloudNote(sweep)] : []),
    ...(isLog ? ["Log scale."] : []),
  ];
  return parts.join(" ");
}

/** What lines join: the variants themselves, or the means of those with one value; of a sample nothing. */
function linesOf(
  sweep: Sweep,
  points: readonly Point[],
  dimension: SweepDimension,
): readonly Point[] {
  if (sweep.isSampled) return [];
  return planeOf(sweep) === undefined ? meansOf(points, dimension) : points;
}

function cloudNote({ isSampled }: Sweep): string {
  return isSampled
    ? "Each dot is a variant."
    : "Each dot is a variant; the line is the mean of all with that value.";
}

function pointsOf(
  sweep: Sweep,
  { name, colour, dots }: Series,
  { response, drawing }: { readonly response: Response; readonly drawing: Drawing },
): readonly Point[] {
  const dimension = sweep.dimensions[drawing.dimension]!;
  const points = dots.flatMap(({ row, estimate }): readonly Point[] => {
    const { mean, interval } = estimate;
    if (mean === null) return [];
    const x = placeOf(dimension, row.point[drawing.dimension]!);
    const variant = pointText(sweep, row.point);
    const range = { low: interval?.low ?? null, high: interval?.high ?? null };
    return [{ x, y: mean, ...range, series: name, colour, variant, text: response.words(mean) }];
  });
  // Lines join points from left to right, in whatever order values were written.
  return points.toSorted((a, b) =>
    typeof a.x === "number" && typeof b.x === "number" ? a.x - b.x : 0,
  );
}

/** Per line and value: the mean of its dots. */
function meansOf(points: readonly Point[], { values, numbers }: SweepDimension): readonly Point[] {
  const places: readonly (number | string)[] = numbers?.toSorted((a, b) => a - b) ?? values;
  const names = [...new Set(points.map(({ series }) => series))];
  return names.flatMap((series) =>
    places.flatMap((x) => {
      const here = points.filter((point) => point.series === series && point.x === x);
      const [first] = here;
      return first === undefined ? [] : [{ ...first, y: meanOf(here.map(({ y }) => y)) }];
    }),
  );
}

/** Targets that are the same in all variants. */
function limitsOf({ variants }: Sweep, { tier: only, style }: Drawing): readonly Limit[] {
  const tiers = variants[0]?.tiers ?? [];
  return tiers.flatMap(({ name, ttftLimitMs }, at) => {
    const isSame = variants.every(({ tiers: own }) => own[at]?.ttftLimitMs === ttftLimitMs);
    if (ttftLimitMs === null || !isSame || (only !== undefined && only !== at)) return [];
    const colour =
      only === undefined ? namedTierColour(style.palette, name, at) : style.palette.bad;
    return [{ y: ttftLimitMs, colour, text: `${capital(name)}: ${formatLimitMs(ttftLimitMs)}` }];
  });
}
