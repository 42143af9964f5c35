/**
 * What a config.json leaves unsaid because its architecture implies it: defaults of the configuration classes in Hugging
 * Face transformers (4.57) for keys that published files leave out, and which families have feed-forward networks
 * without a gate. A family that is not listed is read by its keys alone.
 */
import type { PlainMap } from "../plain.ts";

const TIED: PlainMap = { tie_word_embeddings: true };

const DEFAULTS: Readonly<Record<string, PlainMap>> = {
  bloom: { ...TIED, seq_length: 2048 },
  cohere: TIED,
  cohere2: { ...TIED, sliding_window_pattern: 4, sliding_window: 4096 },
  falcon: { ...TIED, max_position_embeddings: 2048 },
  gemma: { ...TIED, head_dim: 256, max_position_embeddings: 8192 },
  gemma2: {
    ...TIED,
    head_dim: 256,
    num_attention_heads: 8,
    num_key_value_heads: 4,
    vocab_size: 256_000,
    sliding_window: 4096,
    sliding_window_pattern: 2,
    max_position_embeddings: 8192,
  },
  gemma3_text: {
    ...TIED,
    head_dim: 256,
    num_attention_heads: 8,
    num_key_value_heads: 4,
    vocab_size: 262_208,
    sliding_window: 4096,
    sliding_window_pattern: 6,
    max_position_embeddings: 131_072,
  },
  gpt2: TIED,
  gpt_bigcode: TIED,
  gpt_oss: { head_dim: 64, sliding_window: 128, sliding_window_pattern: 2 },
  llama4_text: {
    head_dim: 128,
    attention_chunk_size: 8192,
    no_rope_layer_interval: 4,
    interleave_moe_layer_step: 1,
    intermediate_size: 8192,
    intermediate_size_mlp: 16_384,
    num_local_experts: 16,
    num_experts_per_tok: 1,
  },
  mistral: { num_key_value_heads: 8, sliding_window: 4096 },
  mixtral: { num_key_value_heads: 8, num_local_experts: 8, num_experts_per_tok: 2 },
  mpt: { ...TIED, expansion_ratio: 4 },
  opt: TIED,
  qwen2_moe: { num_experts: 60, num_experts_per_tok: 4, decoder_sparse_step: 1 },
  qwen3: { head_dim: 128 },
  qwen3_moe: { head_dim: 128, num_experts: 128, num_experts_per_tok: 8, decoder_sparse_step: 1 },
  starcoder2: { ...TIED, num_key_value_heads: 2 },
};

/** Up and down only (GELU, ReLU or squared ReLU); everything newer has a gate beside them. */
const WITHOUT_GATE = new Set([
  "arcee",
  "bloom",
  "codegen",
  "falcon",
  "gpt2",
  "gpt_bigcode",
  "gpt_neo",
  "gpt_neox",
  "gptj",
  "mpt",
  "nemotron",
  "opt",
  "phi",
  "starcoder2",
]);

/** Feed-forward width where the file states none, in widths of the residual stream: the families with plain GELU. */
const FOUR_TIMES = new Set(["bloom", "codegen", "falcon", "gpt2", "gpt_bigcode", "gptj", "mpt"]);

/** Layers of Qwen2 and its kin have a window only where `use_sliding_window` says so. */
const WINDOW_ON_REQUEST = new Set([
  "qwen2",
  "qwen2_5_vl",
  "qwen2_5_vl_text",
  "qwen2_moe",
  "qwen2_vl",
  "qwen2_vl_text",
  "qwen3",
  "qwen3_moe",
  "qwen3_vl_moe_text",
  "qwen3_vl_text",
]);

/** Their stated context already holds what rope scaling adds. */
const SCALED_ALREADY = new Set(["gemma3", "gemma3_text"]);

/** Families without a decoder that generates token by token, and those whose sequence memory is not a KV cache. */
const NOT_DECODERS = new Set([
  "bart",
  "bert",
  "clip",
  "deberta-v2",
  "distilbert",
  "marian",
  "mbart",
  "modernbert",
  "mt5",
  "pegasus",
  "roberta",
  "siglip",
  "t5",
  "vit",
  "whisper",
  "xlm-roberta",
]);

export interface Family {
  readonly defaults: PlainMap;
  readonly hasGate: boolean;
  readonly isFourTimesWide: boolean;
  readonly hasWindowOnRequest: boolean;
  readonly isScaledAlready: boolean;
  readonly isDecoder: boolean;
}

/** What `model_type` implies. */
export function familyOf(modelType: string): Family {
  return {
    defaults: DEFAULTS[modelType] ?? {},
    hasGate: !WITHOUT_GATE.has(modelType),
    isFourTimesWide: FOUR_TIMES.has(modelType),
    hasWindowOnRequest: WINDOW_ON_REQUEST.has(modelType),
    isScaledAlready: SCALED_ALREADY.has(modelType),
    isDecoder: !NOT_DECODERS.has(modelType),
  };
}
