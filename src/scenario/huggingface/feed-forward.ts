/** The feed-forward networks of a config.json: dense, or a mixture of experts in some or all layers. */
import type { FeedForwardSpec, MixtureSpec } from "../../replica/hardware.ts";
import type { Family } from "./families.ts";
import type { ConfigKeys } from "./keys.ts";

interface Sizes {
  readonly layers: number;
  readonly hiddenSize: number;
}

export function feedForwardOf(keys: ConfigKeys, family: Family, sizes: Sizes): FeedForwardSpec {
  const isSquared = keys.text("hidden_act", "mlp_hidden_act", "activation_function") === "relu2";
  const matrices = family.hasGate && !isSquared ? 3 : 2;
  const mixture = mixtureOf(keys, sizes.layers);
  const hasDense = mixture === undefined || mixture.layers < sizes.layers;
  return { size: hasDense ? denseSize(keys, family, sizes.hiddenSize) : 0, matrices, mixture };
}

function denseSize(keys: ConfigKeys, family: Family, hiddenSize: number): number {
  // Llama 4 gives experts the usual key, and dense layers one of their own.
  const names = ["intermediate_size_mlp", "intermediate_size", "ffn_hidden_size"];
  const others = ["n_inner", "ffn_dim", "inner_hidden_size"];
  const written = keys.countIfAny(...names, ...others);
  if (written !== undefined) return written;
  if (family.isFourTimesWide) return 4 * hiddenSize;
  return keys.count("intermediate_size", "ffn_hidden_size", ...others);
}

function mixtureOf(keys: ConfigKeys, layers: number): MixtureSpec | undefined {
  const experts = keys.countIfAny(
    "num_local_experts",
    "num_experts",
    "n_routed_experts",
    "moe_num_experts",
    "num_moe_experts",
  );
  if (experts === undefined || experts === 1) return undefined;
  const expertsPerToken = keys.count(
    "num_experts_per_tok",
    "num_experts_per_token",
    "experts_per_token",
    "moe_top_k",
    "moe_topk",
    "moe_k",
  );
  if (expertsPerToken > experts) {
    const message = `${expertsPerToken} experts per token are more than the ${experts} there are`;
    keys.conflict("num_experts_per_tok", message);
  }
  const expertSize = expertSizeOf(keys);
  const mixtureLayers = mixtureLayersOf(keys, layers);
  if (mixtureLayers === 0) return undefined;
  return {
    layers: mixtureLayers,
    experts,
    expertsPerToken,
    expertSize,
    sharedSize: sharedSizeOf(keys, expertSize),
  };
}

function expertSizeOf(keys: ConfigKeys): number {
  return keys.count(
    "moe_intermediate_size",
    "expert_intermediate_size",
    "expert_ffn_hidden_size",
    "intermediate_size",
    "ffn_hidden_size",
  );
}

/** Stated as a width, or as a number of experts like the routed ones; Llama 4 has one and says nothing. */
function sharedSizeOf(keys: ConfigKeys, expertSize: number): number {
  const width = keys.countIfAny("shared_expert_intermediate_size", "shared_intermediate_size");
  if (width !== undefined) return width;
  const shared = keys.countIfAny(
    "n_shared_experts",
    "num_shared_experts",
    "num_shared_expert",
    "moe_num_shared_experts",
  );
  if (shared !== undefined) return shared * expertSize;
  return keys.has("interleave_moe_layer_step") ? expertSize : 0;
}

/** Which layers are mixtures is said in one of five ways; where nothing is said, all are. */
function mixtureLayersOf(keys: ConfigKeys, layers: number): number {
  const types = keys.perLayer("mlp_layer_types", layers);
  if (types !== undefined) return types.filter((type) => type !== "dense").length;
  const listed = keys.layerNumbers("moe_layers", layers);
  if (listed !== undefined) return listed.size;
  const frequencies = keys.perLayer("moe_layer_freq", layers);
  if (frequencies !== undefined) return frequencies.filter((one) => one === 1).length;
  const dense = keys.layerNumbers("mlp_only_layers", layers) ?? new Set();
  const first = keys.countIfAny("first_k_dense_replace", "moe_layer_start_index") ?? 0;
  if (first >= layers) {
    const message = `expected fewer than the ${layers} layers there are (num_hidden_layers), got ${first}: no layer would have experts`;
    keys.conflict("first_k_dense_replace", message);
  }
  const every = keys.countIfAny(
    "interleave_moe_layer_step",
    "decoder_sparse_step",
    "moe_layer_freq",
    "moe_layer_interval",
  );
  // DeepSeek counts layers from 0 (0, 2, 4 for 2), Qwen and Llama 4 from 1 (1, 3, 5).
  const offset = keys.has("interleave_moe_layer_step", "decoder_sparse_step") ? 1 : 0;
  return Array.from({ length: layers }, (_, layer) => layer).filter(
    (layer) => layer >= first && !dense.has(layer) && (layer + offset) % (every ?? 1) === 0,
  ).length;
}
