/** Arrival times: hand-worked times of regular processes under rate shapes, and counts of random ones against theory. */
import { describe, expect, test } from "vitest";
import { randomStream } from "../../../../src/base/random.ts";
import type { RateShape } from "../../../../src/scenario/scenario.ts";
import { createArrivalTimes } from "../../../../src/sim/workload/arrivals.ts";
import type { ProcessConfig } from "../../../../src/sim/workload/arrivals.ts";

const S = 1e9;

function timesOf(
  config: ProcessConfig,
  options: { max?: number; endNs?: number; seed?: number } = {},
) {
  const { max = 1_000_000, endNs = Infinity, seed = 1 } = options;
  const streams = { gaps: randomStream(seed, "gaps"), sojourns: randomStream(seed, "sojourns") };
  const next = createArrivalTimes(config, streams, endNs);
  const times: number[] = [];
  for (let time = next(); time !== Infinity && times.length < max; time = next()) times.push(time);
  return times;
}

function regular(ratePerS: number, ...shapes: RateShape[]): ProcessConfig {
  return { kind: "constant", ratePerS, shapes };
}

function diurnal(levels: number[], periodS: number, phaseS = 0): RateShape {
  return { kind: "diurnal", levels, periodNs: periodS * S, phaseNs: phaseS * S };
}

function ramp(fromS: number, toS: number, from: number, to: number): RateShape {
  return { kind: "ramp", fromNs: fromS * S, toNs: toS * S, from, to };
}

function spike(atS: number, forS: number, factor: number): RateShape {
  return { kind: "spike", atNs: atS * S, forNs: forS * S, factor };
}

function inSeconds(times: number[]): number[] {
  return times.map((time) => time / S);
}

