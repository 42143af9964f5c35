/** What a flood costs neighbours within their share: next to nothing under slo-fair, everything under fcfs. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { scenarioOf, simulate } from "../../support/scenario.ts";

const FILE = readFileSync("scenarios/flood.yaml", "utf8");
const SHORTER = ["simulation.duration=150s", "simulation.audit.requests=0"];
const WITHOUT = ["workload.batch.arrivals.rate=1/min", "workload.batch.arrivals.shapes=[]"];
const PLAIN = ["platform.policy=fcfs", "platform.isolation.mitigate=false"];

/** P99 TTFT of the two neighbours, ms. */
function neighbours(overrides: readonly string[]): number[] {
  const { results } = simulate(scenarioOf(FILE, [...SHORTER, ...overrides]));
  return results.tenants
    .filter(({ name }) => name !== "batch")
    .map(({ latency }) => latency.ttftMs.p99!);
}

test("neighbours of a flood keep their P99 TTFT within 1.15 of what it is without, and not under fcfs", () => {
  const alone = neighbours(WITHOUT);
  const fair = neighbours([]);
  const plain = neighbours(PLAIN);
  for (const [index, p99] of alone.entries()) {
    expect(fair[index]! / p99).toBeLessThan(1.15);
    expect(plain[index]! / p99).toBeGreaterThan(5);
  }
});

test("the flood alone has the whole platform", () => {
  const gone = ["papers", "search"].map((client) => `workload.${client}.arrivals.rate=1/min`);
  const saturated = [...SHORTER, ...gone, "workload.batch.arrivals.rate=60/s"];
  const busy = (policy: string) =>
    simulate(scenarioOf(FILE, [...saturated, `platform.policy=${policy}`])).results.platform
      .utilization!.meanBatch;
  expect(busy("slo-fair")).toBeGreaterThan(0.98 * busy("fcfs"));
});
