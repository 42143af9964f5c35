/** Qwen 2.5 and 3, dense and mixtures of experts. */
import { inAiconfigurator, inLitgpt, inLlmProf, type ModelFacts } from "../entry.ts";

/** Qwen 2.5 states a window and does not use it. */
const QWEN_2_5 = {
  model_type: "qwen2",
  vocab_size: 152_064,
  use_sliding_window: false,
  max_position_embeddings: 32_768,
};
/** Base models of most sizes, before they are tuned. */
const LONG_BASE = { max_position_embeddings: 131_072 };
/** From the releases of July 2025 on. */
const LONG = { max_position_embeddings: 262_144 };
const QWEN_3 = {
  model_type: "qwen3",
  head_dim: 128,
  num_key_value_heads: 8,
  vocab_size: 151_936,
  max_position_embeddings: 40_960,
};
const QWEN_3_MOE = {
  model_type: "qwen3_moe",
  head_dim: 128,
  num_experts: 128,
  num_experts_per_tok: 8,
  decoder_sparse_step: 1,
  mlp_only_layers: [],
  vocab_size: 151_936,
  max_position_embeddings: 40_960,
};

export const QWEN_MODELS: readonly ModelFacts[] = [
  {
    name: "qwen2.5-0.5b",
    source:
      "model card of Qwen/Qwen2.5-0.5B (0.49B, 24 layers, 14 and 2 heads); widths of its family",
    published: [0.494],
    checkpoints: [
      ["Qwen/Qwen2.5-0.5B-Instruct", "bf16"],
      ["Qwen/Qwen2.5-0.5B", "bf16"],
    ],
    config: {
      ...QWEN_2_5,
      hidden_size: 896,
      intermediate_size: 4864,
      num_hidden_layers: 24,
      num_attention_heads: 14,
      num_key_value_heads: 2,
      vocab_size: 151_936,
      tie_word_embeddings: true,
    },
  },
  {
    name: "qwen2.5-1.5b",
    source: inLitgpt("Qwen/Qwen2.5-1.5B"),
    published: [1.54],
    checkpoints: [
      ["Qwen/Qwen2.5-1.5B-Instruct", "bf16"],
      ["Qwen/Qwen2.5-1.5B", "bf16", LONG_BASE],
    ],
    config: {
      ...QWEN_2_5,
      hidden_size: 1536,
      intermediate_size: 8960,
      num_hidden_layers: 28,
      num_attention_heads: 12,
      num_key_value_heads: 2,
      vocab_size: 151_936,
      tie_word_embeddings: true,
    },
  },
  {
    name: "qwen2.5-3b",
    source: inLlmProf("Qwen/Qwen2.5-3B"),
    published: [3.09],
    checkpoints: [
      ["Qwen/Qwen2.5-3B-Instruct", "bf16"],
      ["Qwen/Qwen2.5-3B", "bf16"],
    ],
    config: {
      ...QWEN_2_5,
      hidden_size: 2048,
      intermediate_size: 11_008,
      num_hidden_layers: 36,
      num_attention_heads: 16,
      num_key_value_heads: 2,
      vocab_size: 151_936,
      tie_word_embeddings: true,
    },
  },
  {
    name: "qwen2.5-7b",
    source:
      "config.json of Qwen/Qwen2.5-7B-Instruct, as in inference-sim/inference-sim model_configs (f90a1e3)",
    published: [7.62],
    checkpoints: [
      ["Qwen/Qwen2.5-7B-Instruct", "bf16"],
      ["Qwen/Qwen2.5-7B", "bf16", LONG_BASE],
      ["Qwen/Qwen2.5-7B-Instruct-AWQ", "int4"],
    ],
    config: {
      ...QWEN_2_5,
      hidden_size: 3584,
      intermediate_size: 18_944,
      num_hidden_layers: 28,
      num_attention_heads: 28,
      num_key_value_heads: 4,
    },
  },
  {
    name: "qwen2.5-14b",
    source: inLlmProf("Qwen/Qwen2.5-14B"),
    published: [14.77],
    checkpoints: [
      ["Qwen/Qwen2.5-14B-Instruct", "bf16"],
      ["Qwen/Qwen2.5-14B", "bf16", LONG_BASE],
    ],
    config: {
      ...QWEN_2_5,
      hidden_size: 5120,
      intermediate_size: 13_824,
      num_hidden_layers: 48,
      num_attention_heads: 40,
      num_key_value_heads: 8,
    },
  },
  {
    name: "qwen2.5-32b",
    source: `${inLlmProf("Qwen/Qwen2.5-32B")}; the card says 32.5B, 64 layers, 40 and 8 heads`,
    published: [32.8],
    checkpoints: [
      ["Qwen/Qwen2.5-32B-Instruct", "bf16"],
      ["Qwen/Qwen2.5-32B", "bf16", LONG_BASE],
      ["Qwen/QwQ-32B", "bf16", { max_position_embeddings: 40_960 }],
    ],
    config: {
      ...QWEN_2_5,
      hidden_size: 5120,
      intermediate_size: 27_648,
      num_hidden_layers: 64,
      num_attention_heads: 40,
      num_key_value_heads: 8,
    },
  },
  {
    name: "qwen2.5-72b",
    source: inLitgpt("Qwen/Qwen2.5-72B"),
    published: [72.7],
    checkpoints: [
      ["Qwen/Qwen2.5-72B-Instruct", "bf16"],
      ["Qwen/Qwen2.5-72B", "bf16", LONG_BASE],
    ],
    config: {
      ...QWEN_2_5,
      hidden_size: 8192,
      intermediate_size: 29_568,
      num_hidden_layers: 80,
      num_attention_heads: 64,
      num_key_value_heads: 8,
    },
  },
  {
    name: "qwen3-0.6b",
    source: inLitgpt("Qwen/Qwen3-0.6B"),
    published: [0.596],
    checkpoints: [["Qwen/Qwen3-0.6B", "bf16"]],
    config: {
      ...QWEN_3,
      hidden_size: 1024,
      intermediate_size: 3072,
      num_hidden_layers: 28,
      num_attention_heads: 16,
      tie_word_embeddings: true,
    },
  },
  {
    name: "qwen3-1.7b",
    source: inLitgpt("Qwen/Qwen3-1.7B"),
    published: [1.72],
    checkpoints: [["Qwen/Qwen3-1.7B", "bf16"]],
    config: {
      ...QWEN_3,
      hidden_size: 2048,
      intermediate_size: 6144,
      num_hidden_layers: 28,
      num_attention_heads: 16,
      tie_word_embeddings: true,
    },
  },
  {
    name: "qwen3-4b",
    source: inLlmProf("Qwen/Qwen3-4B"),
    published: [4.02],
    checkpoints: [
      ["Qwen/Qwen3-4B", "bf16"],
      ["Qwen/Qwen3-4B-FP8", "fp8"],
      ["Qwen/Qwen3-4B-Instruct-2507", "bf16", LONG],
    ],
    config: {
      ...QWEN_3,
      hidden_size: 2560,
      intermediate_size: 9728,
      num_hidden_layers: 36,
      num_attention_heads: 32,
      tie_word_embeddings: true,
    },
  },
  {
    name: "qwen3-8b",
    source: inAiconfigurator("Qwen/Qwen3-8B"),
    published: [8.19],
    checkpoints: [
      ["Qwen/Qwen3-8B", "bf16"],
      ["Qwen/Qwen3-8B-FP8", "fp8"],
      ["Qwen/Qwen3-8B-AWQ", "int4"],
    ],
    config: {
      ...QWEN_3,
      hidden_size: 4096,
      intermediate_size: 12_288,
      num_hidden_layers: 36,
      num_attention_heads: 32,
    },
  },
  {
    name: "qwen3-14b",
    source: inLlmProf("Qwen/Qwen3-14B"),
    published: [14.77],
    checkpoints: [
      ["Qwen/Qwen3-14B", "bf16"],
      ["Qwen/Qwen3-14B-FP8", "fp8"],
      ["Qwen/Qwen3-14B-AWQ", "int4"],
    ],
    config: {
      ...QWEN_3,
      hidden_size: 5120,
      intermediate_size: 17_408,
      num_hidden_layers: 40,
      num_attention_heads: 40,
    },
  },
  {
    name: "qwen3-32b",
    source: inAiconfigurator("Qwen/Qwen3-32B"),
    published: [32.76],
    checkpoints: [
      ["Qwen/Qwen3-32B", "bf16"],
      ["Qwen/Qwen3-32B-FP8", "fp8"],
      ["Qwen/Qwen3-32B-AWQ", "int4"],
    ],
    config: {
      ...QWEN_3,
      hidden_size: 5120,
      intermediate_size: 25_600,
      num_hidden_layers: 64,
      num_attention_heads: 64,
    },
  },
  {
    name: "qwen3-30b-a3b",
    source: inLlmProf("Qwen/Qwen3-30B-A3B"),
    published: [30.5, 3.3],
    checkpoints: [
      ["Qwen/Qwen3-30B-A3B", "bf16"],
      ["Qwen/Qwen3-30B-A3B-FP8", "fp8"],
      ["Qwen/Qwen3-30B-A3B-Instruct-2507", "bf16", LONG],
      ["Qwen/Qwen3-Coder-30B-A3B-Instruct", "bf16", LONG],
    ],
    config: {
      ...QWEN_3_MOE,
      hidden_size: 2048,
      intermediate_size: 6144,
      moe_intermediate_size: 768,
      num_hidden_layers: 48,
      num_attention_heads: 32,
      num_key_value_heads: 4,
    },
  },
  {
    name: "qwen3-235b-a22b",
    source: inLitgpt("Qwen/Qwen3-235B-A22B"),
    published: [235.1, 22],
    checkpoints: [
      ["Qwen/Qwen3-235B-A22B", "bf16"],
      ["Qwen/Qwen3-235B-A22B-FP8", "fp8"],
      ["Qwen/Qwen3-235B-A22B-Instruct-2507", "bf16", LONG],
    ],
    config: {
      ...QWEN_3_MOE,
      hidden_size: 4096,
      intermediate_size: 12_288,
      moe_intermediate_size: 1536,
      num_hidden_layers: 94,
      num_attention_heads: 64,
      num_key_value_heads: 4,
    },
  },
];