describe("a regular process", () => {
  test("arrives one gap after 0 and then every gap", () => {
    expect(timesOf(regular(4), { max: 4 })).toEqual([250_000_000, 500_000_000, 750_000_000, S]);
  });

  test("ends before the end, exclusive", () => {
    expect(inSeconds(timesOf(regular(1), { endNs: 3 * S }))).toEqual([1, 2]);
  });

  test("stays ended", () => {
    const streams = { gaps: randomStream(1, "a"), sojourns: randomStream(1, "b") };
    const next = createArrivalTimes(regular(1), streams, 2 * S);
    expect([next(), next(), next()]).toEqual([S, Infinity, Infinity]);
  });

  test("never arrives at rate 0", () => {
    expect(timesOf(regular(0))).toEqual([]);
  });

  test("doubles in a spike", () => {
    // Rate 1, from 2 s to 4 s rate 2: 1, 2, 2.5, 3, 3.5, 4, 5.
    const times = timesOf(regular(1, spike(2, 2, 2)), { max: 7 });
    expect(inSeconds(times)).toEqual([1, 2, 2.5, 3, 3.5, 4, 5]);
  });

  test("waits through a spike of 0", () => {
    const times = timesOf(regular(1, spike(1.5, 10, 0)), { max: 3 });
    expect(inSeconds(times)).toEqual([1, 12, 13]);
  });

  test("follows a ramp from 0", () => {
    // Rate t/10 up to 10 s: the cumulative rate is t²/20, so the n-th arrival is at sqrt(20 n); then one a second.
    const times = timesOf(regular(1, ramp(0, 10, 0, 1)), { max: 7 });
    const expected = [1, 2, 3, 4, 5].map((n) => Math.round(Math.sqrt(20 * n) * S));
    expect(times).toEqual([...expected, 11 * S, 12 * S]);
  });

  test("ends after a ramp to 0", () => {
    // Rate 1 - t/10: the cumulative rate is t - t²/20 and ends at 5, which rounding may or may not let happen.
    const times = timesOf(regular(1, ramp(0, 10, 1, 0)));
    const expected = [1, 2, 3, 4].map((n) => Math.round((10 - Math.sqrt(100 - 20 * n)) * S));
    expect(times.slice(0, 4)).toEqual(expected);
    expect(times.length).toBeLessThanOrEqual(5);
  });

  test("takes a ramp without length as a step", () => {
    const times = timesOf(regular(1, ramp(2, 2, 1, 4)), { max: 4 });
    expect(inSeconds(times)).toEqual([1, 2, 2.25, 2.5]);
  });

  test("follows the product of two ramps", () => {
    // Rate 3 (t/10)²: the cumulative rate is t³/100, so the n-th arrival is at the cube root of 100 n.
    const times = timesOf(regular(3, ramp(0, 10, 0, 1), ramp(0, 10, 0, 1)), { max: 12 });
    for (let n = 1; n <= 10; n++) {
      expect(Math.abs(times[n - 1]! - Math.cbrt(100 * n) * S)).toBeLessThanOrEqual(1);
    }
    expect(times[10]! / S).toBeCloseTo(10 + 1 / 3, 8);
  });

  test("follows a day, linear between its levels", () => {
    // Triangles from 0 up to 2 and back in 2 s: one arrival at each top and at each foot.
    const times = timesOf(regular(1, diurnal([0, 2], 2)), { max: 6 });
    expect(inSeconds(times)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test.each([
    // Phase: time 0 lies that far into the period. From the top of a triangle, mass 1 ends at its foot.
    [1, [1, 2, 3]],
    [-1, [1, 2, 3]],
    // Half a second in, the rate is 1 and rises: t + t² = 1 gives 0.618 > 0.5, so the first comes after the top:
    // 0.75 of mass at the top, then 2 t - t² = 0.25 gives 0.134. 1.75 at the foot, then t² = 0.25 gives 0.5.
    [0.5, [0.5 + 1 - Math.sqrt(0.75), 2]],
  ])("starts %d s into the day", (phaseS, expected) => {
    const times = timesOf(regular(1, diurnal([0, 2], 2, phaseS)), { max: expected.length });
    times.forEach((time, i) => {
      expect(time / S).toBeCloseTo(expected[i]!, 8);
    });
  });

  test("crosses silent nights", () => {
    // Levels 0 0 0 8 over 4 s: a triangle from 2 s to 4 s with mass 8, so 8 arrivals in its 2 s and none before.
    const times = timesOf(regular(1, diurnal([0, 0, 0, 8], 4)), { max: 16 });
    expect(times.filter((time) => time % (4 * S) !== 0 && time % (4 * S) < 2 * S)).toEqual([]);
    expect(times[3]).toBe(3 * S);
    expect(times[11]).toBe(7 * S);
  });

  test.each([
    ["a day without light", [diurnal([0, 0, 0], 3)]],
    ["two days that never meet", [diurnal([1, 0, 0, 0], 4), diurnal([0, 0, 1, 0], 4)]],
    ["a ramp that ends before", [ramp(0, 0, 1, 0), diurnal([1, 2], 2)]],
  ])("ends for %s", (_, shapes) => {
    expect(timesOf(regular(5, ...shapes))).toEqual([]);
  });

  test("is not ended by a silence of other causes, however many days it lasts", () => {
    // 300,000 slots of the day pass while the spike of 0 lasts.
    const times = timesOf(regular(1, diurnal([1, 2], 2), spike(0, 300_000, 0)), { max: 1 });
    expect(times[0]! / S).toBeGreaterThan(300_000);
    expect(times[0]! / S).toBeLessThan(300_001);
  });
});

describe("random processes", () => {
  const kinds: ProcessConfig[] = [
    { kind: "poisson", ratePerS: 50, shapes: [] },
    { kind: "gamma", ratePerS: 50, cv: 3, shapes: [] },
    { kind: "weibull", ratePerS: 50, cv: 3, shapes: [] },
  ];

  test.each(kinds)("$kind has its rate and CV", (config) => {
    const times = timesOf(config, { max: 200_000, seed: 11 });
    const gaps = times.map((time, i) => time - (times[i - 1] ?? 0));
    const mean = gaps.reduce((a, b) => a + b) / gaps.length;
    const variance = gaps.reduce((a, b) => a + (b - mean) * (b - mean), 0) / gaps.length;
    const cv = "cv" in config ? config.cv : 1;
    // 5 standard errors of the mean; 5 % for the CV.
    expect(Math.abs((mean * 50) / S - 1)).toBeLessThan((5 * cv) / Math.sqrt(times.length));
    expect(Math.abs(Math.sqrt(variance) / mean / cv - 1)).toBeLessThan(0.05);
  });

  test("Poisson counts per slot follow the integral of the rate", () => {
    const levels = [1, 3, 2, 0, 0.5, 1];
    const shapes = [diurnal(levels, 600), ramp(0, 3000, 1, 2)];
    const times = timesOf({ kind: "poisson", ratePerS: 20, shapes }, { endNs: 3000 * S, seed: 4 });
    for (let slot = 0; slot < 30; slot++) {
      const expected = simpson((t) => 20 * levelAt(levels, t / 100) * (1 + t / 3000), slot * 100);
      const seen = times.filter((time) => Math.floor(time / (100 * S)) === slot).length;
      // 4.5 standard deviations of a Poisson count, 30 times.
      expect(Math.abs(seen - expected)).toBeLessThan(4.5 * Math.sqrt(expected) + 1);
    }
  });

  test("on/off has the mean rate, is silent when off, and clusters", () => {
    const config: ProcessConfig = {
      kind: "on-off",
      onRatePerS: 100,
      offRatePerS: 0,
      meanOnNs: 2 * S,
      meanOffNs: 6 * S,
      shapes: [],
    };
    const endNs = 40_000 * S;
    const times = timesOf(config, { endNs, max: Infinity, seed: 2 });
    // Mean 100 * 2 / 8 = 25/s. Counts of an on/off process vary by far more than Poisson: the share of time on over
    // n = 5,000 cycles has a relative standard error of about 1/sqrt(n) * sqrt(2) * 6/8 = 1.5 %; 5 of these.
    expect(Math.abs(times.length / 40_000 / 25 - 1)).toBeLessThan(0.075);
    const long = times.filter((time, i) => i > 0 && time - times[i - 1]! > 0.2 * S).length;
    // A gap over 0.2 s is an off period that lasted: 5,000 * exp(-0.2 / 6) = 4,836 are expected.
    expect(long).toBeGreaterThan(4400);
    expect(long).toBeLessThan(5300);
  });

  test("the states of an on/off process do not depend on its shapes", () => {
    const config: ProcessConfig = {
      kind: "on-off",
      onRatePerS: 1000,
      offRatePerS: 0,
      meanOnNs: S,
      meanOffNs: S,
      shapes: [],
    };
    const plain = new Set(
      timesOf(config, { endNs: 200 * S }).map((t) => Math.floor(t / (0.1 * S))),
    );
    const spiked = timesOf({ ...config, shapes: [spike(50, 50, 0.5)] }, { endNs: 200 * S });
    const strange = spiked.filter((time) => !plain.has(Math.floor(time / (0.1 * S)))).length;
    expect(strange / spiked.length).toBeLessThan(0.01);
  });

  test("an on/off process that is never on ends", () => {
    const rates = { onRatePerS: 0, offRatePerS: 0, meanOnNs: S, meanOffNs: S };
    expect(timesOf({ kind: "on-off", ...rates, shapes: [] })).toEqual([]);
  });
});

function levelAt(levels: number[], slot: number): number {
  const low = Math.floor(slot);
  const from = levels[low % levels.length]!;
  return from + (levels[(low + 1) % levels.length]! - from) * (slot - low);
}

/** Integral over 100 s from `from`; exact for the cubics and less met here. */
function simpson(rate: (timeS: number) => number, from: number): number {
  return (100 / 6) * (rate(from) + 4 * rate(from + 50) + rate(from + 99.999_999_9));
}
