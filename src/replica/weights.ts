/**
 * How many parameters a model has, by what becomes of them: how they are stored, who reads them, how tensor parallelism
 * splits them. Everything follows from the shape; no count is copied. Biases and the norms of single heads are left out:
 * below 0.05 % of any model in the catalogue.
 */
import type { AttentionSpec, ModelSpec, WeightPrecision } from "./hardware.ts";

/** Parameters over all layers and all GPUs. */
export interface WeightCounts {
  /** Looked up row by row, never multiplied; with tied embeddings it is also the output head. */
  readonly embedding: number;
  /** Read once per step; 0 with tied embeddings. */
  readonly head: number;
  /** Attention projections that tensor parallelism splits. */
  readonly attention: number;
  /** Attention projections that every GPU holds whole: the compressing ones of latent attention. */
  readonly attentionWhole: number;
  /** Dense feed-forward layers, and shared experts: every token passes them. */
  readonly feedForward: number;
  readonly experts: number;
  /** One expert of one layer. */
  readonly oneExpert: number;
  /** Held whole by every GPU, in BF16. */
  readonly routers: number;
  readonly norms: number;
}

export function weightCounts(model: ModelSpec): WeightCounts {
  const { layers, hiddenSize, feedForward } = model;
  const { mixture } = feedForward;
  const attention = attentionOfLayer(model.attention, hiddenSize);
  const embedding = model.vocabulary * hiddenSize;
  const perWidth = feedForward.matrices * hiddenSize;
  const denseLayers = layers - (mixture?.layers ?? 0);
  const oneExpert = perWidth * (mixture?.expertSize ?? 0);
  const expertLayers = mixture === undefined ? 0 : mixture.layers * mixture.experts;
  return {
    embedding,
    head: model.tiedEmbeddings ? 0 : embedding,
    attention: layers * attention.split,
    attentionWhole: layers * attention.whole,
    feedForward:
      perWidth *
      (denseLayers * feedForward.size + (mixture?.layers ?? 0) * (mixture?.sharedSize ?? 0)),
    experts: expertLayers * oneExpert,
    oneExpert,
    routers: expertLayers * hiddenSize,
    norms: hiddenSize * (2 * layers + 1),
  };
}

/** All parameters. */
export function parameterCount(model: ModelSpec): number {
  return total(weightCounts(model)) + model.otherParameters;
}

/** Parameters one token passes, as model cards count them: with its own experts only, embeddings included. */
export function activeParameterCount(model: ModelSpec): number {
  const counts = weightCounts(model);
  return total({ ...counts, experts: activeExperts(model, counts) });
}

/** Bytes of all weights as stored, over all GPUs that hold a part. */
export function weightBytes(model: ModelSpec): number {
  return storedBytes(model, weightCounts(model)) + model.otherParameters * BYTES_PER_BF16;
}

/** As `weightBytes`, but with only as many experts as one token uses. */
export function activeWeightBytes(model: ModelSpec): number {
  const counts = weightCounts(model);
  return storedBytes(model, { ...counts, experts: activeExperts(model, counts) });
}

const BYTES_PER_BF16 = 2;

/**
 * Bits per parameter of the matrices in layers, and of the routed experts. Embeddings, output head, routers and norms
 * stay in BF16: vLLM quantizes linear layers only. MXFP4: 4 bits and an 8-bit scale per 32 values (OCP Microscaling
 * specification 1.0), experts alone (gpt-oss). int4: 4 bits, a 16-bit scale and a 4-bit zero per 128 (AWQ's and GPTQ's
 * usual group).
 */
const STORED_BITS: Readonly<Record<WeightPrecision, { matrices: number; experts: number }>> = {
  bf16: { matrices: 16, experts: 16 },
  fp8: { matrices: 8, experts: 8 },
  w8a16: { matrices: 8, experts: 8 },
  int4: { matrices: 4 + 20 / 128, experts: 4 + 20 / 128 },
  mxfp4: { matrices: 16, experts: 4 + 8 / 32 },
};

/** Bytes of one parameter of a matrix in the layers, and of one in the routed experts. */
export function bytesPerParameter(model: ModelSpec): { matrices: number; experts: number } {
  const bits = STORED_BITS[model.precision];
  return { matrices: bits.matrices / 8, experts: bits.experts / 8 };
}

/** Bytes of these parameters as the model stores them. */
export function storedBytes(model: ModelSpec, counts: WeightCounts): number {
  const bytes = bytesPerParameter(model);
  const matrices = counts.attention + counts.attentionWhole + counts.feedForward;
  const unquantized = counts.embedding + counts.head + counts.routers + counts.norms;
  return matrices * bytes.matrices + counts.experts * bytes.experts + unquantized * BYTES_PER_BF16;
}

function total(counts: WeightCounts): number {
  const layers = counts.attention + counts.attentionWhole + counts.feedForward + counts.experts;
  return counts.embedding + counts.head + layers + counts.routers + counts.norms;
}

function activeExperts({ feedForward }: ModelSpec, counts: WeightCounts): number {
  const { mixture } = feedForward;
  return mixture === undefined ? 0 : mixture.layers * mixture.expertsPerToken * counts.oneExpert;
}

/** One layer's projections: those split by heads, and those held whole. */
function attentionOfLayer(
  attention: AttentionSpec,
  hiddenSize: number,
): { split: number; whole: number } {
  if (attention.kind === "grouped") {
    const { heads, kvHeads, headSize } = attention;
    return { split: hiddenSize * headSize * (2 * heads + 2 * kvHeads), whole: 0 };
  }
  const { heads, kvLoraRank, ropeHeadSize, nopeHeadSize, valueHeadSize, qLoraRank } = attention;
  const queryWidth = heads * (nopeHeadSize + ropeHeadSize);
  const expandKv = kvLoraRank * heads * (nopeHeadSize + valueHeadSize);
  const output = heads * valueHeadSize * hiddenSize;
  const compressKv = hiddenSize * (kvLoraRank + ropeHeadSize);
  return qLoraRank === 0
    ? { split: hiddenSize * queryWidth + expandKv + output, whole: compressKv }
    : {
        split: qLoraRank * queryWidth + expandKv + output,
        whole: compressKv + hiddenSize * qLoraRank,
      };
}
