/** Mistral and Mixtral. */
import { inAiconfigurator, inLitgpt, type ModelFacts } from "../entry.ts";

const HEADS = { num_attention_heads: 32, num_key_value_heads: 8 };

export const MISTRAL_MODELS: readonly ModelFacts[] = [
  {
    name: "mistral-7b",
    source:
      "config.json of mistralai/Mistral-7B-v0.1, as in sumitdotml/transformers mistral-7b-v0.1/README.md",
    published: [7.24],
    checkpoints: [
      ["mistralai/Mistral-7B-v0.1", "bf16"],
      ["mistralai/Mistral-7B-Instruct-v0.1", "bf16"],
    ],
    config: {
      ...HEADS,
      model_type: "mistral",
      hidden_size: 4096,
      intermediate_size: 14_336,
      num_hidden_layers: 32,
      sliding_window: 4096,
      vocab_size: 32_000,
      max_position_embeddings: 32_768,
    },
  },
  {
    name: "mistral-7b-v0.3",
    source: inLitgpt("mistralai/Mistral-7B-Instruct-v0.3"),
    published: [7.25],
    checkpoints: [
      ["mistralai/Mistral-7B-Instruct-v0.3", "bf16"],
      ["mistralai/Mistral-7B-v0.3", "bf16"],
    ],
    config: {
      ...HEADS,
      model_type: "mistral",
      hidden_size: 4096,
      intermediate_size: 14_336,
      num_hidden_layers: 32,
      sliding_window: null,
      vocab_size: 32_768,
      max_position_embeddings: 32_768,
    },
  },
  {
    name: "mistral-nemo-12b",
    source:
      "config.json of mistralai/Mistral-Nemo-Base-2407, as in kevinstephano/thunder_model_blocks mistral_config.py",
    published: [12.25],
    checkpoints: [
      ["mistralai/Mistral-Nemo-Instruct-2407", "bf16"],
      ["mistralai/Mistral-Nemo-Base-2407", "bf16"],
    ],
    config: {
      ...HEADS,
      model_type: "mistral",
      hidden_size: 5120,
      intermediate_size: 14_336,
      num_hidden_layers: 40,
      head_dim: 128,
      sliding_window: null,
      vocab_size: 131_072,
      max_position_embeddings: 128_000,
    },
  },
  {
    name: "mistral-small-24b",
    source: `${inLitgpt("mistralai/Mistral-Small-24B-Base-2501")}; the context of the Instruct model is recollected`,
    published: [23.6],
    checkpoints: [["mistralai/Mistral-Small-24B-Instruct-2501", "bf16"]],
    config: {
      ...HEADS,
      model_type: "mistral",
      hidden_size: 5120,
      intermediate_size: 32_768,
      num_hidden_layers: 40,
      head_dim: 128,
      sliding_window: null,
      vocab_size: 131_072,
      max_position_embeddings: 32_768,
    },
  },
  {
    name: "mixtral-8x7b",
    source: inAiconfigurator("mistralai/Mixtral-8x7B-v0.1"),
    published: [46.7, 12.9],
    checkpoints: [
      ["mistralai/Mixtral-8x7B-v0.1", "bf16"],
      ["mistralai/Mixtral-8x7B-Instruct-v0.1", "bf16"],
    ],
    config: {
      ...HEADS,
      model_type: "mixtral",
      hidden_size: 4096,
      intermediate_size: 14_336,
      num_hidden_layers: 32,
      num_local_experts: 8,
      num_experts_per_tok: 2,
      vocab_size: 32_000,
      max_position_embeddings: 32_768,
    },
  },
  {
    name: "mixtral-8x22b",
    source: inLitgpt("mistralai/Mixtral-8x22B-Instruct-v0.1"),
    published: [140.6, 39],
    checkpoints: [
      ["mistralai/Mixtral-8x22B-Instruct-v0.1", "bf16"],
      ["mistralai/Mixtral-8x22B-v0.1", "bf16"],
    ],
    config: {
      model_type: "mixtral",
      hidden_size: 6144,
      intermediate_size: 16_384,
      num_hidden_layers: 56,
      num_attention_heads: 48,
      num_key_value_heads: 8,
      num_local_experts: 8,
      num_experts_per_tok: 2,
      vocab_size: 32_768,
      max_position_embeddings: 65_536,
    },
  },
];
