/**
 * Which replica of a pool a request goes to: the one with the earliest predicted first token among those that can take
 * it at their next boundary. The prediction is linear in what is already bound there, so that it costs a few operations
 * per replica; time to load the adapter is part of it, which makes affinity a preference bounded by the load time.
 */
import type { StepCost, StepModel } from "../../replica/step-model.ts";
import type { PoolConfig } from "../config.ts";
import { MARGIN_STEPS } from "../memory-guard.ts";
import type { MemoryQuota } from "../memory-quota.ts";
import type { Request } from "../request.ts";
import type { AdapterNeed } from "./adapter-loads.ts";
import type { AdapterPlan } from "./adapter-residency.ts";
import type { ReplicaView } from "./replica-view.ts";

/** Why a request cannot be placed now; each is a gate that names itself. */
export type Gate =
  | "no-replica-up"
  | "slots"
  | "prefill-budget"
  | "kv-cache"
  | "adapter-memory"
  | "tier-cap"
  | "tenant-memory";

export type Placement<Origin> =
  | { readonly kind: "placed"; readonly replica: ReplicaView<Origin>; readonly blocks: number }
  | { readonly kind: "refused"; readonly gate: Exclude<Gate, "tenant-memory"> }
  /** There is room on this replica, but not under the tenant's bound. */
  | {
      readonly kind: "refused";
      readonly gate: "tenant-memory";
      readonly replica: ReplicaView<Origin>;
    };

/** However short the prediction, a stay is promised room for its first token and the memory guard's margin. */
const SHORTEST_STAY_TOKENS = 1 + MARGIN_STEPS;

/** A pool's step times in the few numbers that placement needs. */
export class LatencyForecast {
  readonly #emptyStepPs: number;
  readonly #promptTokenPs: number;
  readonly #contextTokenPs: number;

  constructor(pool: PoolConfig) {
    const small = stepCost(pool.stepModel, 1);
    const large = stepCost(pool.stepModel, pool.maxNumBatchedTokens);
    this.#emptyStepPs = small;
    this.#promptTokenPs = Math.max(0, large - small) / pool.maxNumBatchedTokens;
    this.#contextTokenPs = pool.stepModel.contextTokenPs;
  }

  /** Predicted time from now to the first token of a prompt joining behind what is bound to the replica, ns. */
  firstTokenNs(replica: ReplicaView<unknown>, promptTokens: number): number {
    const stepPs = this.#emptyStepPs + this.#contextTokenPs * replica.contextTokens;
    const waitPs = replica.boundCount === 0 ? 0 : stepPs / 2;
    const ownPs = stepPs + this.#promptTokenPs * (replica.pendingPromptTokens + promptTokens);
    return (waitPs + ownPs) / 1000;
  }

  /** GPU time that a whole request takes at the pool's full batch, ns: what the backlog behind it waits. */
  serviceNs(promptTokens: number, outputTokens: number, batch: number): number {
    const decodePs =
      this.#emptyStepPs / batch + this.#contextTokenPs * (promptTokens + outputTokens / 2);
    return (this.#promptTokenPs * promptTokens + decodePs * outputTokens) / 1000;
  }
}

/** Chooses the replica; among equals the first. One that would exceed the tenant's bound on GPU memory is none. Changes nothing. */
export function place<Origin>(
  request: Request<Origin>,
  replicas: readonly ReplicaView<Origin>[],
  needs: {
    readonly forecast: LatencyForecast;
    readonly adapter: AdapterNeed | undefined;
    readonly memory: MemoryQuota;
  },
): Placement<Origin> {
  const { forecast, adapter: need, memory } = needs;
  const contextTokens = request.promptTokens + request.outputTokens;
  // With the margin, a request that ends as predicted never needs a longer promise.
  const predictedEnd = request.promptTokens + request.predictedTokens + MARGIN_STEPS;
  const endTokens = Math.min(
    Math.max(predictedEnd, contextTokens + SHORTEST_STAY_TOKENS),
    request.promptTokens + request.maxOutputTokens,
  );
  let best: ReplicaView<Origin> | undefined;
  let overBound: ReplicaView<Origin> | undefined;
  let bestNs = Infinity;
  let gate: Exclude<Gate, "tenant-memory"> = "no-replica-up";
  const { blockTokens, blockBytes } = replicas[0]!.config;
  const blocks = Math.ceil(endTokens / blockTokens);
  for (const replica of replicas) {
    const refusal = refusalOf(replica, contextTokens, blocks);
    if (refusal !== undefined) {
      gate = refusal;
      continue;
    }
    let firstTokenNs = forecast.firstTokenNs(replica, contextTokens);
    if (firstTokenNs >= bestNs) continue;
    let bytes = blocks * blockBytes;
    if (need !== undefined) {
      const plan = replica.adapters.plan(need.adapter, need.bytes);
      if (plan.kind === "no-room") {
        gate = "adapter-memory";
        continue;
      }
      firstTokenNs += adapterDelayNs(plan, need.bytes, replica.config);
      if (firstTokenNs >= bestNs) continue;
      if (plan.kind === "load") bytes += need.bytes;
    }
    if (!memory.fits(bytes)) {
      overBound ??= replica;
      continue;
    }
    best = replica;
    bestNs = firstTokenNs;
  }
  if (best !== undefined) return { kind: "placed", replica: best, blocks };
  if (overBound === undefined) return { kind: "refused", gate };
  return { kind: "refused", gate: "tenant-memory", replica: overBound };
}

function refusalOf(
  replica: ReplicaView<unknown>,
  contextTokens: number,
  blocks: number,
): Exclude<Gate, "tenant-memory"> | undefined {
  const { config } = replica;
  if (!replica.isUp) return "no-replica-up";
  if (!replica.hasFreeSlot) return "slots";
  // Late binding: only as many prompt tokens as the next step can compute, or one prompt longer than a step.
  const pending = replica.pendingPromptTokens;
  const budget = config.maxNumBatchedTokens - replica.boundCount;
  if (pending > 0 && pending + contextTokens > budget) return "prefill-budget";
  if (replica.boundCount > 0 && replica.promisedBlocks + blocks > config.kvBlocks)
    return "kv-cache";
  return undefined;
}

function adapterDelayNs(plan: AdapterPlan, bytes: number, config: PoolConfig): number {
  if (plan.kind === "resident") return 0;
  const loadNs = (bytes / config.gpu.pcieBytesPerS) * 1e9;
  // A load under way is half done on average.
  return plan.kind === "loading" ? loadNs / 2 : loadNs;
}

function stepCost(model: StepModel, promptTokens: number): number {
  const cost: StepCost = { totalPs: 0, fixedPs: 0, attentionPs: 0 };
  model.cost({ decodes: 0, prefills: 1, prefillTokens: promptTokens, prefillPairs: 0 }, cost);
  return cost.totalPs;
}
