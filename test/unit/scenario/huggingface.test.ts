/**
 * config.json files as their architectures have them: the keys of published models, retyped (facts only).
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parameterCount } from "../../../src/replica/weights.ts";

import { MODELS } from "../../../src/scenario/catalogue/models.ts";
import { readConfig } from "../../../src/scenario/huggingface/read-config.ts";
import { LLAMA_8B, problemsOf, shapeOf } from "./configs.ts";

function contextOf(change: object): number {
  return shapeOf({ ...LLAMA_8B, ...change }).shape.maxContextTokens;
}

function groupOf(weights: object): object {
  return { config_groups: { group_0: { weights } } };
}

function billions(config: object): number {
  const { shape } = shapeOf(config);
  return parameterCount({ ...shape, precision: "bf16", kvPrecision: "bf16" }) / 1e9;
}

describe("published files", () => {
  it("of Llama 3.1 say what the catalogue says, and are not stretched by rope scaling", () => {
    expect(shapeOf(LLAMA_8B).shape).toEqual({ ...MODELS.get("llama-3.1-8b")!.shape, name: "m" });
  });

  it("of Gemma 3 leave heads, vocabulary and context to the class", () => {
    const config = {
      architectures: ["Gemma3ForConditionalGeneration"],
      model_type: "gemma3",
      text_config: {
        hidden_size: 2560,
        intermediate_size: 10_240,
        model_type: "gemma3_text",
        num_hidden_layers: 34,
        rope_scaling: { factor: 8, rope_type: "linear" },
        sliding_window: 1024,
      },
      vision_config: {
        hidden_size: 1152,
        intermediate_size: 4304,
        model_type: "siglip_vision_model",
        num_hidden_layers: 27,
        patch_size: 14,
      },
    };
    expect(shapeOf(config).shape).toEqual({ ...MODELS.get("gemma-3-4b")!.shape, name: "m" });
  });

  it("of DeepSeek-V3 are latent, in FP8, with three dense layers, and stretched already", () => {
    const config = {
      architectures: ["DeepseekV3ForCausalLM"],
      first_k_dense_replace: 3,
      hidden_size: 7168,
      intermediate_size: 18_432,
      kv_lora_rank: 512,
      max_position_embeddings: 163_840,
      model_type: "deepseek_v3",
      moe_intermediate_size: 2048,
      moe_layer_freq: 1,
      n_routed_experts: 256,
      n_shared_experts: 1,
      num_attention_heads: 128,
      num_experts_per_tok: 8,
      num_hidden_layers: 61,
      num_key_value_heads: 128,
      num_nextn_predict_layers: 1,
      q_lora_rank: 1536,
      qk_nope_head_dim: 128,
      qk_rope_head_dim: 64,
      quantization_config: { fmt: "e4m3", quant_method: "fp8", weight_block_size: [128, 128] },
      rope_scaling: { factor: 40, original_max_position_embeddings: 4096, type: "yarn" },
      tie_word_embeddings: false,
      v_head_dim: 128,
      vocab_size: 129_280,
    };
    expect(shapeOf(config)).toMatchObject({ precision: "fp8", quantization: undefined });
    expect(shapeOf(config).shape).toEqual({ ...MODELS.get("deepseek-v3")!.shape, name: "m" });
  });

  it("of gpt-oss list the layers with a window and pack the experts", () => {
    const config = {
      head_dim: 64,
      hidden_size: 2880,
      intermediate_size: 2880,
      layer_types: Array.from({ length: 24 }, (_, layer) =>
        layer % 2 === 0 ? "sliding_attention" : "full_attention",
      ),
      max_position_embeddings: 131_072,
      model_type: "gpt_oss",
      num_attention_heads: 64,
      num_experts_per_tok: 4,
      num_hidden_layers: 24,
      num_key_value_heads: 8,
      num_local_experts: 32,
      quantization_config: { quant_method: "mxfp4" },
      rope_scaling: { factor: 32, original_max_position_embeddings: 4096, rope_type: "yarn" },
      sliding_window: 128,
      tie_word_embeddings: false,
      vocab_size: 201_088,
    };
    expect(shapeOf(config).precision).toBe("mxfp4");
    expect(shapeOf(config).shape).toEqual({ ...MODELS.get("gpt-oss-20b")!.shape, name: "m" });
  });

  it("of Qwen 1.5 MoE state the shared expert's width", () => {
    const config = {
      decoder_sparse_step: 1,
      hidden_size: 2048,
      intermediate_size: 5632,
      max_position_embeddings: 8192,
      max_window_layers: 21,
      model_type: "qwen2_moe",
      moe_intermediate_size: 1408,
      num_attention_heads: 16,
      num_experts: 60,
      num_experts_per_tok: 4,
      num_hidden_layers: 24,
      num_key_value_heads: 16,
      shared_expert_intermediate_size: 5632,
      sliding_window: 32_768,
      tie_word_embeddings: false,
      use_sliding_window: false,
      vocab_size: 151_936,
    };
    expect(shapeOf(config).shape.feedForward.mixture?.sharedSize).toBe(5632);
    expect(billions(config)).toBeCloseTo(14.3, 1);
  });

  it("of Falcon 7B share one KV head, have no gate and leave out the width", () => {
    const config = {
      hidden_size: 4544,
      model_type: "falcon",
      multi_query: true,
      new_decoder_architecture: false,
      num_attention_heads: 71,
      num_hidden_layers: 32,
      num_kv_heads: 71,
      vocab_size: 65_024,
    };
    const { shape } = shapeOf(config);
    expect(shape.attention).toMatchObject({ kvHeads: 1, headSize: 64 });
    expect(shape.feedForward).toMatchObject({ size: 18_176, matrices: 2 });
    expect(shape).toMatchObject({ tiedEmbeddings: true, maxContextTokens: 2048 });
    expect(billions(config)).toBeCloseTo(6.9, 1);
  });

  it("of DBRX nest attention and experts", () => {
    const config = {
      attn_config: { kv_n_heads: 8, rope_theta: 500_000 },
      d_model: 6144,
      ffn_config: { ffn_hidden_size: 10_752, moe_num_experts: 16, moe_top_k: 4 },
      max_seq_len: 32_768,
      model_type: "dbrx",
      n_heads: 48,
      n_layers: 40,
      tie_word_embeddings: false,
      vocab_size: 100_352,
    };
    expect(shapeOf(config).shape.attention).toMatchObject({ kvHeads: 8, headSize: 128 });
    expect(billions(config)).toBeCloseTo(131.6, 1);
  });

  it("of Nemotron and OPT have no gate", () => {
    const nemotron = { ...LLAMA_8B, model_type: "nemotron", hidden_act: "relu2" };
    expect(shapeOf(nemotron).shape.feedForward.matrices).toBe(2);
    const opt = {
      ffn_dim: 8192,
      hidden_size: 2048,
      max_position_embeddings: 2048,
      model_type: "opt",
      num_attention_heads: 32,
      num_hidden_layers: 24,
      vocab_size: 50_272,
    };
    expect(billions(opt)).toBeCloseTo(1.31, 2);
  });

  it("of Mistral without a window say null, and those that leave it out have the class's", () => {
    const mistral = { ...LLAMA_8B, model_type: "mistral", rope_scaling: null };
    const none = shapeOf({ ...mistral, sliding_window: null }).shape.attention;
    expect(none).toMatchObject({ window: undefined });
    const left = shapeOf(mistral).shape.attention;
    expect(left).toMatchObject({ window: { tokens: 4096, layers: 32 } });
  });

  it("of Qwen with a window on request spare the first layers", () => {
    const qwen = { ...LLAMA_8B, model_type: "qwen2", sliding_window: 4096, max_window_layers: 28 };
    expect(shapeOf(qwen).shape.attention).toMatchObject({ window: undefined });
    const asked = shapeOf({ ...qwen, use_sliding_window: true }).shape.attention;
    expect(asked).toMatchObject({ window: { tokens: 4096, layers: 4 } });
  });

  it("of MiniMax-M2 list the kind of every layer's attention, and all keep a KV cache", () => {
    const first = Array.from({ length: 31 }, () => 1);
    const { attention } = shapeOf({ ...LLAMA_8B, attn_type_list: [...first, 1] }).shape;
    expect(attention).toMatchObject({ kind: "grouped", window: undefined });
    expect(problemsOf({ ...LLAMA_8B, attn_type_list: [...first, 0] })[0]).toMatch(
      /^attn_type_list: the model has layers without a KV cache/u,
    );
  });

  it("of Granite 4.0 without Mamba layers state the keys of such layers all the same", () => {
    const granite = {
      ...LLAMA_8B,
      model_type: "granitemoehybrid",
      mamba_d_state: 256,
      layer_types: Array.from({ length: 32 }, () => "attention"),
    };
    expect(shapeOf(granite).shape.layers).toBe(32);
  });

  it("of LLaVA 1.5 leave the nested Llama's sizes to its class, and a file of its own does not", () => {
    const text_config = { max_position_embeddings: 4096, vocab_size: 32_064 };
    const vision_config = { hidden_size: 1024, intermediate_size: 4096, num_hidden_layers: 24 };
    const llava = { model_type: "llava", text_config, vision_config };
    const { shape } = shapeOf(llava);
    expect(shape).toMatchObject({ layers: 32, hiddenSize: 4096, maxContextTokens: 4096 });
    expect(shape.attention).toMatchObject({ heads: 32, kvHeads: 32, headSize: 128 });
    // Vicuna-7B's 6.74 billion, 64 words more, and CLIP's 0.3.
    expect(billions(llava)).toBeCloseTo(7.04, 2);
    expect(problemsOf({ model_type: "llama", ...text_config })).toHaveLength(4);
  });

  it("stretched by YaRN or linearly have the longer context", () => {
    const yarn = { type: "yarn", factor: 4, original_max_position_embeddings: 32_768 };
    expect(contextOf({ max_position_embeddings: 32_768, rope_scaling: yarn })).toBe(131_072);
    const linear = { rope_type: "linear", factor: 2 };
    expect(contextOf({ max_position_embeddings: 8192, rope_scaling: linear })).toBe(16_384);
  });
});

describe("quantization", () => {
  it.each([
    [{ quant_method: "fp8", activation_scheme: "dynamic" }, "fp8"],
    [{ quant_method: "fbgemm_fp8" }, "fp8"],
    [{ quant_method: "compressed-tensors", ...groupOf({ num_bits: 8, type: "float" }) }, "fp8"],
    [{ quant_method: "compressed-tensors", ...groupOf({ num_bits: 4, type: "int" }) }, "int4"],
    [{ quant_method: "awq", bits: 4, group_size: 128 }, "int4"],
    [{ quant_method: "gptq", bits: 4 }, "int4"],
    [{ quant_method: "modelopt", quant_algo: "FP8" }, "fp8"],
    [{ quant_method: "mxfp4" }, "mxfp4"],
  ])("%j is %s", (quantization_config, precision) => {
    expect(shapeOf({ ...LLAMA_8B, quantization_config }).precision).toBe(precision);
  });

  it.each([
    [{ quant_method: "compressed-tensors", ...groupOf({ num_bits: 8, type: "int" }) }],
    [{ quant_method: "modelopt", quant_algo: "NVFP4" }],
    [{ quant_method: "gptq", bits: 8 }],
    [{ quant_method: "bitsandbytes" }],
    [{}],
  ])("%j has no counterpart and is named", (quantization_config) => {
    const read = shapeOf({ ...LLAMA_8B, quantization_config });
    expect(read.precision).toBeUndefined();
    expect(read.quantization).toBeTruthy();
  });
});

describe("whatever a file holds", () => {
  const keys = [...Object.keys(LLAMA_8B), "layer_types", "sliding_window", "text_config"];
  const anything = fc.oneof(
    fc.constantFrom(0, -1, 1.5, 1e300, Number.NaN, null, "x", true, [], {}, [1, "y"]),
    fc.integer(),
  );

  it("it is a model or a list of problems, never an exception", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom(...keys), anything)), (changes) => {
        const read = readConfig("m", { ...LLAMA_8B, ...Object.fromEntries(changes) });
        if (read.kind === "unusable") return read.problems.length > 0;
        const spec = { ...read.shape, precision: "bf16", kvPrecision: "bf16" } as const;
        return Number.isFinite(parameterCount(spec)) && parameterCount(spec) > 0;
      }),
    );
  });
});
