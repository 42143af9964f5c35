/** Llama and models of its architecture. */
import { inAiconfigurator, inLitgpt, inLlmProf, type ModelFacts } from "../entry.ts";

const LLAMA_2 = { model_type: "llama", vocab_size: 32_000, max_position_embeddings: 4096 };
const LLAMA_3 = {
  model_type: "llama",
  vocab_size: 128_256,
  num_key_value_heads: 8,
  max_position_embeddings: 131_072,
};
const HEADS_70B = { num_attention_heads: 64, num_key_value_heads: 8 };
/** Text keys of Llama 4; the vision tower is the same in both sizes. */
const LLAMA_4 = {
  model_type: "llama4_text",
  hidden_size: 5120,
  num_hidden_layers: 48,
  num_attention_heads: 40,
  num_key_value_heads: 8,
  head_dim: 128,
  intermediate_size: 8192,
  intermediate_size_mlp: 16_384,
  num_experts_per_tok: 1,
  attention_chunk_size: 8192,
  vocab_size: 202_048,
};
const LLAMA_4_VISION = { hidden_size: 1408, intermediate_size: 5632, num_hidden_layers: 34 };

export const LLAMA_MODELS: readonly ModelFacts[] = [
  {
    name: "llama-2-7b",
    source:
      "config.json of meta-llama/Llama-2-7b-hf, as in inference-sim/inference-sim model_configs (f90a1e3)",
    published: [6.74],
    checkpoints: [
      ["meta-llama/Llama-2-7b-hf", "bf16"],
      ["meta-llama/Llama-2-7b-chat-hf", "bf16"],
    ],
    config: {
      ...LLAMA_2,
      hidden_size: 4096,
      intermediate_size: 11_008,
      num_hidden_layers: 32,
      num_attention_heads: 32,
    },
  },
  {
    name: "llama-2-13b",
    source: inLitgpt("meta-llama/Llama-2-13b-hf"),
    published: [13.02],
    checkpoints: [
      ["meta-llama/Llama-2-13b-hf", "bf16"],
      ["meta-llama/Llama-2-13b-chat-hf", "bf16"],
    ],
    config: {
      ...LLAMA_2,
      hidden_size: 5120,
      intermediate_size: 13_824,
      num_hidden_layers: 40,
      num_attention_heads: 40,
    },
  },
  {
    name: "llama-2-70b",
    source:
      "microsoft/vidur config/model_config.py (7d47513); vocabulary 32,000 as published, vidur pads it",
    published: [68.98],
    checkpoints: [
      ["meta-llama/Llama-2-70b-hf", "bf16"],
      ["meta-llama/Llama-2-70b-chat-hf", "bf16"],
    ],
    config: {
      ...LLAMA_2,
      ...HEADS_70B,
      hidden_size: 8192,
      intermediate_size: 28_672,
      num_hidden_layers: 80,
    },
  },
  {
    name: "codellama-34b",
    source: inLitgpt("codellama/CodeLlama-34b-Instruct-hf"),
    published: [33.7],
    checkpoints: [
      ["codellama/CodeLlama-34b-Instruct-hf", "bf16"],
      ["codellama/CodeLlama-34b-hf", "bf16"],
    ],
    config: {
      ...LLAMA_2,
      ...HEADS_70B,
      hidden_size: 8192,
      intermediate_size: 22_016,
      num_hidden_layers: 48,
      max_position_embeddings: 16_384,
    },
  },
  {
    name: "yi-34b",
    source:
      "config.json of 01-ai/Yi-34B, as in inference-sim/inference-sim model_configs/yi-34b (64e43c8)",
    published: [34.4],
    checkpoints: [
      ["01-ai/Yi-34B", "bf16"],
      ["01-ai/Yi-34B-Chat", "bf16"],
    ],
    config: {
      model_type: "llama",
      hidden_size: 7168,
      intermediate_size: 20_480,
      num_hidden_layers: 60,
      num_attention_heads: 56,
      num_key_value_heads: 8,
      vocab_size: 64_000,
      max_position_embeddings: 4096,
    },
  },
  {
    name: "llama-3.1-8b",
    source: inAiconfigurator("meta-llama/Llama-3.1-8B"),
    published: [8.03],
    checkpoints: [
      ["meta-llama/Llama-3.1-8B", "bf16"],
      ["meta-llama/Llama-3.1-8B-Instruct", "bf16"],
      ["RedHatAI/Meta-Llama-3.1-8B-Instruct-FP8", "fp8"],
    ],
    config: {
      ...LLAMA_3,
      hidden_size: 4096,
      intermediate_size: 14_336,
      num_hidden_layers: 32,
      num_attention_heads: 32,
    },
  },
  {
    name: "llama-3.1-70b",
    source: inAiconfigurator("meta-llama/Llama-3.1-70B"),
    published: [70.6],
    checkpoints: [
      ["meta-llama/Llama-3.1-70B", "bf16"],
      ["meta-llama/Llama-3.1-70B-Instruct", "bf16"],
      ["RedHatAI/Meta-Llama-3.1-70B-Instruct-FP8", "fp8"],
    ],
    config: {
      ...LLAMA_3,
      ...HEADS_70B,
      hidden_size: 8192,
      intermediate_size: 28_672,
      num_hidden_layers: 80,
    },
  },
  {
    name: "llama-3.1-405b",
    source: inLitgpt("meta-llama/Llama-3.1-405B"),
    published: [405.9],
    checkpoints: [
      ["meta-llama/Llama-3.1-405B", "bf16"],
      ["meta-llama/Llama-3.1-405B-Instruct", "bf16"],
      ["meta-llama/Llama-3.1-405B-Instruct-FP8", "fp8"],
    ],
    config: {
      ...LLAMA_3,
      hidden_size: 16_384,
      intermediate_size: 53_248,
      num_hidden_layers: 126,
      num_attention_heads: 128,
    },
  },
  {
    name: "llama-3.2-1b",
    source: inLitgpt("meta-llama/Llama-3.2-1B"),
    published: [1.24],
    checkpoints: [
      ["meta-llama/Llama-3.2-1B", "bf16"],
      ["meta-llama/Llama-3.2-1B-Instruct", "bf16"],
    ],
    config: {
      ...LLAMA_3,
      hidden_size: 2048,
      intermediate_size: 8192,
      num_hidden_layers: 16,
      num_attention_heads: 32,
      head_dim: 64,
      tie_word_embeddings: true,
    },
  },
  {
    name: "llama-3.2-3b",
    source: inLlmProf("meta-llama/Llama-3.2-3B"),
    published: [3.21],
    checkpoints: [
      ["meta-llama/Llama-3.2-3B", "bf16"],
      ["meta-llama/Llama-3.2-3B-Instruct", "bf16"],
    ],
    config: {
      ...LLAMA_3,
      hidden_size: 3072,
      intermediate_size: 8192,
      num_hidden_layers: 28,
      num_attention_heads: 24,
      head_dim: 128,
      tie_word_embeddings: true,
    },
  },
  {
    name: "llama-3.3-70b",
    source: inAiconfigurator("meta-llama/Llama-3.3-70B-Instruct", "f577ab8"),
    published: [70.6],
    checkpoints: [
      ["meta-llama/Llama-3.3-70B-Instruct", "bf16"],
      ["RedHatAI/Llama-3.3-70B-Instruct-FP8-dynamic", "fp8"],
    ],
    config: {
      ...LLAMA_3,
      ...HEADS_70B,
      hidden_size: 8192,
      intermediate_size: 28_672,
      num_hidden_layers: 80,
    },
  },
  {
    name: "llama-4-scout",
    source: inAiconfigurator("meta-llama/Llama-4-Scout-17B-16E-Instruct", "64c5ddb"),
    published: [109, 17],
    checkpoints: [
      ["meta-llama/Llama-4-Scout-17B-16E-Instruct", "bf16"],
      ["RedHatAI/Llama-4-Scout-17B-16E-Instruct-FP8-dynamic", "fp8"],
    ],
    config: {
      model_type: "llama4",
      text_config: {
        ...LLAMA_4,
        interleave_moe_layer_step: 1,
        num_local_experts: 16,
        max_position_embeddings: 10_485_760,
      },
      vision_config: LLAMA_4_VISION,
    },
  },
  {
    name: "llama-4-maverick",
    source: inAiconfigurator("meta-llama/Llama-4-Maverick-17B-128E-Instruct", "64c5ddb"),
    published: [402, 17],
    checkpoints: [
      ["meta-llama/Llama-4-Maverick-17B-128E-Instruct", "bf16"],
      ["meta-llama/Llama-4-Maverick-17B-128E-Instruct-FP8", "fp8"],
    ],
    config: {
      model_type: "llama4",
      text_config: {
        ...LLAMA_4,
        interleave_moe_layer_step: 2,
        num_local_experts: 128,
        max_position_embeddings: 1_048_576,
      },
      vision_config: LLAMA_4_VISION,
    },
  },
];
