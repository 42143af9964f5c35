/** The statistics of replications, against numbers worked by hand and against simulated truth. */
import { describe, expect, test } from "vitest";
import { drawNormal, randomStream } from "../../../src/base/random.ts";
import {
  cleanRunsTo,
  keptEvidence,
  marginEvidence,
  missEvidence,
} from "../../../src/planner/statistics/evidence.ts";
import { predictionOf } from "../../../src/planner/statistics/prediction.ts";
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
});

/** The share of 2,000 series of up to 300 runs in which the evidence ever reached 20, looked at after every run. */
function everReached(share: number, evidence: typeof keptEvidence): number {
  const random = randomStream(17, "evidence");
  let reached = 0;
  for (let series = 0; series < 2000; series++) {
    let missed = 0;
    for (let runs = 1; runs <= 300; runs++) {
      if (random() < share) missed += 1;
      if (evidence({ runs, missed }, 0.1) < 20) continue;
      reached += 1;
      break;
    }
  }
  return reached / 2000;
}

describe("evidence for a share of misses", () => {
  test("is a mean of likelihood ratios, by hand", () => {
    // Tolerated: a half, odds of 1. Better: odds of 0, 1/4, 1/2, shares of 0, 1/5, 1/3. Two runs kept: 4, 1.6^2, (4/3)^2.
    expect(keptEvidence({ runs: 2, missed: 0 }, 0.5)).toBeCloseTo((4 + 2.56 + 16 / 9) / 3, 12);
    // One missed, one kept: 0, 0.4 x 1.6, 2/3 x 4/3.
    expect(keptEvidence({ runs: 2, missed: 1 }, 0.5)).toBeCloseTo((0.64 + 8 / 9) / 3, 12);
    // Worse: odds of 2, 4, 16, 64; one missed: twice 2/3, 4/5, 16/17, 64/65.
    const worse = 2 * (2 / 3 + 4 / 5 + 16 / 17 + 64 / 65);
    expect(missEvidence({ runs: 1, missed: 1 }, 0.5)).toBeCloseTo(worse / 4, 12);
    expect(keptEvidence({ runs: 0, missed: 0 }, 0.05)).toBe(1);
  });

  test("counts the clean runs that are still needed", () => {
    for (const missed of [0, 1, 3]) {
      const before = { runs: 10, missed };
      const more = cleanRunsTo(40, before, 0.05);
      expect(keptEvidence({ runs: 10 + more, missed }, 0.05)).toBeGreaterThanOrEqual(40);
      expect(keptEvidence({ runs: 9 + more, missed }, 0.05)).toBeLessThan(40);
    }
    expect(cleanRunsTo(1, { runs: 0, missed: 0 }, 0.05)).toBe(0);
  });

  test("is wrong no more often than it says, however often one looks", () => {
    // At most 5 %, give or take 0.49 % (one deviation).
    expect(everReached(0.1, keptEvidence)).toBeLessThan(0.05 + 4 * 0.0049);
    expect(everReached(0.1, missEvidence)).toBeLessThan(0.05 + 4 * 0.0049);
    // And it is not silent where there is something to say.
    expect(everReached(0.02, keptEvidence)).toBeGreaterThan(0.95);
    expect(everReached(0.3, missEvidence)).toBeGreaterThan(0.95);
  });

  test("by margins is as honest, and sooner where margins are large", () => {
    const random = randomStream(19, "margins");
    // Of a mean so many deviations below the limit; at 1.2816, one run in ten is above it.
    const reachedBy = (distance: number, runs: number): number => {
      let reached = 0;
      for (let series = 0; series < 400; series++) {
        const logs: number[] = [];
        while (logs.length < runs) {
          logs.push(0.3 * (drawNormal(random) - distance));
          if (logs.length < 4 || marginEvidence(logs, 0.1) < 20) continue;
          reached += 1;
          break;
        }
      }
      return reached / 400;
    };
    // At most 5 %, give or take 1.1 % (one deviation).
    expect(reachedBy(1.2816, 60)).toBeLessThan(0.05 + 4 * 0.011);
    expect(reachedBy(4, 20)).toBeGreaterThan(0.95);
    expect(marginEvidence([-0.5], 0.1)).toBe(0);
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
