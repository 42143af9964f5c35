/** Progress is told every 32,768 events, and the run's last event may be one of those. */
import { expect, test } from "vitest";
import { runSimulation } from "../../../src/sim/simulate.ts";
import { scenarioOf } from "../../support/scenario.ts";

const EVENTS_PER_MARK = 32_768;

function eventsOf(maxRequests: number): { readonly events: number; readonly told: number } {
  const scenario = scenarioOf({
    version: 2,
    name: "progress",
    platform: {
      policy: "fcfs",
      tiers: { all: { weight: 1 } },
      pools: {
        pool: { model: "llama-3.1-8b", gpu: "h100-sxm", replicas: 1, stepTime: { fixed: "10us" } },
      },
      tenants: { acme: { tier: "all" } },
    },
    workload: {
      acme: {
        arrivals: { process: "constant", rate: "1000/s" },
        promptTokens: 16,
        outputTokens: 1,
      },
    },
    simulation: { duration: "unlimited", maxRequests, audit: { requests: 0 } },
  });
  let events = 0;
  let told = 0;
  runSimulation(scenario, {
    openTrace: () => expect.fail("no trace"),
    afterEvent: () => (events += 1),
    onProgress: () => (told += 1),
  });
  return { events, told };
}

test("a run that ends at a mark ends as any other", () => {
  const counts = Array.from({ length: 9 }, (_, more) => eventsOf(10_900 + more));
  expect(counts.map(({ told, events }) => told - Math.floor(events / EVENTS_PER_MARK))).toEqual(
    counts.map(() => 0),
  );
  expect(counts.map(({ events }) => events)).toContain(EVENTS_PER_MARK);
});
