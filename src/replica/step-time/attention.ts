/**
 * Attention of a step: of prompt chunks by query-key pairs, of decoding sequences by their contexts. A kernel deals sequences out
 * to the GPU's processors and is done when the last of those is, so contexts of different lengths take longer than their sum
 * says. By how much the longest exceeds the mean stays as long as the batch does: time remains linear in the total context.
 * Where a window fills or a bound is reached, another line begins, and a jump ends.
 */
import type { AttentionSpec, ModelSpec, Parallelism } from "../hardware.ts";
import type { StepBatch, StepCost } from "../step-model.ts";
import type { Machine } from "./kernels.ts";
import { attentionWork } from "./layers.ts";

/** Attention of all layers, in picoseconds per what it is counted in. */
export interface PreparedAttention {
  /** Launches. */
  readonly floorPs: number;
  /** Layers that see everything, and layers with a window; never neither. */
  readonly contexts: readonly ContextLayers[];
  /** More than any context where no layer has a window. */
  readonly windowTokens: number;
  readonly pairPs: number;
  readonly windowPairPs: number;
  readonly promptTokenPs: number;
}

/** What decoding takes in layers that look equally far back. Integers. */
export interface ContextLayers {
  /** Infinity where they see everything. */
  readonly windowTokens: number;
  /** Per context token. */
  readonly contextPs: number;
  /** Per token by which contexts fall short of the longest, summed; and the most of it, per context token. */
  readonly unevenPs: number;
  readonly mostUnevenPs: number;
}

export function prepareAttention(
  { model, parallel }: { readonly model: ModelSpec; readonly parallel: Parallelism },
  { shares, bytePs, flopPs }: Machine,
): PreparedAttention {
  const work = attentionWork(model, parallel.tensorParallel);
  const groups = parallel.dataParallel;
  const window = model.attention.kind === "grouped" ? model.attention.window : undefined;
  const windowLayers = window?.layers ?? 0;
  const fullLayers = model.layers - windowLayers;
  const { floorPs, reads } = shares.decode[model.kvPrecision];
  const readPs = (work.contextBytes * bytePs) / reads;
  const computePs = (work.contextFlops * flopPs.bf16) / shares.promptCompute;
  const contextPs = Math.max(readPs, computePs) / groups;
  const { share, most } = isPacked(model.attention) ? shares.decodeUneven : EVEN;
  const contextLayers = (layers: number, windowTokens: number): ContextLayers => ({
    windowTokens,
    contextPs: Math.round(layers * contextPs),
    unevenPs: Math.round(layers * contextPs * share),
    mostUnevenPs: Math.round(layers * contextPs * most),
  });
  const contexts = [
    contextLayers(fullLayers, Infinity),
    contextLayers(windowLayers, window?.tokens ?? Infinity),
  ].filter((layers) => layers.contextPs > 0);
  const pairPs = (work.pairFlops * flopPs.bf16) / shares.promptCompute;
  return {
    floorPs: model.layers * floorPs,
    contexts,
    windowTokens: window?.tokens ?? Number.MAX_SAFE_INTEGER,
    pairPs: fullLayers * pairPs,
    windowPairPs: windowLayers * pairPs,
    promptTokenPs: (model.layers * work.promptBytes * bytePs) / (shares.promptReads * groups),
  };
}

const EVEN = { share: 0, most: 0 };

/** Kernels that take a group's queries together have so few, so long pieces of work that the last one matters. */
function isPacked(attention: AttentionSpec): boolean {
  return attention.kind === "grouped" && attention.heads > attention.kvHeads;
}

/** Adds what decoding takes in these layers, and shortens the steps for which that is linear. */
export function addContext(layers: ContextLayers, batch: StepBatch, cost: StepCost): void {
  const { decodes, contextTokens, longestContextTokens = 0 } = batch;
  const { contextPs, unevenPs, mostUnevenPs } = layers;
  const filledTokens = decodes === 0 ? Infinity : decodes * layers.windowTokens;
  if (contextTokens >= filledTokens) {
    addWait(contextPs * filledTokens, cost);
    return;
  }
  cost.contextTokenPs += contextPs;
  // As many tokens as if all were as long as the longest, as far as the window lets them.
  const asLongTokens = Math.min(decodes * longestContextTokens, filledTokens);
  const gapTokens = Math.max(0, asLongTokens - contextTokens);
  const isFilled = gapTokens > 0 && asLongTokens === filledTokens;
  let endTokens = isFilled ? filledTokens : filledTokens - gapTokens;
  if (unevenPs * gapTokens > mostUnevenPs * contextTokens) {
    cost.contextTokenPs += mostUnevenPs;
    const boundTokens = isFilled
      ? (unevenPs * filledTokens) / (unevenPs + mostUnevenPs)
      : (unevenPs * gapTokens) / mostUnevenPs;
    endTokens = Math.min(endTokens, boundTokens);
  } else if (isFilled) {
    cost.contextTokenPs -= unevenPs;
    addWait(unevenPs * filledTokens, cost);
  } else {
    addWait(unevenPs * gapTokens, cost);
  }
  if (endTokens === Infinity) return;
  cost.steps = Math.min(cost.steps, Math.ceil((endTokens - contextTokens) / decodes));
}

/** Nobody's own context: everyone waits for it. */
function addWait(ps: number, cost: StepCost): void {
  cost.totalPs += ps;
  cost.fixedPs += ps;
}
