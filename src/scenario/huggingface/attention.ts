/** The attention of a config.json: grouped heads or a latent vector, and which layers look back only so far. */
import type { AttentionSpec, AttentionWindow } from "../../replica/hardware.ts";
import { firstText } from "../plain.ts";
import type { Family } from "./families.ts";
import type { ConfigKeys } from "./keys.ts";

interface Sizes {
  readonly layers: number;
  readonly hiddenSize: number;
  readonly maxContextTokens: number;
}

export function attentionOf(keys: ConfigKeys, family: Family, sizes: Sizes): AttentionSpec {
  const heads = keys.count("num_attention_heads", "n_head", "n_heads", "num_heads");
  refuseOtherMemory(keys, family, sizes.layers);
  const kvLoraRank = keys.countIfAny("kv_lora_rank");
  if (kvLoraRank !== undefined) {
    noteSparse(keys);
    return {
      kind: "latent",
      heads,
      kvLoraRank,
      ropeHeadSize: keys.count("qk_rope_head_dim"),
      nopeHeadSize: keys.count("qk_nope_head_dim"),
      valueHeadSize: keys.count("v_head_dim"),
      qLoraRank: keys.countIfAny("q_lora_rank") ?? 0,
    };
  }
  const kvHeads = kvHeadsOf(keys, heads);
  if (heads % kvHeads !== 0) {
    const message = `${kvHeads} key-value heads do not divide ${heads} attention heads`;
    keys.conflict("num_key_value_heads", message);
  }
  const headSize = headSizeOf(keys, heads, sizes.hiddenSize);
  return { kind: "grouped", heads, kvHeads, headSize, window: windowOf(keys, family, sizes) };
}

function kvHeadsOf(keys: ConfigKeys, heads: number): number {
  const written = keys.positiveIfAny(
    "num_key_value_heads",
    "num_kv_heads",
    "n_head_kv",
    "kv_n_heads",
    "multi_query_group_num",
  );
  // Falcon's first models state num_kv_heads and share one all the same.
  const sharesOne = keys.flag("multi_query") === true;
  if (sharesOne && keys.flag("new_decoder_architecture") !== true) return 1;
  return written ?? heads;
}

function headSizeOf(keys: ConfigKeys, heads: number, hiddenSize: number): number {
  const written = keys.positiveIfAny("head_dim", "kv_channels", "attention_head_dim");
  if (written !== undefined) return written;
  if (hiddenSize % heads === 0) return hiddenSize / heads;
  const message = `is missing, and hidden_size ${hiddenSize} does not divide by ${heads} heads: add it`;
  keys.conflict("head_dim", message);
  return 1;
}

/** What a layer is in `layer_types`; anything else keeps a memory of its own kind. */
const WITH_WINDOW = new Set(["sliding_attention", "chunked_attention"]);
const WITHOUT_WINDOW = new Set(["full_attention", "attention", "global_attention"]);

function windowOf(keys: ConfigKeys, family: Family, sizes: Sizes): AttentionWindow | undefined {
  const tokens = keys.countIfAny("sliding_window", "sliding_window_size", "attention_chunk_size");
  if (tokens === undefined || tokens >= sizes.maxContextTokens) return undefined;
  const isOff =
    keys.flag("use_sliding_window") === false ||
    (family.hasWindowOnRequest && keys.flag("use_sliding_window") !== true);
  const types = keys.list("layer_types");
  if (isOff && types === undefined) return undefined;
  const layers = types === undefined ? windowLayers(keys, sizes.layers) : typedLayers(types);
  return layers === 0 ? undefined : { tokens, layers };
}

function typedLayers(types: readonly unknown[]): number {
  return types.filter((type) => typeof type === "string" && WITH_WINDOW.has(type)).length;
}

/** Without a list of types: Qwen's first layers see everything, Gemma's and Cohere's every n-th, Llama 4's those without rope. */
function windowLayers(keys: ConfigKeys, layers: number): number {
  const whole = keys.countIfAny("max_window_layers");
  if (whole !== undefined) return Math.max(0, layers - whole);
  const rope = keys.list("no_rope_layers");
  if (rope !== undefined && rope.length > 0) return rope.filter((one) => one === 1).length;
  const every = keys.countIfAny(
    "sliding_window_pattern",
    "_sliding_window_pattern",
    "no_rope_layer_interval",
  );
  return every === undefined ? layers : layers - Math.floor(layers / every);
}

/** Keys of layers that remember in a state of fixed size. */
const STATE_KEYS = [
  "linear_num_key_heads",
  "lru_width",
  "mamba_d_state",
  "state_size",
  "ssm_cfg",
  "ssm_state_size",
  "hybrid_override_pattern",
  "attn_layer_period",
  "linear_attn_config",
];
/** What `attn_type_list` (MiniMax) says of a layer with a KV cache. */
const SOFTMAX = 1;

function refuseOtherMemory(keys: ConfigKeys, family: Family, layers: number): void {
  const types = keys.perLayer("layer_types", layers);
  const other = types?.find((type) => !keepsCache(type));
  if (other !== undefined) return refuse(keys, "layer_types", firstText(other));
  if (family.hasState) return refuse(keys, "model_type", keys.text("model_type") ?? "");
  const kinds = keys.perLayer("attn_type_list", layers);
  if (kinds?.some((kind) => kind !== SOFTMAX) === true) return refuse(keys, "attn_type_list", "");
  // Where every layer is listed as one with a KV cache, what a file says of the other kind concerns no layer.
  const state = types === undefined ? STATE_KEYS.find((key) => keys.has(key)) : undefined;
  if (state !== undefined) refuse(keys, state, "");
}

function keepsCache(type: unknown): boolean {
  return typeof type === "string" && (WITH_WINDOW.has(type) || WITHOUT_WINDOW.has(type));
}

function refuse(keys: ConfigKeys, key: string, kind: string): void {
  const what = kind === "" ? "" : ` (${kind})`;
  keys.problem(
    key,
    `the model has layers without a KV cache${what}, whose memory does not grow with the context: they are not modelled`,
  );
}

/** DeepSeek-V3.2 reads a choice of the cached tokens only. */
function noteSparse(keys: ConfigKeys): void {
  if (!keys.has("index_topk")) return;
  keys.notes.push(
    "its sparse attention (index_topk) is taken as dense: step times at long contexts come out too long",
  );
}
