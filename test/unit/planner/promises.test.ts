/** Promises read off a run against sorting all its requests; parts of a run and changed traffic against what they should be. */
import { describe, expect, test } from "vitest";
import { PromiseMeter } from "../../../src/planner/promise-meter.ts";
import { withinWindow } from "../../../src/planner/run-window.ts";
import { changedClients, changesAnything } from "../../../src/planner/traffic-change.ts";
import type { Scenario } from "../../../src/scenario/scenario.ts";
import { surveyTraffic } from "../../../src/sim/survey.ts";
import { scenarioOf, simulate } from "../../support/scenario.ts";
import { twoTiers } from "./files.ts";

const noTrace = {
  openTrace: () => {
    throw new Error("this scenario reads no trace");
  },
};

function survey(scenario: Scenario) {
  return surveyTraffic(scenario, noTrace);
}

describe("the pressure of a promise", () => {
  test.each([1, 2, 3])("is the order statistic it names, %i replicas", (replicas) => {
    const scenario = scenarioOf(twoTiers({ replicas }));
    const meter = new PromiseMeter(scenario, undefined);
    const { records, results } = simulate(scenario, { onRequest: (one) => meter.record(one) });
    const { warmupNs } = scenario.simulation;
    for (const tier of meter.ofWholeRun()) {
      const index = scenario.platform.tiers.findIndex(({ name }) => name === tier.tier);
      const { targets, objective } = scenario.platform.tiers[index]!;
      const scores = records
        .flatMap(({ request }) =>
          request !== undefined && request.tier === index && request.arrivalNs >= warmupNs
            ? [(request.firstTokenNs - request.arrivalNs) / targets[0]!.limitNs]
            : [],
        )
        .toSorted((a, b) => a - b);
      for (const [at, share] of [objective, targets[0]!.percentile / 100].entries()) {
        const exact = scores[Math.ceil(share * scores.length) - 1]!;
        const { pressure, isKept } = tier.promises[at]!;
        expect(pressure! / exact, `${tier.tier} ${share}`).toBeGreaterThan(0.998);
        expect(pressure! / exact, `${tier.tier} ${share}`).toBeLessThan(1.002);
        expect(isKept).toBe(exact <= 1);
      }
      const { verdict } = results.tiers.find(({ name }) => name === tier.tier)!.sla;
      expect(tier.verdict).toBe(verdict);
    }
  });

  test("of a part is judged by the misses that the whole allows", () => {
    const scenario = scenarioOf(twoTiers({ replicas: 2 }));
    const part = new PromiseMeter(scenario, new Map([["silver", 1_000_000]]));
    const whole = new PromiseMeter(scenario, new Map([["silver", 1000]]));
    simulate(scenario, {
      onRequest(record) {
        part.record(record);
        whole.record(record);
      },
    });
    // Two replicas miss far more than a tenth of 1,000, and less than a tenth of a million.
    expect(whole.certain()).toEqual(["silver"]);
    expect(part.certain()).toEqual([]);
    const silver = part.ofPart().find(({ tier }) => tier === "silver")!;
    expect(silver.verdict).toBe("met");
  });
});

describe("traffic drawn without serving it", () => {
  test("is what a run of the same seed sees", () => {
    const scenario = scenarioOf(twoTiers({ replicas: 4 }));
    const { results } = simulate(scenario);
    const arrived = survey(scenario).clients.map(({ requests }) => requests);
    expect(arrived).toEqual(results.tenants.map((tenant) => tenant.counts.arrived));
  });
});

describe("a part of a run", () => {
  const curve = twoTiers({ simulation: "{ duration: 60s, warmup: 0s, seed: 5 }" }).replaceAll(
    "process: poisson, rate: 30/s",
    "process: constant, rate: 30/s, shapes: [{ ramp: { start: 10s, end: 30s, from: 1, to: 3 } }, { spike: { at: 40s, for: 5s, factor: 2 } }]",
  );

  test("sees the curves as they are then", () => {
    const scenario = scenarioOf(curve);
    const requestsBetween = (from: number, to: number): number =>
      survey(withinWindow(scenario, { fromNs: from * 1e9, toNs: to * 1e9 })).clients[1]!.requests;
    // 30/s before the ramp, a mean of 60/s over it, 90/s after it, 180/s in the spike.
    expect(requestsBetween(0, 10)).toBeCloseTo(300, -1);
    expect(requestsBetween(10, 30)).toBeCloseTo(1200, -1);
    expect(requestsBetween(30, 40)).toBeCloseTo(900, -1);
    expect(requestsBetween(42, 44)).toBeCloseTo(360, -1);
  });
});

/** Requests of the shop, slice by slice. */
function counts(scenario: Scenario): readonly number[] {
  return survey(scenario).clients[1]!.slices.map(({ requests }) => requests);
}

/** Over the mean: 1 for Poisson counts. */
function dispersion(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length / mean;
}

describe("other traffic", () => {
  const scenario = scenarioOf(twoTiers());
  const changed = (change: Parameters<typeof changedClients>[1]): Scenario => {
    return { ...scenario, clients: changedClients(scenario, change) };
  };

  test("grows in requests, and in nothing else", () => {
    const [before, after] = [survey(scenario), survey(changed({ growth: 2 }))];
    for (const [at, { requests }] of before.clients.entries()) {
      expect(after.clients[at]!.requests / requests).toBeGreaterThan(1.8);
      expect(after.clients[at]!.requests / requests).toBeLessThan(2.25);
    }
    expect(after.clients[0]!.samples[0]).toEqual(before.clients[0]!.samples[0]);
  });

  test("has longer prompts, at the same times", () => {
    const after = survey(changed({ promptScale: 1.5 }));
    expect(after.clients[0]!.requests).toBe(survey(scenario).clients[0]!.requests);
    expect(after.clients[0]!.samples.every(({ promptTokens }) => promptTokens === 24)).toBe(true);
  });

  test("is burstier at the same rate", () => {
    expect(dispersion(counts(changed({ burstScale: 3 })))).toBeGreaterThan(
      2 * dispersion(counts(scenario)),
    );
  });

  test("says where there is nothing to change", () => {
    expect(changesAnything(scenario, { burstScale: 1.5 })).toBe(true);
    const even = scenarioOf(twoTiers().replaceAll("process: poisson", "process: constant"));
    expect(changesAnything(even, { burstScale: 1.5 })).toBe(false);
    expect(changesAnything(even, { promptScale: 1.5 })).toBe(true);
  });
});
