/**
 * Shapes of the models a scenario may name, and what follows from them: parameter counts, active parameters, adapter
 * sizes. Shapes are those of the models' published config.json files, as collected in the repositories named at each
 * entry; counts are computed here, not copied. Models with latent attention (MLA), sliding windows in part of their
 * layers or hybrid state-space layers are left out: their KV cache does not grow as ModelSpec says.
 */
import type { AttentionSpec, ModelSpec } from "../../replica/hardware.ts";

/** A model without the precisions, which are the pool's to choose. */
export type ModelShape = Omit<ModelSpec, "precision" | "kvPrecision">;

/** What is written down per model. */
interface Shape {
  readonly layers: number;
  readonly hiddenSize: number;
  readonly attentionHeads: number;
  readonly kvHeads: number;
  readonly headSize: number;
  readonly ffnSize: number;
  readonly vocabulary: number;
  readonly tiedEmbeddings: boolean;
  /** Experts per layer and experts a token uses; 1 and 1 for a dense model. */
  readonly experts: number;
  readonly expertsPerToken: number;
  readonly maxContextTokens: number;
}

const DENSE = { tiedEmbeddings: false, experts: 1, expertsPerToken: 1 };
const HEADS_8B = { attentionHeads: 32, kvHeads: 8, headSize: 128 };
const HEADS_70B = { attentionHeads: 64, kvHeads: 8, headSize: 128 };

const SHAPES: readonly (readonly [name: string, shape: Shape])[] = [
  [
    "llama-3.1-8b",
    // meta-llama/Llama-3.1-8B config.json, in ai-dynamo/aiconfigurator model_configs (commit 095f58a).
    {
      ...DENSE,
      ...HEADS_8B,
      layers: 32,
      hiddenSize: 4096,
      ffnSize: 14336,
      vocabulary: 128256,
      maxContextTokens: 131072,
    },
  ],
  [
    "llama-3.1-70b",
    // meta-llama/Llama-3.1-70B config.json, in ai-dynamo/aiconfigurator model_configs (commit 095f58a).
    {
      ...DENSE,
      ...HEADS_70B,
      layers: 80,
      hiddenSize: 8192,
      ffnSize: 28672,
      vocabulary: 128256,
      maxContextTokens: 131072,
    },
  ],
  [
    "llama-2-7b",
    // meta-llama/Llama-2-7b config.json, in inference-sim/inference-sim model_configs (commit f90a1e3): no grouped heads.
    {
      ...DENSE,
      attentionHeads: 32,
      kvHeads: 32,
      headSize: 128,
      layers: 32,
      hiddenSize: 4096,
      ffnSize: 11008,
      vocabulary: 32000,
      maxContextTokens: 4096,
    },
  ],
  [
    "llama-2-70b",
    // microsoft/vidur config/model_config.py (commit 7d47513); vocabulary 32,000 as published, vidur pads it.
    {
      ...DENSE,
      ...HEADS_70B,
      layers: 80,
      hiddenSize: 8192,
      ffnSize: 28672,
      vocabulary: 32000,
      maxContextTokens: 4096,
    },
  ],
  [
    "qwen2.5-0.5b",
    // Qwen/Qwen2.5-0.5B model card: 0.49B, 24 layers, 14 query and 2 KV heads; vocabulary of the family.
    {
      ...DENSE,
      tiedEmbeddings: true,
      attentionHeads: 14,
      kvHeads: 2,
      headSize: 64,
      layers: 24,
      hiddenSize: 896,
      ffnSize: 4864,
      vocabulary: 151936,
      maxContextTokens: 32768,
    },
  ],
  [
    "qwen2.5-7b",
    // Qwen/Qwen2.5-7B config.json, in inference-sim/inference-sim model_configs (commit f90a1e3).
    {
      ...DENSE,
      attentionHeads: 28,
      kvHeads: 4,
      headSize: 128,
      layers: 28,
      hiddenSize: 3584,
      ffnSize: 18944,
      vocabulary: 152064,
      maxContextTokens: 32768,
    },
  ],
  [
    "qwen2.5-32b",
    // citsjtu2020/LLM-Prof sglang/Model_Config.md (commit 8434c8d); the model card says 32.5B, 64 layers, 40 and 8 heads.
    {
      ...DENSE,
      attentionHeads: 40,
      kvHeads: 8,
      headSize: 128,
      layers: 64,
      hiddenSize: 5120,
      ffnSize: 27648,
      vocabulary: 152064,
      maxContextTokens: 131072,
    },
  ],
  [
    "qwen2.5-72b",
    // Qwen/Qwen2.5-72B model card: 72.7B, 80 layers, 64 query and 8 KV heads; the widths are recollected, unchecked.
    {
      ...DENSE,
      ...HEADS_70B,
      layers: 80,
      hiddenSize: 8192,
      ffnSize: 29568,
      vocabulary: 152064,
      maxContextTokens: 131072,
    },
  ],
  [
    "qwen3-8b",
    // Qwen/Qwen3-8B config.json, in ai-dynamo/aiconfigurator model_configs (commit 095f58a).
    {
      ...DENSE,
      ...HEADS_8B,
      layers: 36,
      hiddenSize: 4096,
      ffnSize: 12288,
      vocabulary: 151936,
      maxContextTokens: 40960,
    },
  ],
  [
    "qwen3-32b",
    // Qwen/Qwen3-32B config.json, in ai-dynamo/aiconfigurator model_configs (commit 095f58a); heads wider than hidden/heads.
    {
      ...DENSE,
      ...HEADS_70B,
      layers: 64,
      hiddenSize: 5120,
      ffnSize: 25600,
      vocabulary: 151936,
      maxContextTokens: 40960,
    },
  ],
  [
    "mistral-7b",
    // mistralai/Mistral-7B-v0.1 config.json; its 4,096-token sliding window (dropped in v0.2) is not modelled.
    {
      ...DENSE,
      ...HEADS_8B,
      layers: 32,
      hiddenSize: 4096,
      ffnSize: 14336,
      vocabulary: 32000,
      maxContextTokens: 32768,
    },
  ],
  [
    "mixtral-8x7b",
    // mistralai/Mixtral-8x7B-v0.1 config.json, in ai-dynamo/aiconfigurator model_configs (commit 095f58a).
    {
      ...HEADS_8B,
      tiedEmbeddings: false,
      experts: 8,
      expertsPerToken: 2,
      layers: 32,
      hiddenSize: 4096,
      ffnSize: 14336,
      vocabulary: 32000,
      maxContextTokens: 32768,
    },
  ],
];

