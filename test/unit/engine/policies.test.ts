/** Every policy where it should win and where it should lose, on one overloaded replica. */
import { describe, expect, test } from "vitest";
import { scenarioOf, simulate } from "../../support/scenario.ts";

function client(rate: string): string {
  return `{ arrivals: { process: poisson, rate: ${rate} }, promptTokens: 64, outputTokens: 64 }`;
}

/** Three tiers of one tenant each ask for far more than one replica of batch 8 can give. */
function shares(
  policy: string,
  rates: readonly [string, string, string],
  maxQueuedRequests = 20,
): number[] {
  const [gold, silver, bronze] = rates;
  const { results } = simulate(
    scenarioOf(`
version: 1
name: policies
description: Who gets what when all want more?
platform:
  policy: ${policy}
  pools:
    shared:
      model: llama-3.1-8b
      gpu: h100-sxm
      replicas: 1
      maxNumSeqs: 8
      maxNumBatchedTokens: 256
      stepTime: { fixed: 10ms }
      tierShares: { gold: 50%, silver: 30%, bronze: 20% }
  tenants:
    g: { tier: gold, quotas: { maxQueuedRequests: ${maxQueuedRequests} } }
    s: { tier: silver, quotas: { maxQueuedRequests: ${maxQueuedRequests} } }
    b: { tier: bronze, quotas: { maxQueuedRequests: ${maxQueuedRequests} } }
workload: { g: ${client(gold)}, s: ${client(silver)}, b: ${client(bronze)} }
simulation: { duration: 120s, warmup: 0s, seed: 3, audit: { requests: 0 } }
`),
  );
  return results.tenants.map(({ serviceShare }) => serviceShare);
}

const ALL_MORE = ["20/s", "20/s", "20/s"] as const;

describe("under a backlog of all three tiers", () => {
  test.each(["tier-share", "vtc", "slo-fair"])(
    "%s gives each its 50, 30 and 20 percent",
    (policy) => {
      const [gold, silver, bronze] = shares(policy, ALL_MORE);
      expect(Math.abs(gold! - 0.5)).toBeLessThan(0.06);
      expect(Math.abs(silver! - 0.3)).toBeLessThan(0.06);
      expect(Math.abs(bronze! - 0.2)).toBeLessThan(0.06);
    },
  );

  test("strict-priority starves those below", () => {
    const [gold, , bronze] = shares("strict-priority", ALL_MORE);
    expect(gold).toBeGreaterThan(0.85);
    expect(bronze).toBeLessThan(0.03);
  });

  test("fcfs gives to whoever asks most", () => {
    const [gold, , bronze] = shares("fcfs", ["5/s", "5/s", "60/s"], 10_000);
    expect(bronze).toBeGreaterThan(0.75);
    expect(gold).toBeLessThan(0.15);
  });
});

test.each(["tier-share", "vtc", "slo-fair", "strict-priority", "fcfs"])(
  "%s leaves nothing unused when only one tier asks",
  (policy) => {
    const [, , bronze] = shares(policy, ["0.01/s", "0.01/s", "20/s"]);
    expect(bronze).toBeGreaterThan(0.97);
  },
);
