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

/**
 * transformers writes a file's own keys whole, and of a model nested in it only what differs from the defaults of its
 * class: so sizes may be left to the class there, and only there.
 */
const NESTED_DEFAULTS: Readonly<Record<string, PlainMap>> = {
  gemma: sizes([18, 2048, 16_384, 256_000], { num_attention_heads: 8, num_key_value_heads: 1 }),
  gemma2: sizes([26, 2304, 9216, 256_000], {}),
  gemma3_text: sizes([26, 2304, 9216, 262_208], {}),
  llama: sizes([32, 4096, 11_008, 32_000], {
    num_attention_heads: 32,
    max_position_embeddings: 2048,
  }),
  mistral: sizes([32, 4096, 14_336, 32_000], {
    num_attention_heads: 32,
    max_position_embeddings: 131_072,
  }),
  phi3: sizes([32, 3072, 8192, 32_064], { num_attention_heads: 32, max_position_embeddings: 4096 }),
  qwen2: sizes([32, 4096, 22_016, 151_936], {
    num_attention_heads: 32,
    num_key_value_heads: 32,
    max_position_embeddings: 32_768,
  }),
  qwen3: sizes([32, 4096, 22_016, 151_936], {
    num_attention_heads: 32,
    num_key_value_heads: 32,
    max_position_embeddings: 32_768,
  }),
};

function sizes(
  [layers, hidden, feedForward, vocabulary]: readonly [number, number, number, number],
  others: PlainMap,
): PlainMap {
  return {
    num_hidden_layers: layers,
    hidden_size: hidden,
    intermediate_size: feedForward,
    vocab_size: vocabulary,
    ...others,
  };
}

/** Which family a nested model is of where it does not say: what its outer class takes it for. */
const NESTED_TYPES: Readonly<Record<string, string>> = {
  gemma3: "gemma3_text",
  idefics2: "mistral",
  llama4: "llama4_text",
  llava: "llama",
  llava_next: "llama",
  llava_next_video: "llama",
  llava_onevision: "qwen2",
  mistral3: "mistral",
  paligemma: "gemma",
  video_llava: "llama",
  vipllava: "llama",
};

/** The family of a nested model by its outer's. */
export function nestedTypeOf(outerType: string): string {
  return NESTED_TYPES[outerType] ?? outerType;
}

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

/**
 * Families with layers that remember in a state of fixed size, whatever their keys say: state-space models, linear
 * attention, gated recurrences. RWKV's generations are named rwkv, rwkv5, rwkv6 and so on.
 */
const WITH_STATE =
  /^(?:bamba|falcon_h1|falcon_mamba|jamba|kimi_linear|lfm2.*|mamba2?|nemotron_h|plamo2|qwen3_next.*|recurrent_gemma|retnet|rwkv.*|xlstm|zamba2?)$/u;

/** Families without a decoder that generates token by token. */
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
  readonly hasState: boolean;
}

/** What `model_type` implies, of a model that stands by itself or inside another's file. */
export function familyOf(modelType: string, isNested: boolean): Family {
  return {
    defaults: { ...(isNested ? NESTED_DEFAULTS[modelType] : {}), ...DEFAULTS[modelType] },
    hasGate: !WITHOUT_GATE.has(modelType),
    isFourTimesWide: FOUR_TIMES.has(modelType),
    hasWindowOnRequest: WINDOW_ON_REQUEST.has(modelType),
    isScaledAlready: SCALED_ALREADY.has(modelType),
    isDecoder: !NOT_DECODERS.has(modelType),
    hasState: WITH_STATE.test(modelType),
  };
}
