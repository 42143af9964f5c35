/** Small scenarios for plans, and the pool of threads that runs them. */
import type { ScenarioSource } from "../../../src/planner/scenario-source.ts";
import { WorkerPool } from "../../../src/planner/worker-pool.ts";

export interface Sizes {
  readonly replicas?: number;
  readonly policy?: string;
  readonly simulation?: string;
  readonly objective?: string;
}

/**
 * Two tiers on one shared pool, and a gold tenant with a replica of its own. A step takes 20 ms whatever its batch of at most
 * 4, so a replica gives at most 200 tokens/s, and a request of 10 output tokens takes some 200 ms of one of 4 slots.
 */
export function twoTiers({
  replicas = 2,
  policy = "slo-fair",
  simulation,
  objective,
}: Sizes = {}): string {
  const hardware =
    "model: llama-3.1-8b, gpu: h100-sxm, maxNumSeqs: 4, maxNumBatchedTokens: 256, stepTime: { fixed: 20ms }";
  const kept = objective ?? "90%";
  return `version: 2
name: two-tiers
description: How many replicas do two tiers need?
platform:
  policy: ${policy}
  tiers:
    gold: { weight: 50, targets: [ { ttft: 500ms, percentile: 99 } ], objective: ${kept} }
    silver: { weight: 30, targets: [ { ttft: 500ms, percentile: 95 } ], objective: ${kept} }
    bronze: { weight: 20, targets: [ { ttft: 2s, percentile: 95 } ], objective: ${kept} }
  pools:
    own: { dedicatedTo: king, ${hardware}, replicas: 1 }
    shared: { ${hardware}, replicas: ${replicas} }
  tenants:
    king: { tier: gold, pools: [own] }
    shop: { tier: silver, pools: [shared] }
    lab: { tier: bronze, pools: [shared] }
workload:
  king: { arrivals: { process: poisson, rate: 5/s }, promptTokens: 16, outputTokens: 10 }
  shop: { arrivals: { process: poisson, rate: 30/s }, promptTokens: 16, outputTokens: 10 }
  lab: { arrivals: { process: poisson, rate: 20/s }, promptTokens: 16, outputTokens: 10 }
simulation: ${simulation ?? "{ duration: 60s, warmup: 2s, seed: 5, audit: { requests: 0 } }"}
`;
}

export function sourceOf(text: string): ScenarioSource {
  return { text, fileName: "test.yaml", overrides: [], baseDir: ".", tenantryVersion: "0.0.0" };
}

/** What `work` gives with a pool of so many threads. */
export async function pooled<Result>(
  text: string,
  threads: number,
  work: (pool: WorkerPool) => Promise<Result>,
): Promise<Result> {
  const pool = new WorkerPool(sourceOf(text), { threads });
  try {
    return await work(pool);
  } finally {
    await pool.close();
  }
}