/** Every model by the name scenario files use. */
export const MODELS: ReadonlyMap<string, ModelShape> = new Map(
  SHAPES.map(([name, shape]) => [name, modelShape(name, shape)]),
);

function modelShape(name: string, shape: Shape): ModelShape {
  const { layers, experts, expertsPerToken, ffnSize } = shape;
  const isDense = experts === 1;
  const mixture = { layers, experts, expertsPerToken, expertSize: ffnSize, sharedSize: 0 };
  return {
    name,
    layers,
    hiddenSize: shape.hiddenSize,
    attention: {
      kind: "grouped",
      heads: shape.attentionHeads,
      kvHeads: shape.kvHeads,
      headSize: shape.headSize,
      window: undefined,
    },
    feedForward: {
      size: isDense ? ffnSize : 0,
      matrices: 3,
      mixture: isDense ? undefined : mixture,
    },
    vocabulary: shape.vocabulary,
    tiedEmbeddings: shape.tiedEmbeddings,
    otherParameters: 0,
    maxContextTokens: shape.maxContextTokens,
  };
}

/**
 * Bytes of a LoRA adapter of `rank` in BF16: two thin matrices beside each of q, k, v, o and, in dense models, gate, up
 * and down. Rank 16 on Llama-3.1-8B is exactly 80 MiB.
 */
export function adapterBytes(model: ModelShape, rank: number): number {
  const { hiddenSize, attention, feedForward, layers } = model;
  const dense = feedForward.mixture === undefined;
  const widths = dense ? feedForward.matrices * (hiddenSize + feedForward.size) : 0;
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

const BYTES_PER_BF16 = 2;
