/**
 * How many GPUs a demand needs, from its rate and mean lengths and the pool's step-time model: the GPU time of one request at
 * the pool's full batch, times the rate, over the utilization that leaves room for bursts. A back-of-envelope bound, not
 * a promise; simulating is how to know.
 */
import type { PoolConfig } from "../config.ts";
import { LatencyForecast } from "./latency-forecast.ts";

export interface Demand {
  readonly requestsPerS: number;
  readonly meanPromptTokens: number;
  readonly meanOutputTokens: number;
  /** Of the prompt tokens, those found in a prefix cache. */
  readonly meanCachedTokens: number;
}

/** Busy share to plan for. The source document's 75 %. */
const PLANNED_UTILIZATION = 0.75;
/** Batch at which decode steps are shared when nothing bounds it lower: beyond it, latency grows for little gain. */
const PLANNED_BATCH = 32;

/** GPUs (whole replicas) that serve the demand at the planned utilization; at least one replica when there is any. */
export function requiredGpus(pool: PoolConfig, demand: Demand): number {
  if (demand.requestsPerS <= 0) return 0;
  const contextTokens = demand.meanPromptTokens + demand.meanOutputTokens;
  const byMemory = (pool.kvBlocks * pool.blockTokens) / Math.max(1, contextTokens);
  const batch = Math.max(1, Math.min(PLANNED_BATCH, pool.maxNumSeqs, byMemory));
  const serviceNs = new LatencyForecast(pool).serviceNs(
    demand.meanPromptTokens,
    demand.meanOutputTokens,
    batch,
    demand.meanCachedTokens,
  );
  const busyReplicas = (demand.requestsPerS * serviceNs) / 1e9;
  return Math.max(1, Math.ceil(busyReplicas / PLANNED_UTILIZATION)) * pool.gpusPerReplica;
}
