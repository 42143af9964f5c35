/**
 * Another form for what the host's launches cost, tried beside the model's: the GPU does not wait for each kernel, so a step lasts
 * as long as its launches, or as the GPU's work if that is longer. docs/model.md says why it is not the model's.
 */
import type { StepBatch, StepModel } from "../src/replica/step-model.ts";

/** Picoseconds a layer. */
export interface Launches {
  /** Added to the GPU's work, as in the model, or the least that the layer takes. */
  readonly kind: "added" | "atLeast";
  readonly ps: number;
}

/** A step takes this long, or what `step` says if that is more. */
export function atLeast(step: StepModel, leastPs: (batch: StepBatch) => number): StepModel {
  const { flopsPerToken, weightBytesPerStep, contextTokenBytes } = step;
  return {
    flopsPerToken,
    weightBytesPerStep,
    contextTokenBytes,
    readsLongestContext: step.readsLongestContext ?? false,
    cost(batch, cost) {
      step.cost(batch, cost);
      const gpuPs = cost.totalPs + cost.contextTokenPs * batch.contextTokens;
      cost.totalPs += Math.max(0, Math.round(leastPs(batch) - gpuPs));
    },
  };
}

/** Whether the batch is larger than any captured CUDA graph. */
export function isEager({ decodes, prefillTokens }: StepBatch, maxNumSeqs: number): boolean {
  return decodes + prefillTokens > Math.min(2 * maxNumSeqs, 512);
}
