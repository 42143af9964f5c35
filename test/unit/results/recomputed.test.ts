/** Work done twice, in tokens, GPU time and money: by hand where a crash takes one request out of its batch, and summed where many are evicted. */
import { expect, test } from "vitest";
import { scenarioOf, simulate } from "../../support/scenario.ts";

/** A step takes 10 ms, and a GPU second costs a dollar. */
function platform(tenants: string, pool: string): string {
  return `version: 2
name: recomputed
description: What is computed twice?
platform:
  prices: { gpuHour: $3600/h }
  pools:
    shared: { model: llama-3.1-8b, gpu: h100-sxm, replicas: 1, ${pool}, stepTime: { fixed: 10ms } }
  tenants: ${tenants}
`;
}

const ONE = `${platform("{ lab: { tier: bronze } }", "maxNumSeqs: 1, maxNumBatchedTokens: 256")}workload:
  lab: { arrivals: { process: constant, rate: 0.5/s }, promptTokens: 32, outputTokens: 100 }
simulation: { duration: 4s, warmup: 0s, audit: { requests: 0 } }
`;

test("a crash costs the step under way and the context computed again", () => {
  const crash = "faults: [ { crash: { pool: shared, replica: 0, at: 2505ms, downFor: 95ms } } ]\n";
  const { results, records } = simulate(scenarioOf(ONE + crash));
  // It arrives at 2 s; by 2.5 s it has 50 tokens, and 5 ms of the next step are lost. From 2.6 s on, one step computes 32 + 50
  // tokens again (and the 51st), then 49 more follow: it ends at 3.1 s.
  const [only] = records;
  expect(records).toHaveLength(1);
  expect(only!.nowNs).toBe(3.1e9);
  expect(results.platform.counts).toMatchObject({ preemptions: 0, recomputedTokens: 82 });
  expect(results.tenants[0]!.counts.recomputedTokens).toBe(82);
  expect(results.platform.recomputedGpuSeconds).toBeCloseTo(0.015, 9);
  expect(results.pools[0]!.recomputedGpuSeconds).toBeCloseTo(0.015, 9);
  expect(results.platform.recomputedUsd).toBeCloseTo(0.015, 9);
});

test("without evictions and crashes, nothing is computed twice", () => {
  const { results } = simulate(scenarioOf(ONE));
  expect(results.platform.counts).toMatchObject({ completed: 1, recomputedTokens: 0 });
  expect(results.platform.recomputedGpuSeconds).toBe(0);
});

test("evictions are summed over requests, each of which computes its prompt and its output so far again", () => {
  const text = `${platform("{ king: { tier: gold }, lab: { tier: bronze } }", "maxNumSeqs: 8, maxNumBatchedTokens: 256, enablePrefixCaching: false")}workload:
  king: { arrivals: { process: poisson, rate: 4/s }, promptTokens: 64, outputTokens: 20 }
  lab: { arrivals: { process: poisson, rate: 10/s }, promptTokens: 64, outputTokens: 100 }
simulation: { duration: 60s, warmup: 0s, seed: 3, audit: { requests: 0 } }
`;
  const { results, records } = simulate(scenarioOf(text));
  const { counts, recomputedUsd, recomputedGpuSeconds } = results.platform;
  expect(counts.preemptions).toBeGreaterThan(0);
  let tokens = 0;
  for (const { request } of records) {
    if (request === undefined) continue;
    tokens += request.recomputedTokens;
    expect(request.recomputedTokens).toBeGreaterThanOrEqual(64 * request.preemptions);
    expect(request.recomputedTokens).toBeLessThanOrEqual(164 * request.preemptions);
  }
  expect(counts.recomputedTokens).toBe(tokens);
  expect(recomputedGpuSeconds).toBeGreaterThan(0);
  expect(recomputedUsd).toBeCloseTo(recomputedGpuSeconds!, 6);
});

test("what the prefix cache holds of an evicted request is not computed again", () => {
  const text = `${platform("{ king: { tier: gold }, lab: { tier: bronze } }", "maxNumSeqs: 8, maxNumBatchedTokens: 256, enablePrefixCaching: CACHED")}workload:
  king: { arrivals: { process: poisson, rate: 4/s }, promptTokens: 64, outputTokens: 20 }
  lab: { arrivals: { process: poisson, rate: 10/s }, systemPrompt: 480, promptTokens: 64, outputTokens: 100 }
simulation: { duration: 60s, warmup: 0s, seed: 3, audit: { requests: 0 } }
`;
  const perEviction = (isCached: boolean): number => {
    const { results } = simulate(scenarioOf(text.replace("CACHED", String(isCached))));
    const { preemptions, recomputedTokens } = results.platform.counts;
    expect(preemptions).toBeGreaterThan(0);
    return recomputedTokens! / preemptions!;
  };
  // 480 tokens of system prompt, 64 of its own, and its output so far. Its full blocks of 16 tokens stay in the cache, for there
  // is room; the rest, at least one token, is computed again.
  expect(perEviction(false)).toBeGreaterThanOrEqual(544);
  expect(perEviction(true)).toBeGreaterThanOrEqual(1);
  expect(perEviction(true)).toBeLessThanOrEqual(16);
});
