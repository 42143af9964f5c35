/** Length samplers: bounds, means and medians of each distribution. */
import { describe, expect, test } from "vitest";
import { randomStream } from "../../../src/base/random.ts";
import type { LengthConfig } from "../../../src/scenario/scenario.ts";
import { createLengthSampler } from "../../../src/scenario/length-sampler.ts";

const DRAWS = 100_000;

function sample(config: LengthConfig): number[] {
  const draw = createLengthSampler(config, randomStream(3, "lengths"));
  return Array.from({ length: DRAWS }, draw).toSorted((a, b) => a - b);
}

function meanOf(values: number[]): number {
  return values.reduce((a, b) => a + b) / values.length;
}

describe("lengths", () => {
  const empirical: LengthConfig = {
    kind: "empirical",
    quantiles: [
      [0, 10],
      [0.5, 100],
      [0.9, 100],
      [1, 1000],
    ],
  };

  test.each<LengthConfig>([
    { kind: "constant", tokens: 12.4 },
    { kind: "uniform", min: 0, max: 3 },
    { kind: "exponential", mean: 0.3, max: 50 },
    { kind: "lognormal", median: 2, sigma: 3, min: 0, max: 900.6 },
    empirical,
  ])("of kind $kind are integers from 1", (config) => {
    const lengths = sample(config);
    expect(lengths.every((length) => Number.isInteger(length) && length >= 1)).toBe(true);
  });

  test("constant", () => {
    expect(sample({ kind: "constant", tokens: 512 }).at(-1)).toBe(512);
  });

  test("uniform includes both ends, each as often as the others", () => {
    const lengths = sample({ kind: "uniform", min: 2, max: 5 });
    for (const value of [2, 3, 4, 5]) {
      const share = lengths.filter((length) => length === value).length / DRAWS;
      expect(Math.abs(share - 0.25)).toBeLessThan(0.007);
    }
    expect([lengths[0], lengths.at(-1)]).toEqual([2, 5]);
  });

  test("exponential has its mean and stops at its maximum", () => {
    const lengths = sample({ kind: "exponential", mean: 200, max: 1000 });
    // Cut at 1000 the mean is 200 (1 - exp(-5)) = 198.65; standard error 0.6.
    expect(Math.abs(meanOf(lengths) - 198.65)).toBeLessThan(3);
    expect(lengths.at(-1)).toBe(1000);
  });

  test("lognormal has its median and spread, clamped", () => {
    const lengths = sample({ kind: "lognormal", median: 400, sigma: 0.8, min: 50, max: 2000 });
    expect(Math.abs(lengths[DRAWS / 2]! / 400 - 1)).toBeLessThan(0.015);
    // One sigma above: the quantile 0.8413 is 400 exp(0.8) = 890.
    expect(Math.abs(lengths[Math.floor(DRAWS * 0.8413)]! / 890.2 - 1)).toBeLessThan(0.02);
    expect([lengths[0], lengths.at(-1)]).toEqual([50, 2000]);
  });

  test("empirical follows its table, flat parts included", () => {
    const lengths = sample(empirical);
    expect(Math.abs(lengths[DRAWS * 0.25]! - 55)).toBeLessThan(2);
    expect(lengths[DRAWS * 0.7]).toBe(100);
    expect(Math.abs(lengths[DRAWS * 0.95]! - 550)).toBeLessThan(25);
  });

  test("a table that does not run from 0 to 1 is a bug of the loader", () => {
    const quantiles = [
      [0.1, 1],
      [1, 2],
    ] as const;
    const random = randomStream(1, "a");
    expect(() => createLengthSampler({ kind: "empirical", quantiles }, random)).toThrow("0 to 1");
  });
});
