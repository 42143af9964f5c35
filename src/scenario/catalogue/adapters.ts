/** How large a LoRA adapter is that is given by its rank. */
import type { AttentionSpec } from "../../replica/hardware.ts";
import type { ModelShape } from "../huggingface/read-config.ts";

const BYTES_PER_BF16 = 2;

/**
 * Bytes of a LoRA adapter of `rank` in BF16: two thin matrices beside each of q, k, v, o and, in dense models, gate, up
 * and down. Rank 16 on Llama-3.1-8B is exactly 80 MiB.
 */
export function adapterBytes(model: ModelShape, rank: number): number {
  const { hiddenSize, attention, feedForward, layers } = model;
  const isDense = feedForward.mixture === undefined;
  const widths = isDense ? feedForward.matrices * (hiddenSize + feedForward.size) : 0;
  return rank * (attentionWidths(attention, hiddenSize) + widths) * layers * BYTES_PER_BF16;
}

/** Inputs and outputs of the attention projections, summed. */
function attentionWidths(attention: AttentionSpec, hiddenSize: number): number {
  if (attention.kind === "grouped") {
    const { heads, kvHeads, headSize } = attention;
    return 2 * (hiddenSize + heads * headSize) + 2 * (hiddenSize + kvHeads * headSize);
  }
  const { heads, kvLoraRank, ropeHeadSize, nopeHeadSize, valueHeadSize, qLoraRank } = attention;
  const query = heads * (nopeHeadSize + ropeHeadSize);
  const queries = qLoraRank === 0 ? hiddenSize + query : hiddenSize + 2 * qLoraRank + query;
  const compressed = hiddenSize + kvLoraRank + ropeHeadSize;
  const expanded = kvLoraRank + heads * (nopeHeadSize + valueHeadSize);
  return queries + compressed + expanded + heads * valueHeadSize + hiddenSize;
}
