/**
 * A step-time model with every coefficient given: measured profiles reduced to four numbers, and the textbook servers
 * of queueing theory (a fixed step time makes a replica of batch size 1 an M/G/1 server).
 */
import { assert } from "../base/assert.ts";
import type { StepModel } from "./step-model.ts";

export interface AffineCoefficients {
  /** Per step, whatever is in it. */
  readonly fixedPs: number;
  /** Per sequence in the step, prefilling or decoding. */
  readonly perSequencePs: number;
  /** Per token computed in the step, prompt or output. */
  readonly perTokenPs: number;
  /** Per token of the decoding sequences' total context. */
  readonly contextTokenPs: number;
}

/** Builds the model. Coefficients are rounded to whole picoseconds here, once; a step takes at least 1 ps. */
export function affineStepModel(given: AffineCoefficients): StepModel {
  const fixedPs = Math.round(given.fixedPs);
  const perSequencePs = Math.round(given.perSequencePs);
  const perTokenPs = Math.round(given.perTokenPs);
  const contextTokenPs = Math.round(given.contextTokenPs);
  assert(
    Math.min(fixedPs, perSequencePs, perTokenPs, contextTokenPs) >= 0,
    "a coefficient is negative",
  );
  assert(fixedPs + perSequencePs + perTokenPs > 0, "a step would take no time");
  return {
    flopsPerToken: 0,
    weightBytesPerStep: 0,
    contextTokenBytes: 0,
    cost(batch, cost) {
      const sequences = batch.decodes + batch.prefills;
      const tokens = batch.decodes + batch.prefillTokens;
      cost.fixedPs = fixedPs + perSequencePs * sequences;
      cost.attentionPs = 0;
      cost.totalPs = cost.fixedPs + perTokenPs * tokens;
      cost.contextTokenPs = contextTokenPs;
      cost.steps = Infinity;
    },
  };
}
