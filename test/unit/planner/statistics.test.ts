/** The statistics of replications, against numbers worked by hand and against simulated truth. */
import { describe, expect, test } from "vitest";
import { drawNormal, randomStream } from "../../../src/base/random.ts";
import {
  cleanRunsFor,
  confidenceOfCleanRuns,
  predictionOf,
} from "../../../src/planner/statistics/prediction.ts";
import { isSteady, mser5 } from "../../../src/planner/statistics/warmup.ts";
import { scenarioOf } from "../../support/scenario.ts";
import { twoTiers } from "./files.ts";

describe("prediction limits", () => {
  test("are Student's, on logarithms", () => {
    // Logarithms -1, 0, 1: mean 0, spread 1. t(0.95, 2) = 2.92; sqrt(1 + 1/3) = 1.1547; e^(2.92 x 1.1547) = 29.13.
    const prediction = predictionOf([Math.exp(-1), 1, Math.E], 0.05)!;
    expect(prediction.pressure).toBeCloseTo(1, 12);
    expect(prediction.spread).toBeCloseTo(1, 12);
    expect(prediction.atMost).toBeCloseTo(29.13, 1);
  });

  test("are none of one run, and none where a run lost too much", () => {
    expect(predictionOf([0.5], 0.05)).toBeUndefined();
    expect(predictionOf([0.5, null, 0.6], 0.05)).toBeUndefined();
  });

  test("hold one more run as often as they say", () => {
    // 4,000 times eight draws and one more: 5 % of those exceed the limit, give or take 0.34 % (one deviation).
    const random = randomStream(11, "prediction");
    const draw = (): number => Math.exp(0.3 * drawNormal(random));
    let over = 0;
    for (let trial = 0; trial < 4000; trial++) {
      const { atMost } = predictionOf(Array.from({ length: 8 }, draw), 0.05)!;
      if (draw() > atMost) over += 1;
    }
    expect(over / 4000).toBeGreaterThan(0.05 - 4 * 0.0034);
    expect(over / 4000).toBeLessThan(0.05 + 4 * 0.0034);
  });

  test("clean runs: the next of n + 1 is the worst once in n + 1 times", () => {
    expect(cleanRunsFor(0.95)).toBe(19);
    expect(cleanRunsFor(0.9)).toBe(9);
    expect(cleanRunsFor(0.99)).toBe(99);
    expect(confidenceOfCleanRuns(19)).toBe(0.95);
  });
});

describe("the warm-up by MSER-5", () => {
  const random = randomStream(3, "mser");
  const noise = (): number => drawNormal(random);

  test("cuts what rises before the steady state", () => {
    const values = Array.from({ length: 2000 }, (_, at) => Math.min(10, at / 20) + noise() / 2);
    const cut = mser5(values)!;
    expect(cut).toBeGreaterThan(130);
    expect(cut).toBeLessThan(320);
  });

  test("cuts next to nothing of what is steady", () => {
    expect(mser5(Array.from({ length: 2000 }, noise))!).toBeLessThan(200);
  });

  test("cuts nothing of equal values, and of few", () => {
    expect(mser5(Array.from({ length: 500 }, () => 7))).toBe(0);
    expect(mser5([5, 4, 3])).toBe(0);
  });

  test("finds no steady state in what only grows", () => {
    expect(mser5(Array.from({ length: 1000 }, (_, at) => at * at))).toBeUndefined();
  });

  test("is for arrivals that have a steady state", () => {
    const steady = twoTiers();
    const curve = steady.replace(
      "rate: 30/s",
      "rate: 30/s, shapes: [{ spike: { at: 5s, for: 1s, factor: 3 } }]",
    );
    expect(isSteady(scenarioOf(steady))).toBe(true);
    expect(isSteady(scenarioOf(curve))).toBe(false);
    const broken = `${steady}faults: [{ crash: { pool: shared, replica: 0, at: 5s, downFor: 1s } }]\n`;
    expect(isSteady(scenarioOf(broken))).toBe(false);
  });
});
