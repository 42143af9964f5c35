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
version: 2
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

/** Two tenants of equal weight; what each has completed after some time, in order. */
function completions(policy: string, left: string, right: string, duration = "60s"): number[] {
  const { results } = simulate(
    scenarioOf(`
version: 2
name: pair
description: How is one replica divided between two?
platform:
  policy: ${policy}
  isolation: { mitigate: false }
  pools:
    shared:
      model: llama-3.1-8b
      gpu: h100-sxm
      replicas: 1
      maxNumSeqs: 8
      maxNumBatchedTokens: 1024
      enablePrefixCaching: true
      stepTime: { fixed: 10ms }
  tenants: { left: { tier: silver }, right: { tier: silver } }
workload: { left: ${left}, right: ${right} }
simulation: { duration: ${duration}, warmup: 0s, seed: 5, audit: { requests: 0 } }
`),
  );
  return results.tenants.map(({ counts }) => counts.completed);
}

function crowd(more: string): string {
  return `{ arrivals: { process: closed-loop, users: 40, think: 0s }, outputTokens: 64, maxOutputTokens: 64, ${more} }`;
}

test.each(["vtc", "slo-fair"])("%s counts no prompt tokens that were cached", (policy) => {
  const [cached, plain] = completions(
    policy,
    crowd("promptTokens: 64, systemPrompt: { tokens: 512 }"),
    crowd("promptTokens: 576"),
    "5min",
  );
  // Of service, 64 + 2 x 64 against 576 + 2 x 64: equal service is 3.67 times as many requests.
  expect(cached! / plain!).toBeGreaterThan(3.2);
  expect(cached! / plain!).toBeLessThan(4.2);
});

test.each(["vtc", "slo-fair"])("under %s a tenant that was away earns nothing by it", (policy) => {
  const always = crowd("promptTokens: 64");
  const late = `{ arrivals: { process: constant, rate: 40/s, shapes: [ { spike: { at: 60s, for: 60s, factor: 1000 } } ] }, promptTokens: 64, outputTokens: 64, maxOutputTokens: 64 }`;
  const alone = completions(
    policy,
    always,
    "{ arrivals: { process: constant, rate: 0.001/s }, promptTokens: 64, outputTokens: 64 }",
    "60s",
  )[0]!;
  const both = completions(policy, always, late.replace("40/s", "0.04/s"), "120s");
  // As much again for both together in the second minute: half of it is its own.
  expect(both[0]! - alone).toBeGreaterThan(0.4 * alone);
  expect(both[0]! - alone).toBeLessThan(0.6 * alone);
});

test("under slo-fair a long prompt past hope is not passed by short ones for ever", () => {
  const { records } = simulate(
    scenarioOf(`
version: 2
name: ageing
description: When is the long one served?
platform:
  policy: slo-fair
  pools:
    shared:
      { model: llama-3.1-8b, gpu: h100-sxm, replicas: 1, maxNumSeqs: 4, maxNumBatchedTokens: 4096, stepTime: { fixed: 10ms } }
  tenants: { only: { tier: silver, quotas: { maxQueuedRequests: 100000 } } }
workload:
  short: { tenant: only, arrivals: { process: poisson, rate: 30/s }, promptTokens: 10, outputTokens: 20, maxOutputTokens: 20 }
  long: { tenant: only, arrivals: { process: constant, rate: 0.2/s }, promptTokens: 3000, outputTokens: 20, maxOutputTokens: 20 }
simulation: { duration: 60s, warmup: 0s, seed: 5, audit: { requests: 0 } }
`),
  );
  const requests = records.flatMap(({ request }) => request ?? []);
  const long = requests.filter(({ promptTokens }) => promptTokens === 3000);
  expect(long.length).toBeGreaterThan(8);
  for (const { arrivalNs, joinedNs } of long) {
    // Its 2,990 tokens more weigh as 5.98 s of waiting; those still in time (100 ms) have a line of their own.
    const passed = requests.filter(
      (one) =>
        one.arrivalNs > arrivalNs + 6e9 &&
        one.joinedNs < joinedNs &&
        one.joinedNs - one.arrivalNs > 200e6,
    );
    expect(passed).toEqual([]);
  }
});
