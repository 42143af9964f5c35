/**
 * Properties of every workload: arrivals are integers that never go back and lie before the end, whatever the process
 * and its rate shapes; the stretched process visits the same expected counts; no request exceeds its max_tokens.
 */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { unreachable } from "../../src/base/assert.ts";
import { randomStream } from "../../src/base/random.ts";
import type { LengthConfig, RateShape } from "../../src/scenario/scenario.ts";
import { createArrivalTimes } from "../../src/sim/workload/arrivals.ts";
import type { ProcessConfig } from "../../src/sim/workload/arrivals.ts";
import { createLengthSampler } from "../../src/scenario/length-sampler.ts";

const S = 1e9;
const END_NS = 60 * S;

const timeNs = fc.integer({ min: 0, max: 80 }).map((seconds) => seconds * S);
const factor = fc.oneof(fc.constant(0), fc.double({ min: 0, max: 5, noNaN: true }));

const shape: fc.Arbitrary<RateShape> = fc.oneof(
  fc.record({
    kind: fc.constant("diurnal" as const),
    periodNs: fc.integer({ min: 1, max: 100 }).map((seconds) => seconds * S),
    levels: fc.array(factor, { minLength: 1, maxLength: 8 }),
    phaseNs: timeNs,
  }),
  fc.tuple(timeNs, timeNs, factor, factor).map(([a, b, from, to]) => ({
    kind: "ramp" as const,
    fromNs: Math.min(a, b),
    toNs: Math.max(a, b),
    from,
    to,
  })),
  fc.record({ kind: fc.constant("spike" as const), atNs: timeNs, forNs: timeNs, factor }),
);

const shapes = fc.array(shape, { maxLength: 4 });
const ratePerS = fc.double({ min: 0, max: 50, noNaN: true });
const cv = fc.double({ min: 0, max: 10, noNaN: true });

const process: fc.Arbitrary<ProcessConfig> = fc.oneof(
  fc.record({ kind: fc.constantFrom("poisson" as const, "constant" as const), ratePerS, shapes }),
  fc.record({ kind: fc.constantFrom("gamma" as const, "weibull" as const), ratePerS, cv, shapes }),
  fc.record({
    kind: fc.constant("on-off" as const),
    onRatePerS: ratePerS,
    offRatePerS: ratePerS,
    meanOnNs: fc.integer({ min: 1e8, max: 1e10 }),
    meanOffNs: fc.integer({ min: 1e8, max: 1e10 }),
    shapes,
  }),
);

describe("arrival times", () => {
  test("are integers in order, before the end", () => {
    fc.assert(
      fc.property(process, fc.integer(), (config, seed) => {
        let lastNs = 0;
        for (const time of timesOf(config, seed)) {
          expect(Number.isSafeInteger(time)).toBe(true);
          expect(time).toBeGreaterThanOrEqual(lastNs);
          expect(time).toBeLessThan(END_NS);
          lastNs = time;
        }
      }),
      { numRuns: 300 },
    );
  });

  test("of a regular process are as many as the integral of the rate, to within one", () => {
    fc.assert(
      fc.property(ratePerS, shapes, (rate, regularShapes) => {
        const config: ProcessConfig = { kind: "constant", ratePerS: rate, shapes: regularShapes };
        const times = timesOf(config, 1);
        const expected = rate * integral(regularShapes);
        expect(Math.abs(times.length - expected)).toBeLessThan(1.01 + expected * 1e-3);
      }),
      { numRuns: 200 },
    );
  });
});

describe("lengths", () => {
  const bound = fc.integer({ min: 1, max: 5000 });
  const length: fc.Arbitrary<LengthConfig> = fc.oneof(
    fc.record({
      kind: fc.constant("exponential" as const),
      mean: fc.double({ min: 0.01, max: 1e5, noNaN: true }),
      max: bound,
    }),
    fc
      .tuple(bound, bound, bound, fc.double({ min: 0, max: 4, noNaN: true }))
      .map(([a, b, median, sigma]) => ({
        kind: "lognormal" as const,
        min: Math.min(a, b),
        max: Math.max(a, b),
        median,
        sigma,
      })),
    fc.tuple(bound, bound).map(([a, b]) => ({
      kind: "uniform" as const,
      min: Math.min(a, b),
      max: Math.max(a, b),
    })),
  );

  test("are integers between 1 or the minimum and the maximum", () => {
    fc.assert(
      fc.property(length, fc.integer(), (config, seed) => {
        const draw = createLengthSampler(config, randomStream(seed, "lengths"));
        const min = "min" in config ? config.min : 1;
        const max = "max" in config ? config.max : Infinity;
        for (let i = 0; i < 50; i++) {
          const tokens = draw();
          expect(Number.isInteger(tokens) && tokens >= min && tokens <= max).toBe(true);
        }
      }),
    );
  });
});

function timesOf(config: ProcessConfig, seed: number): number[] {
  const streams = { gaps: randomStream(seed, "gaps"), sojourns: randomStream(seed, "sojourns") };
  const next = createArrivalTimes(config, streams, END_NS);
  const times: number[] = [];
  for (let time = next(); time !== Infinity; time = next()) times.push(time);
  return times;
}

/** Expected seconds at rate 1 under the shapes until the end, by the midpoint rule in steps of 5 ms. */
function integral(all: readonly RateShape[]): number {
  const stepNs = S / 200;
  let sum = 0;
  for (let at = stepNs / 2; at < END_NS; at += stepNs) {
    sum += all.reduce((product, one) => product * factorAt(one, at), stepNs / S);
  }
  return sum;
}

function factorAt(one: RateShape, at: number): number {
  switch (one.kind) {
    case "diurnal": {
      const slot = ((at + one.phaseNs) / one.periodNs) * one.levels.length;
      const low = Math.floor(slot);
      const from = one.levels[low % one.levels.length]!;
      return from + (one.levels[(low + 1) % one.levels.length]! - from) * (slot - low);
    }
    case "ramp": {
      if (at < one.fromNs) return one.from;
      if (at >= one.toNs) return one.to;
      return one.from + ((one.to - one.from) * (at - one.fromNs)) / (one.toNs - one.fromNs);
    }
    case "spike":
      return at >= one.atNs && at < one.atNs + one.forNs ? one.factor : 1;
    default:
      return unreachable(one);
  }
}
