/** Models whose layers alternate between a sliding window and the whole context: gpt-oss and Gemma. */
import { inAiconfigurator, inLitgpt, type ModelFacts } from "../entry.ts";

const GPT_OSS = {
  model_type: "gpt_oss",
  hidden_size: 2880,
  intermediate_size: 2880,
  num_attention_heads: 64,
  num_key_value_heads: 8,
  head_dim: 64,
  num_experts_per_tok: 4,
  sliding_window: 128,
  vocab_size: 201_088,
  max_position_embeddings: 131_072,
};
const GEMMA_2 = { model_type: "gemma2", vocab_size: 256_000, max_position_embeddings: 8192 };
const GEMMA_3 = { model_type: "gemma3_text", sliding_window: 1024 };
/** SigLIP, the same in every size that sees. */
const GEMMA_3_VISION = { hidden_size: 1152, intermediate_size: 4304, num_hidden_layers: 27 };

export const WINDOWED_MODELS: readonly ModelFacts[] = [
  {
    name: "gpt-oss-20b",
    source: inAiconfigurator("openai/gpt-oss-20b"),
    published: [20.9, 3.6],
    checkpoints: [["openai/gpt-oss-20b", "mxfp4"]],
    config: { ...GPT_OSS, num_hidden_layers: 24, num_local_experts: 32 },
  },
  {
    name: "gpt-oss-120b",
    source: inAiconfigurator("openai/gpt-oss-120b"),
    published: [116.8, 5.1],
    checkpoints: [["openai/gpt-oss-120b", "mxfp4"]],
    config: { ...GPT_OSS, num_hidden_layers: 36, num_local_experts: 128 },
  },
  {
    name: "gemma-2-9b",
    source: inLitgpt("google/gemma-2-9b-it"),
    published: [9.24],
    checkpoints: [
      ["google/gemma-2-9b-it", "bf16"],
      ["google/gemma-2-9b", "bf16"],
    ],
    config: {
      ...GEMMA_2,
      hidden_size: 3584,
      intermediate_size: 14_336,
      num_hidden_layers: 42,
      num_attention_heads: 16,
      num_key_value_heads: 8,
      head_dim: 256,
      sliding_window: 4096,
    },
  },
  {
    name: "gemma-2-27b",
    source: inLitgpt("google/gemma-2-27b-it"),
    published: [27.2],
    checkpoints: [
      ["google/gemma-2-27b-it", "bf16"],
      ["google/gemma-2-27b", "bf16"],
    ],
    config: {
      ...GEMMA_2,
      hidden_size: 4608,
      intermediate_size: 36_864,
      num_hidden_layers: 46,
      num_attention_heads: 32,
      num_key_value_heads: 16,
      head_dim: 128,
      sliding_window: 4096,
    },
  },
  {
    name: "gemma-3-1b",
    source: `${inLitgpt("google/gemma-3-1b-it")}; its context is recollected`,
    published: [1.0],
    checkpoints: [["google/gemma-3-1b-it", "bf16"]],
    config: {
      ...GEMMA_3,
      hidden_size: 1152,
      intermediate_size: 6912,
      num_hidden_layers: 26,
      num_attention_heads: 4,
      num_key_value_heads: 1,
      sliding_window: 512,
      vocab_size: 262_144,
      max_position_embeddings: 32_768,
    },
  },
  {
    name: "gemma-3-4b",
    source: inLitgpt("google/gemma-3-4b-it"),
    published: [4.3],
    checkpoints: [["google/gemma-3-4b-it", "bf16"]],
    config: {
      text_config: {
        ...GEMMA_3,
        hidden_size: 2560,
        intermediate_size: 10_240,
        num_hidden_layers: 34,
      },
      vision_config: GEMMA_3_VISION,
    },
  },
  {
    name: "gemma-3-12b",
    source: inLitgpt("google/gemma-3-12b-it"),
    published: [12.2],
    checkpoints: [["google/gemma-3-12b-it", "bf16"]],
    config: {
      text_config: {
        ...GEMMA_3,
        hidden_size: 3840,
        intermediate_size: 15_360,
        num_hidden_layers: 48,
        num_attention_heads: 16,
        num_key_value_heads: 8,
      },
      vision_config: GEMMA_3_VISION,
    },
  },
  {
    name: "gemma-3-27b",
    source: inLitgpt("google/gemma-3-27b-it"),
    published: [27.4],
    checkpoints: [
      ["google/gemma-3-27b-it", "bf16"],
      ["RedHatAI/gemma-3-27b-it-FP8-dynamic", "fp8"],
    ],
    config: {
      text_config: {
        ...GEMMA_3,
        hidden_size: 5376,
        intermediate_size: 21_504,
        num_hidden_layers: 62,
        num_attention_heads: 32,
        num_key_value_heads: 16,
        head_dim: 128,
      },
      vision_config: GEMMA_3_VISION,
    },
  },
];
