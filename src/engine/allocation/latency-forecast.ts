/**
 * A pool's step times in the few numbers that a decision can afford: linear in prompt tokens and in the context of what is
 * bound. Read off the pool's step-time model once; placement, lending, shedding and retry-after all predict with it.
 */
import { type StepBatch, type StepCost, emptyBatch, emptyCost } from "../../replica/step-model.ts";
import type { PoolConfig } from "../config.ts";
import type { ReplicaView } from "./replica-view.ts";
import type { QueueView } from "./tenant-queue.ts";

export class LatencyForecast {
  readonly #emptyStepPs: number;
  readonly #promptTokenPs: number;
  readonly #promptTokenNs: number;
  readonly #contextTokenPs: number;
  readonly #maxNumBatchedTokens: number;
  /** Steps that a prompt waits on average before the one it is in: the rest of one, and one that is scheduled already. */
  readonly #waitSteps: number;

  constructor(pool: PoolConfig) {
    const small = prefillCost(pool, 1).totalPs;
    const large = prefillCost(pool, pool.maxNumBatchedTokens).totalPs;
    this.#emptyStepPs = small;
    this.#promptTokenPs = Math.max(0, large - small) / pool.maxNumBatchedTokens;
    this.#promptTokenNs = this.#promptTokenPs / 1000;
    this.#contextTokenPs = costOf(pool, { decodes: 1, contextTokens: 1 }).contextTokenPs;
    this.#maxNumBatchedTokens = pool.maxNumBatchedTokens;
    this.#waitSteps = pool.asyncScheduling ? 1.5 : 0.5;
  }

  /** Predicted time from now to the first token of an empty prompt joining behind what is bound to the replica, ns. */
  aheadNs(replica: ReplicaView<unknown>): number {
    const stepPs = this.#emptyStepPs + this.#contextTokenPs * replica.contextTokens;
    const waitPs = replica.boundCount === 0 ? 0 : stepPs * this.#waitSteps;
    return (waitPs + stepPs + this.#promptTokenPs * replica.pendingPromptTokens) / 1000;
  }

  /** What the prompt's own tokens add to that, ns. */
  promptNs(promptTokens: number): number {
    return this.#promptTokenNs * promptTokens;
  }

  /** Predicted length of the replica's next step if it computes this many prompt tokens more, ns. */
  stepNs(replica: ReplicaView<unknown>, promptTokens: number): number {
    const tokens = Math.min(
      replica.pendingPromptTokens + promptTokens,
      this.#maxNumBatchedTokens - replica.boundCount,
    );
    const contextPs = this.#contextTokenPs * replica.contextTokens;
    return (this.#emptyStepPs + contextPs + this.#promptTokenPs * tokens) / 1000;
  }

  /** The least that a prompt takes from join to first token: alone, on an idle replica, ns. */
  shortestPrefillNs(promptTokens: number): number {
    return (this.#emptyStepPs + this.#promptTokenPs * promptTokens) / 1000;
  }

  /**
   * GPU time that a whole request takes at the pool's full batch, ns: what the backlog behind it waits. `cachedTokens` of
   * its prompt need not be computed.
   */
  serviceNs(promptTokens: number, outputTokens: number, batch: number, cachedTokens = 0): number {
    const decodePs =
      this.#emptyStepPs / batch + this.#contextTokenPs * (promptTokens + outputTokens / 2);
    const computedTokens = promptTokens - cachedTokens;
    return (this.#promptTokenPs * computedTokens + decodePs * outputTokens) / 1000;
  }

  /**
   * GPU time that all who wait in the queue take, ns: as if all were divided into prompt and output as the head is.
   * `cachedShare` of their prompts need not be computed.
   */
  waitingNs(
    { head, waitingTokens }: QueueView & { waitingTokens: number },
    batch: number,
    cachedShare: number,
  ): number {
    if (head === undefined) return 0;
    const { promptTokens, predictedTokens } = head;
    const cachedTokens = promptTokens * cachedShare;
    const eachNs = this.serviceNs(promptTokens, predictedTokens, batch, cachedTokens);
    return (eachNs * waitingTokens) / (promptTokens + predictedTokens);
  }
}

function prefillCost(pool: PoolConfig, promptTokens: number): StepCost {
  return costOf(pool, { prefills: 1, prefillTokens: promptTokens });
}

function costOf(pool: PoolConfig, batch: Partial<StepBatch>): StepCost {
  const cost = emptyCost();
  pool.stepModel.cost({ ...emptyBatch(), ...batch }, cost);
  return cost;
}
