/** What holds of autoscaling whatever the load, the settings and the faults: bounds, no eviction, every nanosecond paid once. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { checkInvariants, checkReplicaTime } from "../../src/engine/invariants.ts";
import { scenarioOf, simulate } from "../support/scenario.ts";

const drawn = fc.record({
  min: fc.integer({ min: 1, max: 2 }),
  more: fc.integer({ min: 0, max: 3 }),
  delayMs: fc.nat({ max: 3000 }),
  outAbove: fc.constantFrom(0.2, 0.5, 0.8),
  inBelow: fc.constantFrom(0.05, 0.19),
  outAfterMs: fc.nat({ max: 1000 }),
  inAfterMs: fc.nat({ max: 2000 }),
  cooldownMs: fc.nat({ max: 1000 }),
  smoothingMs: fc.nat({ max: 1000 }),
  rate: fc.integer({ min: 2, max: 120 }),
  isDedicated: fc.boolean(),
  downForMs: fc.option(fc.integer({ min: 100, max: 5000 }), { nil: undefined }),
  seed: fc.nat({ max: 1_000_000 }),
});

type Drawn = typeof drawn extends fc.Arbitrary<infer T> ? T : never;

function fileOf(given: Drawn): object {
  const { min, more, downForMs } = given;
  return {
    version: 2,
    name: "autoscaling",
    platform: {
      // Nothing here evicts: no preemption by policy, and a KV cache that never fills.
      policy: "vtc",
      pools: {
        pool: {
          model: "llama-3.1-8b",
          gpu: "h100-sxm",
          replicas: min,
          maxNumSeqs: 16,
          stepTime: { fixed: "5ms", perToken: "20us" },
          autoscale: {
            min,
            max: min + more,
            provisioningDelay: `${given.delayMs}ms`,
            scaleOutAbove: given.outAbove,
            scaleInBelow: given.inBelow,
            scaleOutAfter: `${given.outAfterMs}ms`,
            scaleInAfter: `${given.inAfterMs}ms`,
            cooldown: `${given.cooldownMs}ms`,
            smoothing: `${given.smoothingMs}ms`,
          },
          ...(given.isDedicated && { dedicatedTo: "a" }),
        },
      },
      tenants: { a: { tier: "gold", adapters: { x: { rank: 8 } } } },
      isolation: { checkEvery: "200ms" },
    },
    workload: {
      a: {
        arrivals: {
          process: "poisson",
          rate: `${given.rate}/s`,
          shapes: [{ diurnal: { period: "20s", levels: [0, 1, 3, 1] } }],
        },
        promptTokens: 200,
        outputTokens: { exponential: { mean: 50, max: 300 } },
        adapters: { x: "50%" },
      },
    },
    faults:
      downForMs === undefined
        ? []
        : [{ lose: { pool: "pool", share: "50%", at: "9s", for: `${downForMs}ms` } }],
    simulation: { duration: "40s", seed: given.seed },
  };
}

test("never below the least or above the most, nobody evicted, and all that was provisioned is accounted for", () => {
  let changes = 0;
  fc.assert(
    fc.property(drawn, (given) => {
      const finished = simulate(scenarioOf(fileOf(given)), {
        afterEvent(engine, nowNs) {
          checkInvariants(engine);
          checkReplicaTime(engine, nowNs);
        },
      });
      const { results, records } = finished;
      const { counts } = results.platform;
      expect(counts.preemptions).toBe(0);
      expect(counts.failed + counts.rejected + counts.cancelled).toBe(0);
      expect(records.every(({ outcome }) => outcome === "completed")).toBe(true);
      if (given.downForMs === undefined) {
        expect(records.every(({ request }) => request!.crashes === 0)).toBe(true);
      }
      const pool = results.pools[0]!;
      const scaling = pool.scaling!;
      changes += scaling.scaleOuts + scaling.scaleIns;
      expect(scaling.meanReplicas).toBeGreaterThanOrEqual(given.min);
      expect(scaling.meanReplicas).toBeLessThanOrEqual(given.min + given.more);
      const parts =
        pool.chargedUsd + pool.idleUsd + pool.downUsd + pool.bootUsd + pool.recomputedUsd;
      // Stays are charged in whole nanoseconds; the rest, less than one per replica, is carried: $1e-12 each.
      expect(Math.abs(parts - pool.gpuUsd)).toBeLessThan(1e-8);
      // With what was saved, it is the most replicas all the time, at the price of a GPU-hour.
      const hours = (results.pools[0]!.gpuHours + scaling.savedGpuHours) / (given.min + given.more);
      expect(hours * 3600).toBeCloseTo(finished.poolEndsNs[0]! / 1e9, 6);
      // An owner pays for readiness: what waits and what boots.
      const idleUsd = results.tenants[0]!.cost.idleUsd!;
      const owed = given.isDedicated ? pool.idleUsd + pool.bootUsd : 0;
      expect(Math.abs(idleUsd - owed)).toBeLessThan(1e-7);
    }),
    { seed: 20_260_102, numRuns: 60 },
  );
  expect(changes).toBeGreaterThan(100);
});

test("the same seed scales the same way", () => {
  const given: Drawn = {
    min: 1,
    more: 3,
    delayMs: 1000,
    outAbove: 0.5,
    inBelow: 0.19,
    outAfterMs: 400,
    inAfterMs: 1000,
    cooldownMs: 400,
    smoothingMs: 500,
    rate: 60,
    isDedicated: false,
    downForMs: 2000,
    seed: 5,
  };
  const once = JSON.stringify(simulate(scenarioOf(fileOf(given))).results);
  expect(JSON.stringify(simulate(scenarioOf(fileOf(given))).results)).toBe(once);
  expect(once).toContain('"scale-out"');
});
