/** Intervals of one run's quantiles: by hand, and how often they cover the truth where latencies hang together in time. */
import { describe, expect, test } from "vitest";
import { drawNormal, randomStream } from "../../../src/base/random.ts";
import { BatchRecorder } from "../../../src/results/batch-recorder.ts";
import { simulate, scenarioOf } from "../../support/scenario.ts";
import { twoTiers } from "../planner/files.ts";

const SECOND_NS = 1e9;

describe("an interval by batches", () => {
  test("is Student's around the quantile of the whole, worked by hand", () => {
    // Five stretches of ten requests, each of one value: medians 100, 110, 120, 130, 140 around the whole's 120.
    const recorder = new BatchRecorder();
    for (let stretch = 0; stretch < 5; stretch++) {
      for (let at = 0; at < 10; at++) recorder.add(stretch * SECOND_NS, 100 + 10 * stretch);
    }
    // Squares 400 + 100 + 0 + 100 + 400 = 1000; sqrt(1000 / 4 / 5) = 7.0711; t(4) = 2.7764: 19.63.
    const interval = recorder.interval(0.5)!;
    expect(interval.batches).toBe(5);
    expect(interval.low).toBeCloseTo(120 - 19.632, 2);
    expect(interval.high).toBeCloseTo(120 + 19.632, 2);
  });

  test("is not made of too few requests, nor of one moment", () => {
    const few = new BatchRecorder();
    // A P99 needs five batches of 500.
    for (let at = 0; at < 2499; at++) few.add(at * SECOND_NS, at);
    expect(few.interval(0.99)).toBeUndefined();
    expect(few.interval(0.95)?.batches).toBeGreaterThan(15);
    const moment = new BatchRecorder();
    for (let at = 0; at < 10_000; at++) moment.add(1, at);
    expect(moment.interval(0.5)).toBeUndefined();
    expect(new BatchRecorder().interval(0.5)).toBeUndefined();
  });

  test("does not depend on how long the run turns out to be", () => {
    const values = Array.from({ length: 8192 }, (_, at) => ((at * 7919) % 1000) + at / 100);
    const [short, long] = [1, 4096].map((times) => {
      const recorder = new BatchRecorder();
      for (const [at, value] of values.entries()) recorder.add((at * times * 16e9) / 8192, value);
      return recorder.interval(0.9)!;
    });
    // 64 slices of a quarter of a second and of 17 minutes are the same slices.
    expect(long).toEqual(short);
  });

  test("covers the truth about as often as it says, where neighbours are alike, and one of independent requests would not", () => {
    const random = randomStream(11, "latencies");
    const trials = 300;
    // Each value carries 99 % of the one before: standard normal, and its P99 is 2.3263.
    const carried = 0.99;
    const fresh = Math.sqrt(1 - carried * carried);
    let covered = 0;
    let independent = 0;
    for (let trial = 0; trial < trials; trial++) {
      const recorder = new BatchRecorder();
      let state = drawNormal(random);
      let above = 0;
      const requests = 20_000;
      for (let at = 0; at < requests; at++) {
        state = carried * state + fresh * drawNormal(random);
        if (state > 2.3263) above += 1;
        recorder.add(at * 1e7, 10_000 + 1000 * state);
      }
      const interval = recorder.interval(0.99)!;
      if (interval.low <= 12_326.3 && 12_326.3 <= interval.high) covered += 1;
      // Order statistics of independent requests: the true P99 lies between those at 200 ± 1.96 * sqrt(198) from the top.
      if (Math.abs(above - 200) <= 1.96 * Math.sqrt(198)) independent += 1;
    }
    expect(covered / trials).toBeGreaterThan(0.88);
    expect(independent / trials).toBeLessThan(0.5);
  });
});

describe("a run", () => {
  const results = simulate(scenarioOf(twoTiers())).results;

  test("has an interval for each promised quantile that has the requests for one, around what was measured", () => {
    for (const { sla, intervals } of results.tiers) {
      expect(intervals.map(({ metric, percentile }) => [metric, percentile])).toEqual(
        sla.targets.map(({ metric, percentile }) => [metric, percentile]),
      );
    }
    const silver = results.tiers.find(({ name }) => name === "silver")!;
    const [interval] = silver.intervals;
    const measuredMs = silver.sla.targets[0]!.measuredMs!;
    // Some 1740 requests of a P95: batches of 100 at least, of whole slices.
    expect(interval!.batches).toBeGreaterThanOrEqual(10);
    expect(interval!.lowMs).toBeLessThan(measuredMs);
    expect(interval!.highMs).toBeGreaterThan(measuredMs);
    // Gold's 290 requests are too few for a P99.
    const gold = results.tiers.find(({ name }) => name === "gold")!;
    expect(gold.intervals[0]).toEqual({
      metric: "ttft",
      percentile: 99,
      lowMs: null,
      highMs: null,
      batches: 0,
    });
  });
});
