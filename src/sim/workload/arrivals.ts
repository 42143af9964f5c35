/**
 * Arrival times of open-loop random processes. A renewal process of unit rate runs in "expected arrivals" and is carried
 * to real time through the inverse of the cumulative rate, so any process takes any rate shape exactly: a burst stays a
 * burst, only denser. An on/off process is a Poisson process whose rate has one more, random factor.
 */
import { unreachable } from "../../base/assert.ts";
import type { RandomStream } from "../../base/random.ts";
import type { ArrivalConfig } from "../../scenario/scenario.ts";
import { exponentialGap, gammaGap, regularGap, weibullGap } from "./gaps.ts";
import type { UnitGap } from "./gaps.ts";
import { onOffFactor, shapeFactor } from "./rate-pieces.ts";
import { RateSegments } from "./rate-segments.ts";

/** The arrivals that a random process brings about by itself, whatever becomes of the requests. */
export type ProcessConfig = Exclude<
  ArrivalConfig,
  { readonly kind: "closed-loop" } | { readonly kind: "trace" }
>;

/** Draws the next arrival time: integer nanoseconds, never going back, Infinity when there is none any more. */
export type ArrivalTimes = () => number;

interface ArrivalStreams {
  /** Gaps between arrivals. */
  readonly gaps: RandomStream;
  /** Sojourns of an on/off process; apart, so that its states do not depend on how many requests came. */
  readonly sojourns: RandomStream;
}

/**
 * The arrival times of a random process from time 0 on, those before `endNs` only. The first arrival is one gap after 0.
 *
 * Units: nanoseconds, rounded to integers. Cost: O(1) a draw, without allocation while the rate is linear.
 * Fails: AssertionError on a negative rate or CV.
 */
export function createArrivalTimes(
  config: ProcessConfig,
  streams: ArrivalStreams,
  endNs: number,
): ArrivalTimes {
  const drawGap = unitGap(config, streams.gaps);
  const segments = rateSegments(config, streams.sojourns);
  let mass = 0;
  let lastNs = 0;
  return () => {
    if (lastNs === Infinity) return Infinity;
    mass += drawGap();
    while (mass >= segments.mass) {
      mass -= segments.mass;
      if (!segments.advance(endNs)) {
        lastNs = Infinity;
        return Infinity;
      }
    }
    const timeNs = Math.round(segments.startNs + segments.secondsAt(mass) * 1e9);
    if (timeNs >= endNs) lastNs = Infinity;
    else if (timeNs > lastNs) lastNs = timeNs;
    return lastNs;
  };
}

function rateSegments(config: ProcessConfig, sojourns: RandomStream): RateSegments {
  const shapes = config.shapes.map(shapeFactor);
  if (config.kind !== "on-off") return new RateSegments(config.ratePerS, shapes);
  return new RateSegments(1, [...shapes, onOffFactor(config, sojourns)]);
}

function unitGap(config: ProcessConfig, random: RandomStream): UnitGap {
  switch (config.kind) {
    case "poisson":
    case "on-off":
      return exponentialGap(random);
    case "gamma":
      return gammaGap(config.cv, random);
    case "weibull":
      return weibullGap(config.cv, random);
    case "constant":
      return regularGap;
    default:
      return unreachable(config);
  }
}
