/** Models with latent attention, and GLM's mixtures, which share DeepSeek's feed-forward layers. */
import { fromCard, inAiconfigurator, type ModelFacts } from "../entry.ts";

const LATENT = { kv_lora_rank: 512, qk_rope_head_dim: 64, qk_nope_head_dim: 128, v_head_dim: 128 };
const DEEPSEEK_V3 = {
  ...LATENT,
  model_type: "deepseek_v3",
  hidden_size: 7168,
  intermediate_size: 18_432,
  moe_intermediate_size: 2048,
  num_hidden_layers: 61,
  num_attention_heads: 128,
  q_lora_rank: 1536,
  n_routed_experts: 256,
  n_shared_experts: 1,
  num_experts_per_tok: 8,
  first_k_dense_replace: 3,
  moe_layer_freq: 1,
  vocab_size: 129_280,
  max_position_embeddings: 163_840,
};

export const LATENT_MODELS: readonly ModelFacts[] = [
  {
    name: "deepseek-v2-lite",
    source:
      "config.json of deepseek-ai/DeepSeek-V2-Lite, as in AMD-AGI/Primus primus/configs/models/megatron/deepseek_v2_lite.yaml (3aa8772); vocabulary and context recollected",
    published: [15.7, 2.4],
    checkpoints: [
      ["deepseek-ai/DeepSeek-V2-Lite-Chat", "bf16"],
      ["deepseek-ai/DeepSeek-V2-Lite", "bf16"],
      ["deepseek-ai/DeepSeek-Coder-V2-Lite-Instruct", "bf16"],
    ],
    config: {
      ...LATENT,
      model_type: "deepseek_v2",
      hidden_size: 2048,
      intermediate_size: 10_944,
      moe_intermediate_size: 1408,
      num_hidden_layers: 27,
      num_attention_heads: 16,
      q_lora_rank: null,
      n_routed_experts: 64,
      n_shared_experts: 2,
      num_experts_per_tok: 6,
      first_k_dense_replace: 1,
      moe_layer_freq: 1,
      vocab_size: 102_400,
      max_position_embeddings: 163_840,
    },
  },
  {
    name: "deepseek-v3",
    source: inAiconfigurator("deepseek-ai/DeepSeek-V3"),
    published: [671, 37],
    checkpoints: [
      ["deepseek-ai/DeepSeek-V3", "fp8"],
      ["deepseek-ai/DeepSeek-V3-0324", "fp8"],
      ["deepseek-ai/DeepSeek-V3.1", "fp8"],
    ],
    config: DEEPSEEK_V3,
  },
  {
    name: "deepseek-r1",
    source: `${inAiconfigurator("deepseek-ai/DeepSeek-V3")}; R1 has the same shape`,
    published: [671, 37],
    checkpoints: [
      ["deepseek-ai/DeepSeek-R1", "fp8"],
      ["deepseek-ai/DeepSeek-R1-0528", "fp8"],
    ],
    config: DEEPSEEK_V3,
  },
  {
    name: "kimi-k2",
    source: inAiconfigurator("moonshotai/Kimi-K2-Instruct", "821eb9a"),
    published: [1026, 32],
    checkpoints: [["moonshotai/Kimi-K2-Instruct", "fp8"]],
    config: {
      ...DEEPSEEK_V3,
      model_type: "kimi_k2",
      num_attention_heads: 64,
      n_routed_experts: 384,
      first_k_dense_replace: 1,
      vocab_size: 163_840,
      max_position_embeddings: 131_072,
    },
  },
  {
    name: "glm-4.5-air",
    source: fromCard("zai-org/GLM-4.5-Air"),
    published: [106.9, 12],
    checkpoints: [
      ["zai-org/GLM-4.5-Air", "bf16"],
      ["zai-org/GLM-4.5-Air-FP8", "fp8"],
    ],
    config: {
      model_type: "glm4_moe",
      hidden_size: 4096,
      intermediate_size: 10_944,
      moe_intermediate_size: 1408,
      num_hidden_layers: 46,
      num_attention_heads: 96,
      num_key_value_heads: 8,
      head_dim: 128,
      n_routed_experts: 128,
      n_shared_experts: 1,
      num_experts_per_tok: 8,
      first_k_dense_replace: 1,
      vocab_size: 151_552,
      max_position_embeddings: 131_072,
    },
  },
];
