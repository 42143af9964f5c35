/** Preemption between tiers: a burst of a higher tier gets its room, and a tier that asks for too much all the time does not. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { type Finished, scenarioOf, simulate } from "../../support/scenario.ts";

/** Steps of 5 ms; bronze keeps all slots full with outputs of a second, gold comes some twenty at a time. */
function burst(maxPreemptions: number): { readonly p90Ms: number; readonly evictions: number } {
  const finished = simulate(
    scenarioOf(`
version: 2
name: burst
platform:
  policy: { name: slo-fair, maxPreemptions: ${maxPreemptions} }
  pools:
    shared: { model: llama-3.1-8b, gpu: h100-sxm, replicas: 1, maxNumSeqs: 64, maxNumBatchedTokens: 512, stepTime: { fixed: 5ms }, tierShares: { gold: 80%, bronze: 20% } }
  tenants: { g: { tier: gold }, b: { tier: bronze } }
workload:
  g: { arrivals: { process: on-off, onRate: 4000/s, meanOn: 6ms, meanOff: 2s }, promptTokens: 8, outputTokens: 20 }
  b: { arrivals: { process: closed-loop, users: 200, think: 0s }, promptTokens: 8, outputTokens: 200 }
simulation: { duration: 60s, seed: 1, audit: { requests: 0 } }`),
  );
  const gold = finished.records.filter(({ request }) => request?.tenant === 0);
  const ttftMs = gold.map(({ request }) => (request!.firstTokenNs - request!.arrivalNs) / 1e6);
  const p90Ms = ttftMs.toSorted((a, b) => a - b)[Math.floor(0.9 * ttftMs.length)]!;
  return { p90Ms, evictions: preemptions(finished) };
}

function preemptions({ records }: Finished): number {
  return records.reduce((sum, { request }) => sum + (request?.preemptions ?? 0), 0);
}

test("a burst pushes out some of those that fill the slots, and waits longer without", () => {
  const allowed = burst(2);
  expect(allowed.evictions).toBeGreaterThan(20);
  expect(allowed.p90Ms).toBeLessThan(0.75 * burst(0).p90Ms);
});

test("tiers that ask for too much all the time push out next to nothing, and bronze has its share", () => {
  const file = readFileSync("scenarios/starved-bronze.yaml", "utf8");
  const finished = simulate(
    scenarioOf(file, ["simulation.duration=100s", "simulation.audit.requests=0"]),
  );
  const { counts, tenants } = { ...finished.results.platform, ...finished.results };
  expect(counts.preemptions! / counts.completed).toBeLessThan(0.12);
  // Of the GPU cost, what was computed again.
  const [pool] = finished.results.pools;
  expect(pool!.recomputedUsd / pool!.gpuUsd).toBeLessThan(0.01);
  const served = tenants.map((tenant) => tenant.counts.outputTokens);
  expect(served[2]! / (served[0]! + served[1]! + served[2]!)).toBeGreaterThan(0.19);
});
