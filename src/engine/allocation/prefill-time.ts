/**
 * How long a prompt takes that is so long that its attention counts: chunk by chunk, each attending to all before it. The
 * forecast that placement asks for every replica is linear in tokens and leaves that out; this is asked once per request, for
 * when its prompt is due and for what its steps would do to the owner of a lent replica.
 */
import { chunkPairs } from "../../replica/chunking.ts";
import { type StepModel, emptyCost } from "../../replica/step-model.ts";
import type { PoolConfig } from "../config.ts";

export class PrefillTime {
  readonly #stepTokens: number;
  /** A full step of prompt, per token, and the attention of a query-key pair. */
  readonly #tokenNs: number;
  readonly #pairNs: number;
  readonly #shortestStepNs: number;

  constructor({ stepModel, maxNumBatchedTokens }: PoolConfig) {
    this.#stepTokens = maxNumBatchedTokens;
    this.#shortestStepNs = stepNs(stepModel, 1, 0);
    const fullStepNs = stepNs(stepModel, maxNumBatchedTokens, 0);
    this.#tokenNs = fullStepNs / maxNumBatchedTokens;
    const pairs = chunkPairs(maxNumBatchedTokens, maxNumBatchedTokens);
    this.#pairNs = (stepNs(stepModel, maxNumBatchedTokens, pairs) - fullStepNs) / pairs;
  }

  /** From the first chunk to the first token, with the replica to itself, ns. */
  aloneNs(promptTokens: number): number {
    const attentionNs = this.#pairNs * chunkPairs(promptTokens, 0);
    return Math.max(this.#shortestStepNs, this.#tokenNs * promptTokens) + attentionNs;
  }

  /** Attention in the longest of its steps, the last one, ns. */
  longestAttentionNs(promptTokens: number): number {
    const chunk = Math.min(promptTokens, this.#stepTokens);
    return this.#pairNs * chunkPairs(chunk, promptTokens - chunk);
  }
}

function stepNs(model: StepModel, prefillTokens: number, prefillPairs: number): number {
  const cost = emptyCost();
  model.cost({ decodes: 0, prefills: 1, prefillTokens, prefillPairs, contextTokens: 0 }, cost);
  return cost.totalPs / 1000;
}
