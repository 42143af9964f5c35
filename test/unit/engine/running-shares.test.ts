/** Room that a flood leaves its neighbours follows the replicas that serve, not those that autoscaling might add. */
import { expect, test } from "vitest";
import { scenarioOf, simulate } from "../../support/scenario.ts";

function lightP50(most: number): number {
  const { results } = simulate(
    scenarioOf(`
version: 2
name: room
description: Does the most there can be change what one replica does?
platform:
  policy: slo-fair
  isolation: { mitigate: false }
  pools:
    shared:
      model: llama-3.1-8b
      gpu: h100-sxm
      replicas: 1
      maxNumSeqs: 64
      maxNumBatchedTokens: 1024
      stepTime: { fixed: 5ms }
      autoscale: { min: 1, max: ${most}, provisioningDelay: 1h }
  tenants: { light: { tier: silver }, flood: { tier: silver } }
workload:
  light: { arrivals: { process: poisson, rate: 10/s }, promptTokens: 100, outputTokens: 200, maxOutputTokens: 200 }
  flood: { arrivals: { process: closed-loop, users: 400, think: 0s }, promptTokens: 100, outputTokens: 200, maxOutputTokens: 200 }
simulation: { duration: 60s, warmup: 20s, seed: 1, audit: { requests: 0 } }
`),
  );
  return results.tenants.find(({ name }) => name === "light")!.latency.ttftMs.p50!;
}

test("a light tenant finds the same room with one replica of one and with one of eight", () => {
  expect(lightP50(8)).toBeCloseTo(lightP50(1), 0);
});
