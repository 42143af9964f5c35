/** A plausible tuning without a search: gold's weight raised, which keeps what was broken. */
import type { TuneMeasure, TuneResult } from "../../../src/results/tune.ts";
import { PROMISES } from "./fixture-plan.ts";

function measure(pressures: readonly number[], broken: number): TuneMeasure {
  const worst = Math.max(...pressures);
  return {
    broken,
    worstPressure: worst,
    worst: PROMISES[pressures.indexOf(worst)]!,
    promises: PROMISES.map((promise, at) => ({
      promise,
      pressure: pressures[at]!,
      broken: pressures[at]! > 1 ? broken : 0,
    })),
  };
}

function change(value: string): TuneResult["changes"] {
  return [{ path: "platform.tiers.gold.weight", value }];
}

export function exampleTune(): TuneResult {
  const own = measure([1.08, 0.9, 0.6, 0.55, 0.4, 0.35], 3);
  const found = measure([0.82, 0.7, 0.71, 0.66, 0.44, 0.4], 0);
  return {
    kind: "tune",
    schemaVersion: 1,
    tenantryVersion: "0.1.0",
    scenario: {
      name: "flagship",
      description: "Which weights keep every promise on 21 GPUs?",
      hash: "5b0c3f9a77d2e1c4",
      seed: 1,
      overrides: ["simulation.duration=10min"],
    },
    objective: "fewest promises broken, then the lowest pressure of the worst",
    varied: [{ path: "platform.tiers.gold.weight", values: ["40", "50", "60"] }],
    isBetter: true,
    changes: change("60"),
    seeds: [11, 12, 13, 14, 15],
    own,
    found,
    factor: { mean: 0.76, low: 0.7, high: 0.82 },
    confidence: 0.95,
    tried: [
      { changes: [], seeds: 2, broken: 1, worstPressure: 1.08 },
      { changes: change("40"), seeds: 1, broken: 1, worstPressure: 1.3 },
      { changes: change("60"), seeds: 2, broken: 0, worstPressure: 0.82 },
    ],
    work: { simulations: 17, requests: 1_200_000 },
  };
}

/** Nothing better was found, and what was tried lost requests. */
export function vainTune(): TuneResult {
  const tune = exampleTune();
  const lost: TuneMeasure = {
    ...tune.own,
    worstPressure: null,
    promises: tune.own.promises.map((one) => ({ ...one, pressure: null })),
  };
  return {
    ...tune,
    isBetter: false,
    changes: [],
    own: lost,
    found: lost,
    factor: null,
    tried: [{ changes: [], seeds: 2, broken: 1, worstPressure: null }],
  };
}
