/** Work done twice, in tokens and GPU time: by hand where one of two requests is pushed out of a full KV cache. */
import { expect, test } from "vitest";
import { scenarioOf, simulate } from "../../support/scenario.ts";
import { TINY_MODEL, tinyGpu } from "../../support/tiny-hardware.ts";

const SCENARIO = {
  version: 1,
  name: "recomputed",
  description: "What is computed twice when two requests do not fit?",
  platform: {
    models: { tiny: TINY_MODEL },
    gpus: { small: tinyGpu({ kvBlocks: 8, blockTokens: 16, adapterBytes: 0 }) },
    prices: { gpuHour: "$3600/h" },
    pools: {
      shared: {
        model: "tiny",
        gpu: "small",
        replicas: 1,
        blockSize: 16,
        maxNumSeqs: 4,
        maxNumBatchedTokens: 64,
        adapterMemory: "0B",
        stepTime: { fixed: "10ms" },
      },
    },
    tenants: { a: { tier: "silver" }, b: { tier: "silver" } },
  },
  workload: {
    a: { arrivals: { process: "constant", rate: "1/s" }, promptTokens: 32, outputTokens: 64 },
    b: { arrivals: { process: "constant", rate: "1/s" }, promptTokens: 32, outputTokens: 64 },
  },
  simulation: { duration: "30s", warmup: "0s", audit: { requests: 0 }, seed: 1 },
};

test("tokens, GPU time and money of work done twice belong together", () => {
  const { results, records } = simulate(scenarioOf(SCENARIO));
  const { platform } = results;
  expect(platform.counts.preemptions).toBeGreaterThan(0);
  let tokens = 0;
  for (const { request } of records) {
    if (request === undefined) continue;
    tokens += request.recomputedTokens;
    // Each stay after an eviction computes the prompt again, and what had been put out by then: 32 to 32 + 64 tokens.
    expect(request.recomputedTokens).toBeGreaterThanOrEqual(32 * request.preemptions);
    expect(request.recomputedTokens).toBeLessThanOrEqual(96 * request.preemptions);
  }
  expect(platform.counts.recomputedTokens).toBe(tokens);
  expect(results.tiers[0]!.counts.recomputedTokens).toBe(tokens);
  // A GPU second costs a dollar here.
  expect(platform.recomputedUsd).toBeCloseTo(platform.recomputedGpuSeconds!, 6);
  expect(platform.recomputedGpuSeconds).toBeGreaterThan(0);
});

test("where nobody is evicted, nothing is computed twice", () => {
  const { results } = simulate(scenarioOf(SCENARIO, ["workload.b.arrivals.rate=0.001/s"]));
  expect(results.platform.counts).toMatchObject({ preemptions: 0, recomputedTokens: 0 });
  expect(results.platform.recomputedGpuSeconds).toBe(0);
});
