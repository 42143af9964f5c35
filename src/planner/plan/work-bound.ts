/**
 * How many replicas a pool's work takes at least: its tokens per second against what a replica computes at the fullest batches
 * that its limits and its KV cache allow. Work may also be done after the last arrival, and a promise lets some requests go, so
 * the bound is taken low; it is there to end absurd searches, and to begin the others near their answer.
 */
import type { PoolConfig } from "../../engine/config.ts";
import { emptyCost } from "../../replica/step-model.ts";
import type { Scenario } from "../../scenario/scenario.ts";
import { SURVEY_SLICES, type TrafficSlice, type TrafficSurvey } from "../../sim/survey.ts";
import { cachedTokensOf } from "./latency-floor.ts";

/** Share of the computed work that a bound counts on: the rest may be late, lost, or done when arrivals have ended. Assumed. */
const COUNTED_SHARE = 0.8;
/** The busiest part of a run that a first guess is made for, as a share of it: the busiest hour of a day. */
const PEAK_SLICES = SURVEY_SLICES / 24;
/** Load at the peak that a first guess allows; assumed: searches end elsewhere as often above as below. */
const GUESSED_LOAD = 0.85;

export interface PoolWork {
  /** Replica-seconds per second: over the run, and over its busiest part. */
  readonly mean: number;
  readonly peak: number;
  /** Slice in which the busiest part begins. */
  readonly peakSlice: number;
  /** Sequences that fit a replica at the mean length: fewer than maxNumSeqs where the KV cache is what bounds them. */
  readonly batch: number;
}

/** The work of a pool's clients. Closed loops and the like offer what they are served: only their first requests count. */
export function poolWork(scenario: Scenario, survey: TrafficSurvey, index: number): PoolWork {
  const pool = scenario.platform.pools[index]!;
  const slices = Array.from(
    { length: SURVEY_SLICES },
    (): TrafficSlice => ({ requests: 0, promptTokens: 0, outputTokens: 0, contextTokens: 0 }),
  );
  for (const [at, client] of scenario.clients.entries()) {
    if (client.pool !== index) continue;
    const cached = cachedTokensOf(client, pool);
    for (const [slice, drawn] of survey.clients[at]!.slices.entries()) {
      const sum = slices[slice]!;
      sum.requests += drawn.requests;
      sum.promptTokens += Math.max(drawn.requests, drawn.promptTokens - cached * drawn.requests);
      sum.outputTokens += drawn.outputTokens;
      sum.contextTokens += drawn.contextTokens;
    }
  }
  const sliceS = survey.endNs / 1e9 / SURVEY_SLICES;
  const batch = batchOf(pool, total(slices));
  const mean = busyReplicas(pool, total(slices), { seconds: sliceS * SURVEY_SLICES, batch });
  let peak = 0;
  let peakSlice = 0;
  for (let from = 0; from + PEAK_SLICES <= SURVEY_SLICES; from++) {
    const part = total(slices.slice(from, from + PEAK_SLICES));
    const busy = busyReplicas(pool, part, { seconds: sliceS * PEAK_SLICES, batch });
    if (busy <= peak) continue;
    peak = busy;
    peakSlice = from;
  }
  return { mean, peak, peakSlice, batch };
}

export function leastReplicas({ mean }: PoolWork): number {
  return Math.max(1, Math.ceil(mean * COUNTED_SHARE));
}

export function guessedReplicas({ peak }: PoolWork): number {
  return Math.max(1, Math.ceil(peak / GUESSED_LOAD));
}

function total(slices: readonly TrafficSlice[]): TrafficSlice {
  const sum = { requests: 0, promptTokens: 0, outputTokens: 0, contextTokens: 0 };
  for (const slice of slices) {
    sum.requests += slice.requests;
    sum.promptTokens += slice.promptTokens;
    sum.outputTokens += slice.outputTokens;
    sum.contextTokens += slice.contextTokens;
  }
  return sum;
}

function batchOf(pool: PoolConfig, { requests, promptTokens, outputTokens }: TrafficSlice): number {
  const each = (promptTokens + outputTokens / 2) / Math.max(1, requests);
  const byMemory = Math.floor((pool.kvBlocks * pool.blockTokens) / Math.max(1, each));
  return Math.max(1, Math.min(pool.maxNumSeqs, byMemory));
}

/**
 * As few steps as the batch and the token budget allow, all of the same size: no other way takes less time, as long as a step of
 * twice the tokens takes no more than twice the time.
 */
function busyReplicas(
  { stepModel, maxNumBatchedTokens }: PoolConfig,
  work: TrafficSlice,
  { seconds, batch }: { readonly seconds: number; readonly batch: number },
): number {
  if (work.requests === 0) return 0;
  const tokens = work.promptTokens + work.outputTokens;
  const steps = Math.max(work.outputTokens / batch, tokens / maxNumBatchedTokens);
  const decodes = Math.max(0, Math.round((work.outputTokens - work.requests) / steps));
  const prefillTokens = Math.max(1, Math.round(tokens / steps) - decodes);
  const cost = emptyCost();
  const contextTokens = work.contextTokens / steps;
  const prompt = work.promptTokens / work.requests;
  const prefillPairs = (prefillTokens * Math.min(prompt, prefillTokens)) / 2;
  stepModel.cost({ decodes, prefills: 1, prefillTokens, prefillPairs, contextTokens }, cost);
  const stepPs = cost.totalPs + contextTokens * cost.contextTokenPs;
  return (steps * stepPs) / 1e12 / seconds;
}
