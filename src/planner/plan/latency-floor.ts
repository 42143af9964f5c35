/**
 * The least a request takes however many GPUs there are: alone on a replica, its prompt computed in as few steps as the token
 * budget allows, then one step per token. If more requests than a promise allows take longer than its limit already so, no
 * size of the platform keeps it.
 */
import { unreachable } from "../../base/assert.ts";
import type { LatencyMetric, PoolConfig } from "../../engine/config.ts";
import { type StepBatch, type StepModel, emptyCost } from "../../replica/step-model.ts";
import type { PlanPromise } from "../../results/plan.ts";
import type { ClientConfig, Scenario } from "../../scenario/scenario.ts";
import type { SampledRequest, TrafficSurvey } from "../../sim/survey.ts";

const PS_PER_MS = 1e9;
/** Lone requests' steps: a chunk of a prompt, a token of an answer. */
const PREFILL = { decodes: 0, prefills: 1, contextTokens: 0 };
const DECODE = { decodes: 1, prefills: 0, prefillTokens: 0, prefillPairs: 0 };

/** A pool as a lone request sees it. */
export type LoneReplica = Pick<PoolConfig, "stepModel" | "maxNumBatchedTokens">;

/** Time to compute a prompt alone, of which the first `cachedTokens` are in the prefix cache already. */
export function lonePrefillMs(
  { stepModel, maxNumBatchedTokens }: LoneReplica,
  promptTokens: number,
  cachedTokens: number,
): number {
  let totalPs = 0;
  let done = Math.min(cachedTokens, promptTokens - 1);
  while (done < promptTokens) {
    const chunk = Math.min(maxNumBatchedTokens, promptTokens - done);
    const prefillPairs = chunk * (done + (chunk + 1) / 2);
    totalPs += stepPs(stepModel, { ...PREFILL, prefillTokens: chunk, prefillPairs });
    done += chunk;
  }
  return totalPs / PS_PER_MS;
}

/** One token alone, with so much context. */
export function loneDecodeMs({ stepModel }: LoneReplica, contextTokens: number): number {
  return stepPs(stepModel, { ...DECODE, contextTokens }) / PS_PER_MS;
}

function stepPs(model: StepModel, batch: StepBatch): number {
  const cost = emptyCost();
  model.cost(batch, cost);
  return cost.totalPs + cost.contextTokenPs * batch.contextTokens;
}

/** Tokens at the beginning of the client's prompts that a cache may hold before the request comes. */
export function cachedTokensOf(client: ClientConfig, pool: PoolConfig): number {
  if (!pool.prefixCaching) return 0;
  const isRepeated =
    client.conversation !== undefined ||
    (client.arrivals.kind === "trace" && client.arrivals.trace.format === "mooncake");
  return isRepeated ? Infinity : (client.systemPrompt?.tokens ?? 0);
}

export function floorMs(
  metric: LatencyMetric,
  { promptTokens, outputTokens }: SampledRequest,
  replica: LoneReplica & { readonly cachedTokens: number },
): number {
  switch (metric) {
    case "ttft":
      return lonePrefillMs(replica, promptTokens, replica.cachedTokens);
    case "tpot":
      return outputTokens > 1 ? loneDecodeMs(replica, promptTokens) : 0;
    case "e2e": {
      const decodes = outputTokens - 1;
      const contextTokens = promptTokens + decodes / 2;
      const prefillMs = lonePrefillMs(replica, promptTokens, replica.cachedTokens);
      return prefillMs + decodes * loneDecodeMs(replica, contextTokens);
    }
    case "queue":
      return 0;
    default:
      return unreachable(metric);
  }
}

interface Floor extends SampledRequest {
  /** Requests that the sample stands for. */
  readonly weight: number;
  readonly client: number;
  readonly pool: number;
  readonly ms: number;
}

/** What lone requests come to, of those a promise is about. */
export interface FloorReading {
  /** Share of the requests whose floor is above the limit. */
  readonly overShare: number;
  /** The floor that the promised share of requests is within, and the prompt of the request there. */
  readonly floorMs: number;
  readonly promptTokens: number;
  readonly outputTokens: number;
  readonly pool: number;
  readonly client: number;
}

/** The promise's floor over the tier's requests; undefined where none was drawn. */
export function floorOf(
  { clients, platform }: Scenario,
  survey: TrafficSurvey,
  asked: {
    readonly promise: PlanPromise;
    readonly metric: LatencyMetric;
    readonly limitMs: number;
    readonly replicaOf?: (pool: PoolConfig) => LoneReplica;
  },
): FloorReading | undefined {
  const { promise, metric, limitMs, replicaOf = (pool: PoolConfig) => pool } = asked;
  const floors: Floor[] = [];
  for (const [index, client] of clients.entries()) {
    if (platform.tiers[platform.tenants[client.tenant]!.tier]!.name !== promise.tier) continue;
    const pool = platform.pools[client.pool]!;
    const replica = { ...replicaOf(pool), cachedTokens: cachedTokensOf(client, pool) };
    const { samples, requests } = survey.clients[index]!;
    const weight = requests / samples.length;
    const known = new Map<number, number>();
    for (const sample of samples) {
      // Prompts repeat, and a TTFT's floor depends on nothing else.
      const ms =
        (metric === "ttft" ? known.get(sample.promptTokens) : undefined) ??
        floorMs(metric, sample, replica);
      known.set(sample.promptTokens, ms);
      floors.push({ ...sample, weight, client: index, pool: client.pool, ms });
    }
  }
  if (floors.length === 0) return undefined;
  floors.sort((a, b) => a.ms - b.ms);
  const total = floors.reduce((sum, { weight }) => sum + weight, 0);
  let below = 0;
  let at = floors.at(-1)!;
  for (const floor of floors) {
    below += floor.weight;
    if (below < promise.share * total) continue;
    at = floor;
    break;
  }
  const over = floors.reduce((sum, { ms, weight }) => sum + (ms > limitMs ? weight : 0), 0);
  const { promptTokens, outputTokens, pool, client } = at;
  return { overShare: over / total, floorMs: at.ms, promptTokens, outputTokens, pool, client };
}
