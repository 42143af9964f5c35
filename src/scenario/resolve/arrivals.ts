/**
 * Arrival processes and length distributions in the simulator's terms.
 */
import { unreachable } from "../../base/assert.ts";
import type { ArrivalConfig, LengthConfig, RateShape, TraceConfig } from "../scenario.ts";
import type { ArrivalsFile, LengthFile, ShapeFile } from "../schema/workload.ts";

/**
 * Requests per hour of a weekday, UTC, relative to the week's mean: the Azure LLM inference trace of May 2024
 * (Azure/AzurePublicDataset), conversations and code completion, digitised from its hourly plots; scaled to a mean of 1.
 */
const DAY_CURVES = {
  "chat-day": [
    1.02, 1.11, 1.09, 0.9, 0.92, 1.0, 1.15, 1.24, 1.27, 1.23, 1.11, 1.17, 1.32, 1.45, 1.53, 1.42,
    1.29, 1.24, 1.24, 1.15, 1.05, 0.88, 0.79, 0.83,
  ],
  "code-day": [
    0.87, 0.85, 0.8, 0.65, 0.52, 0.43, 0.37, 0.31, 0.29, 0.3, 0.32, 0.48, 0.86, 1.48, 2.1, 2.24,
    2.14, 2.46, 2.71, 2.75, 2.55, 1.88, 1.35, 1.02,
  ],
} as const;

/** Standard normal quantiles at 0.9 and 0.99 (any table; Abramowitz and Stegun, table 26.1). */
const NORMAL_P90 = 1.2815515655446004;
const NORMAL_P99 = 2.3263478740408408;

/** Arrivals as the simulator draws or reads them. */
export function resolveArrivals(given: ArrivalsFile): ArrivalConfig {
  if ("trace" in given) return { kind: "trace", trace: resolveTrace(given.trace) };
  if (given.process === "closed-loop") {
    const { users, think, thinkCv } = given;
    return { kind: "closed-loop", users, thinkMeanNs: think, thinkCv };
  }
  const shapes = given.shapes.flatMap((shape) => resolveShape(shape));
  switch (given.process) {
    case "poisson":
    case "constant":
      return { kind: given.process, ratePerS: given.rate, shapes };
    case "gamma":
    case "weibull":
      return { kind: given.process, ratePerS: given.rate, cv: given.cv, shapes };
    case "on-off":
      return {
        kind: "on-off",
        onRatePerS: given.onRate,
        offRatePerS: given.offRate,
        meanOnNs: given.meanOn,
        meanOffNs: given.meanOff,
        shapes,
      };
    default:
      return unreachable(given);
  }
}

/** Lengths in tokens; `longest` bounds those that state no maximum of their own. */
export function resolveLength(given: LengthFile, longest: number): LengthConfig {
  if (typeof given === "number") return { kind: "constant", tokens: given };
  if (given.lognormal !== undefined) {
    const { median, min, max } = given.lognormal;
    const bound = Math.max(min, max ?? Math.max(longest, median));
    return { kind: "lognormal", median, sigma: sigmaOf(given.lognormal), min, max: bound };
  }
  if (given.exponential !== undefined) {
    const { mean, max } = given.exponential;
    return { kind: "exponential", mean, max: max ?? Math.max(longest, mean) };
  }
  if (given.uniform !== undefined) return { kind: "uniform", ...given.uniform };
  return { kind: "empirical", quantiles: quantilesOf(given.quantiles ?? {}) };
}

/** The least and most tokens a distribution gives. */
export function boundsOf(length: LengthConfig): { readonly min: number; readonly max: number } {
  switch (length.kind) {
    case "constant":
      return { min: length.tokens, max: length.tokens };
    case "uniform":
    case "lognormal":
      return { min: length.min, max: length.max };
    case "exponential":
      return { min: 1, max: length.max };
    case "empirical":
      return { min: length.quantiles[0]![1], max: length.quantiles.at(-1)![1] };
    default:
      return unreachable(length);
  }
}

function resolveTrace(
  trace: Extract<ArrivalsFile, { readonly trace: unknown }>["trace"],
): TraceConfig {
  return {
    path: trace.path,
    format: trace.format,
    rateScale: trace.rateScale,
    fromNs: trace.from,
    toNs: trace.to,
    clients: trace.clients,
    spreadNs: trace.spread,
  };
}

function resolveShape(shape: ShapeFile): RateShape[] {
  if (shape.diurnal !== undefined) {
    const { period, phase, levels } = shape.diurnal;
    const written = typeof levels === "string" ? DAY_CURVES[levels] : levels;
    const mean = written.reduce((sum, level) => sum + level, 0) / written.length;
    const relative = written.map((level) => level / mean);
    return [{ kind: "diurnal", periodNs: period, levels: relative, phaseNs: phase }];
  }
  if (shape.ramp !== undefined) {
    const { start, end, from, to } = shape.ramp;
    return [{ kind: "ramp", fromNs: start, toNs: end, from, to }];
  }
  if (shape.spike === undefined) return [];
  return [
    { kind: "spike", atNs: shape.spike.at, forNs: shape.spike.for, factor: shape.spike.factor },
  ];
}

/** For a lognormal, ln(quantile / median) = z * sigma. */
function sigmaOf(given: {
  readonly median: number;
  readonly sigma?: number | undefined;
  readonly p90?: number | undefined;
  readonly p99?: number | undefined;
}): number {
  if (given.sigma !== undefined) return given.sigma;
  if (given.p90 !== undefined) return Math.log(given.p90 / given.median) / NORMAL_P90;
  return Math.log((given.p99 ?? given.median) / given.median) / NORMAL_P99;
}

/** Percentiles as written, in order of probability, from probability 0 (`min`, or 1 token) to 1 (`max`). */
function quantilesOf(given: Readonly<Record<string, number>>): [number, number][] {
  const points = Object.entries(given).map(([key, tokens]): [number, number] => [
    probabilityOf(key),
    tokens,
  ]);
  if (!points.some(([probability]) => probability === 0)) points.push([0, 1]);
  return points.toSorted((a, b) => a[0] - b[0]);
}

function probabilityOf(key: string): number {
  if (key === "min") return 0;
  if (key === "max") return 1;
  return Number(key.slice(1)) / 100;
}
