/** config.json files that lack something or make no sense: what is said of them. */
import { describe, expect, it } from "vitest";
import { LLAMA_8B, problemsOf, shapeOf } from "./configs.ts";

const EXPERTS = { num_local_experts: 8, num_experts_per_tok: 2 };

describe("files that will not do", () => {
  const { num_hidden_layers: _, vocab_size: _v, ...lacking } = LLAMA_8B;
  it.each<[string, unknown, readonly string[]]>([
    [
      "lacks two keys",
      lacking,
      [
        "num_hidden_layers: is missing (in other families n_layer, n_layers, num_layers): add it, as in the model's published config.json",
        "vocab_size: is missing (in other families padded_vocab_size): add it, as in the model's published config.json",
      ],
    ],
    [
      "has nonsense for numbers",
      { ...LLAMA_8B, hidden_size: "wide", num_hidden_layers: -3 },
      [
        "num_hidden_layers: expected a whole number of 1 or more, got '-3'",
        "hidden_size: expected a whole number of 1 or more, got 'wide'",
      ],
    ],
    [
      "has heads that do not share KV heads evenly",
      { ...LLAMA_8B, num_key_value_heads: 5 },
      ["num_key_value_heads: 5 key-value heads do not divide 32 attention heads"],
    ],
    [
      "leaves the head's width open",
      { ...LLAMA_8B, num_attention_heads: 24, num_key_value_heads: 8 },
      ["head_dim: is missing, and hidden_size 4096 does not divide by 24 heads: add it"],
    ],
    [
      "has more experts per token than experts",
      { ...LLAMA_8B, num_local_experts: 4, num_experts_per_tok: 8 },
      ["num_experts_per_tok: 8 experts per token are more than the 4 there are"],
    ],
    [
      "nests what it lacks",
      { model_type: "llava", text_config: { ...LLAMA_8B, num_attention_heads: null } },
      [
        "text_config.num_attention_heads: is missing (in other families n_head, n_heads, num_heads): add it, as in the model's published config.json",
      ],
    ],
    [
      "names too few layers",
      { ...LLAMA_8B, layer_types: ["full_attention"] },
      ["layer_types: names 1 layers, and num_hidden_layers is 32"],
    ],
    [
      "is of an encoder",
      { model_type: "bert", hidden_size: 768 },
      [
        "model_type: bert does not generate token by token with a KV cache: expected a decoder (…ForCausalLM)",
      ],
    ],
    [
      "has no KV heads at all",
      { ...LLAMA_8B, num_key_value_heads: 0 },
      ["num_key_value_heads: expected a whole number of 1 or more, got '0'"],
    ],
    [
      "writes true as text",
      { ...LLAMA_8B, tie_word_embeddings: "true" },
      ["tie_word_embeddings: expected true or false, got 'true'"],
    ],
    [
      "stretches its context beyond all bounds",
      { ...LLAMA_8B, rope_scaling: { type: "linear", factor: 1e300 } },
      [
        "rope_scaling.factor: 1e+300 times 131072 tokens is no length of context: expected at most 100000000",
      ],
    ],
    [
      "stretches its context by a word",
      { ...LLAMA_8B, rope_scaling: { type: "yarn", factor: "four" } },
      ["rope_scaling.factor: expected a number of 1 or more, got 'four'"],
    ],
    [
      "has experts in layers it does not have",
      { ...LLAMA_8B, ...EXPERTS, moe_layers: Array.from({ length: 1000 }, (_u, at) => at) },
      ["moe_layers: expected numbers of layers, 0 to 31 as num_hidden_layers is 32, got '32'"],
    ],
    [
      "has dense layers it does not have",
      { ...LLAMA_8B, ...EXPERTS, mlp_only_layers: [0, "last"] },
      [
        "mlp_only_layers: expected numbers of layers, 0 to 31 as num_hidden_layers is 32, got 'last'",
      ],
    ],
    [
      "has more dense layers first than layers",
      { ...LLAMA_8B, ...EXPERTS, first_k_dense_replace: 100 },
      [
        "first_k_dense_replace: expected fewer than the 32 layers there are (num_hidden_layers), got 100: no layer would have experts",
      ],
    ],
    [
      "says of too few layers what they are",
      { ...LLAMA_8B, ...EXPERTS, mlp_layer_types: ["dense", "sparse"] },
      ["mlp_layer_types: names 2 layers, and num_hidden_layers is 32"],
    ],
    [
      "names its quantization where a map should stand",
      { ...LLAMA_8B, quantization_config: "fp8" },
      ["quantization_config: expected a map, got 'fp8'"],
    ],
    ["is a list", [1], [": expected the map of a Hugging Face config.json, got a list"]],
    ["is nothing", null, [": expected the map of a Hugging Face config.json, got nothing"]],
  ])("one that %s", (_name, config, problems) => {
    expect(problemsOf(config)).toEqual(problems);
  });

  it.each([
    [{ layer_types: Array.from({ length: 32 }, () => "linear_attention") }, "layer_types"],
    [{ hybrid_override_pattern: "M-M*" }, "hybrid_override_pattern"],
    [{ mamba_d_state: 16 }, "mamba_d_state"],
    [{ model_type: "recurrent_gemma", block_types: ["recurrent", "attention"] }, "model_type"],
    [{ model_type: "rwkv" }, "model_type"],
    [{ model_type: "rwkv6" }, "model_type"],
    [{ model_type: "mamba2" }, "model_type"],
  ])("layers without a KV cache: %j", (change, key) => {
    expect(problemsOf({ ...LLAMA_8B, ...change })).toEqual([
      expect.stringMatching(new RegExp(`^${key}: the model has layers without a KV cache`, "u")),
    ]);
  });

  it("notes sparse attention and goes on", () => {
    const latent = {
      kv_lora_rank: 512,
      qk_rope_head_dim: 64,
      qk_nope_head_dim: 128,
      v_head_dim: 128,
    };
    expect(shapeOf({ ...LLAMA_8B, ...latent, index_topk: 2048 }).notes).toHaveLength(1);
  });
});
