/**
 * How long one step of a running batch takes, and how that time divides by cause. Everything that predicts, simulates or
 * bills a step asks a StepModel; step-time/predicted.ts and affine.ts build them. The contract that makes fast-forward exact: for
 * a fixed batch the time is linear in the total context of its decoding sequences, with an integer slope, for as many steps
 * as the model says.
 */

/** What one step computes. */
export interface StepBatch {
  /** Sequences that decode one token each. */
  decodes: number;
  /** Sequences of which a chunk of prompt is computed. */
  prefills: number;
  /** Prompt tokens computed, over all chunks. */
  prefillTokens: number;
  /** Query-key pairs of the prompt chunks: for a chunk of p tokens after c cached ones, p * (c + (p + 1) / 2). */
  prefillPairs: number;
  /** Context of the decoding sequences, summed. */
  contextTokens: number;
  /**
   * The longest of them, which every sequence may have to wait for; 0 or missing where contexts count as alike. A replica
   * says it to models that read it.
   */
  longestContextTokens?: number;
}

/**
 * The context-free part of a step's time. `totalPs` is an integer; `fixedPs` is what the step costs whoever is in it,
 * `attentionPs` the prompt chunks' attention; the rest is the tokens' own, shared by token.
 */
export interface StepCost {
  totalPs: number;
  fixedPs: number;
  attentionPs: number;
  /** Time per token of total context of the decoding sequences: integer picoseconds, >= 0. */
  contextTokenPs: number;
  /** While the batch stays as it is, this step and the following ones of which all this is true: at least 1, or Infinity. */
  steps: number;
}

/** A batch and a cost to be written over. */
export function emptyBatch(): StepBatch {
  return {
    decodes: 0,
    prefills: 0,
    prefillTokens: 0,
    prefillPairs: 0,
    contextTokens: 0,
    longestContextTokens: 0,
  };
}

export function emptyCost(): StepCost {
  return { totalPs: 0, fixedPs: 0, attentionPs: 0, contextTokenPs: 0, steps: Infinity };
}

/** The largest steps that a measured model was made of. */
export interface LargestMeasured {
  readonly decodes: number;
  /** Mean context of the decoding sequences. */
  readonly contextPerDecode: number;
  readonly prefillTokens: number;
}

export interface StepModel {
  /**
   * Writes the cost of a step into `cost` (reused by the caller: this runs for every simulated segment).
   * Bounds: at least one sequence in the batch; totalPs > 0 and integer.
   */
  cost(batch: StepBatch, cost: StepCost): void;
  /** Whether contexts of different lengths cost more than their sum; missing means no. */
  readonly readsLongestContext?: boolean;
  /** Larger steps than these are extrapolated; undefined where nothing was measured of this very hardware. */
  readonly measured?: LargestMeasured | undefined;
  /** Floating-point operations per computed token, for MFU; 0 when unknown. */
  readonly flopsPerToken: number;
  /** Bytes read per step whatever its batch (the weights), for memory-bandwidth utilization; 0 when unknown. */
  readonly weightBytesPerStep: number;
  /** Bytes read per token of context of a decoding sequence; 0 when unknown. */
  readonly contextTokenBytes: number;
}
