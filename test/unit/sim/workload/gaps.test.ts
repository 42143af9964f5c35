/** Mean and CV of the unit gaps against theory, on fixed seeds. */
import { describe, expect, test } from "vitest";
import { randomStream } from "../../../../src/base/random.ts";
import {
  exponentialGap,
  gammaGap,
  regularGap,
  weibullGap,
} from "../../../../src/sim/workload/gaps.ts";
import type { UnitGap } from "../../../../src/sim/workload/gaps.ts";

const DRAWS = 400_000;

function moments(gap: UnitGap): { mean: number; cv: number } {
  let sum = 0;
  let squares = 0;
  for (let i = 0; i < DRAWS; i++) {
    const value = gap();
    sum += value;
    squares += value * value;
  }
  const mean = sum / DRAWS;
  return { mean, cv: Math.sqrt(squares / DRAWS - mean * mean) / mean };
}

/** Share of draws below `limit`. */
function shareBelow(gap: UnitGap, limit: number): number {
  let below = 0;
  for (let i = 0; i < DRAWS; i++) if (gap() < limit) below++;
  return below / DRAWS;
}

describe.each([
  ["gamma", gammaGap],
  ["weibull", weibullGap],
] as const)("%s gaps", (name, makeGap) => {
  // Tolerance: 5 standard errors of the mean (cv / sqrt(draws)); of the CV 3 %, or 8 % in the heavy tail.
  test.each([0.1, 0.5, 1, 2, 4])("have mean 1 and CV %d", (cv) => {
    const { mean, cv: seen } = moments(makeGap(cv, randomStream(7, `${name}/${cv}`)));
    expect(Math.abs(mean - 1)).toBeLessThan((5 * cv) / Math.sqrt(DRAWS));
    expect(Math.abs(seen / cv - 1)).toBeLessThan(cv > 2 ? 0.08 : 0.03);
  });

  test("are regular at CV 0", () => {
    expect(makeGap(0, randomStream(1, "a"))()).toBe(1);
  });

  test("refuse a negative CV", () => {
    expect(() => makeGap(-1, randomStream(1, "a"))).toThrow("not negative");
  });
});

describe("distributions", () => {
  // P(gap < 1) by hand: exponential 1 - 1/e = 0.6321. Gamma with CV 2 has shape 1/4; the regularised lower incomplete
  // gamma function P(1/4, 1/4) = x^a e^-x / Γ(a+1) * (1 + x/(a+1) + x²/((a+1)(a+2)) + ...) with x = a = 1/4 is
  // 0.707107 * 0.778801 / 0.906403 * (1 + 0.2 + 0.022222 + 0.001709 + ...) = 0.60756 * 1.22404 = 0.74368.
  // Standard error of a share: below 0.0008.
  test("exponential, and both others at CV 1", () => {
    for (const gap of [
      exponentialGap(randomStream(3, "e")),
      gammaGap(1, randomStream(3, "g")),
      weibullGap(1, randomStream(3, "w")),
    ]) {
      expect(shareBelow(gap, 1)).toBeCloseTo(1 - Math.exp(-1), 2.4);
    }
  });

  test("gamma with CV 2", () => {
    expect(Math.abs(shareBelow(gammaGap(2, randomStream(5, "g")), 1) - 0.74368)).toBeLessThan(
      0.004,
    );
  });

  test("weibull with the CV of shape 1/2, which is the square root of 5", () => {
    // Shape 1/2: mean Γ(3) = 2 scales, so P(gap < 1) = 1 - exp(-sqrt(2)) = 0.75688.
    const gap = weibullGap(Math.sqrt(5), randomStream(5, "w"));
    expect(Math.abs(shareBelow(gap, 1) - 0.75688)).toBeLessThan(0.004);
  });

  test("regular", () => {
    expect(regularGap()).toBe(1);
  });
});
