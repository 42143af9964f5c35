/**
 * The factors of an arrival rate as pieces that are linear in time: the shapes of a scenario (diurnal, ramp, spike) and
 * the random on/off states of a modulated process. Each factor is a generator of consecutive pieces from time 0 on; the
 * last piece of a factor that stops changing ends at Infinity. How factors multiply is rate-segments.ts.
 */
import { assert, unreachable } from "../../base/assert.ts";
import { drawExponential } from "../../base/random.ts";
import type { RandomStream } from "../../base/random.ts";
import type { ArrivalConfig, RateShape } from "../../scenario/scenario.ts";

/** One factor between two times: `value` at `startNs`, from there linear. An endless piece is flat. */
export interface RatePiece {
  readonly startNs: number;
  readonly endNs: number;
  readonly value: number;
  readonly slopePerS: number;
}

export interface RateFactor {
  /** Repeats for ever in the same way, so that a silence of it can be for ever without any piece being endless. */
  readonly isCyclic: boolean;
  readonly pieces: Generator<RatePiece, void>;
}

type OnOffConfig = Extract<ArrivalConfig, { readonly kind: "on-off" }>;
type Diurnal = Extract<RateShape, { readonly kind: "diurnal" }>;
type Ramp = Extract<RateShape, { readonly kind: "ramp" }>;
type Spike = Extract<RateShape, { readonly kind: "spike" }>;

/** The factor of one rate shape; dimensionless. */
export function shapeFactor(shape: RateShape): RateFactor {
  switch (shape.kind) {
    case "diurnal":
      return { isCyclic: true, pieces: diurnalPieces(shape) };
    case "ramp":
      return { isCyclic: false, pieces: rampPieces(shape) };
    case "spike":
      return { isCyclic: false, pieces: spikePieces(shape) };
    default:
      return unreachable(shape);
  }
}

/**
 * The factor of a two-state Markov-modulated process: its rate in requests per second. It starts in its stationary
 * distribution, so that a run needs no warm-up for it.
 */
export function onOffFactor(config: OnOffConfig, random: RandomStream): RateFactor {
  return { isCyclic: false, pieces: onOffPieces(config, random) };
}

/** Level i holds at i slots into the period; time 0 lies phaseNs into it. */
function* diurnalPieces(shape: Diurnal): Generator<RatePiece, void> {
  const { levels, periodNs, phaseNs } = shape;
  assert(levels.length > 0 && periodNs > 0, "a diurnal shape needs levels and a period");
  if (levels.every((level) => level === levels[0])) {
    yield { startNs: 0, endNs: Infinity, value: levels[0]!, slopePerS: 0 };
    return;
  }
  const slotNs = periodNs / levels.length;
  for (let slot = Math.floor(phaseNs / slotNs); ; slot++) {
    const index = ((slot % levels.length) + levels.length) % levels.length;
    yield linearPiece(
      { timeNs: slot * slotNs - phaseNs, value: levels[index]! },
      { timeNs: (slot + 1) * slotNs - phaseNs, value: levels[(index + 1) % levels.length]! },
    );
  }
}

function* rampPieces(shape: Ramp): Generator<RatePiece, void> {
  const { fromNs, toNs, from, to } = shape;
  assert(toNs >= fromNs, "a ramp ends after it starts");
  yield { startNs: 0, endNs: fromNs, value: from, slopePerS: 0 };
  if (toNs > fromNs) {
    yield linearPiece({ timeNs: fromNs, value: from }, { timeNs: toNs, value: to });
  }
  yield { startNs: toNs, endNs: Infinity, value: to, slopePerS: 0 };
}

function* spikePieces(shape: Spike): Generator<RatePiece, void> {
  const endNs = shape.atNs + shape.forNs;
  yield { startNs: 0, endNs: shape.atNs, value: 1, slopePerS: 0 };
  yield { startNs: shape.atNs, endNs, value: shape.factor, slopePerS: 0 };
  yield { startNs: endNs, endNs: Infinity, value: 1, slopePerS: 0 };
}

function* onOffPieces(config: OnOffConfig, random: RandomStream): Generator<RatePiece, void> {
  const { onRatePerS, offRatePerS, meanOnNs, meanOffNs } = config;
  if (onRatePerS === offRatePerS) {
    yield { startNs: 0, endNs: Infinity, value: onRatePerS, slopePerS: 0 };
    return;
  }
  assert(meanOnNs > 0 && meanOffNs > 0, "mean sojourns are positive");
  let isOn = random() * (meanOnNs + meanOffNs) < meanOnNs;
  for (let startNs = 0; ; isOn = !isOn) {
    const endNs = startNs + drawExponential(random) * (isOn ? meanOnNs : meanOffNs);
    yield { startNs, endNs, value: isOn ? onRatePerS : offRatePerS, slopePerS: 0 };
    startNs = endNs;
  }
}

function linearPiece(
  start: { timeNs: number; value: number },
  end: { timeNs: number; value: number },
): RatePiece {
  const slopePerS = ((end.value - start.value) / (end.timeNs - start.timeNs)) * 1e9;
  return { startNs: start.timeNs, endNs: end.timeNs, value: start.value, slopePerS };
}
