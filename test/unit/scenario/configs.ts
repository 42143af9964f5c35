/** A published config.json, and what reading a changed one gives. */
import { readConfig } from "../../../src/scenario/huggingface/read-config.ts";

export function shapeOf(config: object) {
  const read = readConfig("m", config);
  if (read.kind === "unusable") throw new Error(JSON.stringify(read.problems));
  return read;
}

export function problemsOf(config: unknown): readonly string[] {
  const read = readConfig("m", config);
  return read.kind === "model" ? [] : read.problems.map(({ key, message }) => `${key}: ${message}`);
}

export const LLAMA_8B = {
  architectures: ["LlamaForCausalLM"],
  attention_bias: false,
  bos_token_id: 128_000,
  hidden_act: "silu",
  hidden_size: 4096,
  intermediate_size: 14_336,
  max_position_embeddings: 131_072,
  model_type: "llama",
  num_attention_heads: 32,
  num_hidden_layers: 32,
  num_key_value_heads: 8,
  rope_scaling: {
    factor: 8,
    low_freq_factor: 1,
    high_freq_factor: 4,
    original_max_position_embeddings: 8192,
    rope_type: "llama3",
  },
  rope_theta: 500_000,
  tie_word_embeddings: false,
  torch_dtype: "bfloat16",
  vocab_size: 128_256,
};
