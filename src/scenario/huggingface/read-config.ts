/**
 * A Hugging Face config.json as a model. Architectures differ in what they call things, what they leave to defaults and
 * what they nest (`text_config` of multimodal models); what is read here is only what step times and memory depend on.
 * Files are read by whoever has a disk: this sees their content.
 */
import type { ModelSpec, WeightPrecision } from "../../replica/hardware.ts";
import { firstText, isPlainMap, type PlainMap } from "../plain.ts";
import { show } from "../units.ts";
import { attentionOf } from "./attention.ts";
import { type Family, familyOf, nestedTypeOf } from "./families.ts";
import { feedForwardOf } from "./feed-forward.ts";
import { ConfigKeys, type ConfigProblem, MOST } from "./keys.ts";
import { storedAs } from "./quantization.ts";
import { visionParameters } from "./vision.ts";

/** A model without the precisions, which are the pool's to choose. */
export type ModelShape = Omit<ModelSpec, "precision" | "kvPrecision">;

export type ReadConfig =
  | {
      readonly kind: "model";
      readonly config: PlainMap;
      readonly shape: ModelShape;
      /** As the checkpoint stores its weights; undefined for a method that has no counterpart here. */
      readonly precision: WeightPrecision | undefined;
      /** That method. */
      readonly quantization: string | undefined;
      /** What was taken otherwise than the model has it. */
      readonly notes: readonly string[];
    }
  | { readonly kind: "unusable"; readonly problems: readonly ConfigProblem[] };

/** Where multimodal models keep the language model. */
const NESTED = ["text_config", "llm_config", "language_config", "thinker_config"];
/** Maps whose keys are read as if they stood outside (DBRX). */
const SPREAD = ["attn_config", "ffn_config"];
/** Kinds of rope scaling with which a model takes longer contexts than its file states. */
const STRETCHED = new Set(["linear", "dynamic", "yarn"]);
/** Kept outside where the rest is nested. */
const SHARED = ["quantization_config", "tie_word_embeddings"];

export function readConfig(name: string, config: unknown): ReadConfig {
  if (!isPlainMap(config)) {
    const message = `expected the map of a Hugging Face config.json, got ${show(config)}`;
    return { kind: "unusable", problems: [{ key: "", message }] };
  }
  const { values, prefix } = languagePart(config);
  const isNested = prefix !== "";
  const outerType = firstText(config["model_type"]);
  const modelType = firstText(values["model_type"], isNested ? nestedTypeOf(outerType) : outerType);
  const family = familyOf(modelType, isNested);
  const keys = new ConfigKeys(values, family.defaults, prefix);
  if (!family.isDecoder || config["is_encoder_decoder"] === true) {
    const message = `${modelType || "the model"} does not generate token by token with a KV cache: expected a decoder (…ForCausalLM)`;
    keys.problem("model_type", message);
    return { kind: "unusable", problems: keys.problems };
  }
  const layers = keys.count("num_hidden_layers", "n_layer", "n_layers", "num_layers");
  const hiddenSize = keys.count("hidden_size", "n_embd", "d_model", "n_embed");
  const maxContextTokens = maxContextOf(keys, family);
  const shape: ModelShape = {
    name,
    layers,
    hiddenSize,
    attention: attentionOf(keys, family, { layers, hiddenSize, maxContextTokens }),
    feedForward: feedForwardOf(keys, family, { layers, hiddenSize }),
    vocabulary: keys.count("vocab_size", "padded_vocab_size"),
    tiedEmbeddings: keys.flag("tie_word_embeddings") === true,
    otherParameters: visionParameters(config),
    maxContextTokens,
  };
  const stored = storedAs(keys);
  if (keys.problems.length > 0) return { kind: "unusable", problems: keys.problems };
  return {
    kind: "model",
    config,
    shape,
    precision: stored.kind === "known" ? stored.precision : undefined,
    quantization: stored.kind === "known" ? undefined : stored.method,
    notes: keys.notes,
  };
}

/** The keys of the language model, however deep they stand, and the path to them. */
function languagePart(config: PlainMap): { values: PlainMap; prefix: string } {
  const key = NESTED.find((one) => isPlainMap(config[one]));
  const inner = key === undefined ? undefined : config[key];
  if (key !== undefined && isPlainMap(inner)) {
    const deeper = languagePart(inner);
    const shared = Object.fromEntries(
      SHARED.filter((one) => config[one] !== undefined).map((one) => [one, config[one]]),
    );
    return { values: { ...shared, ...deeper.values }, prefix: `${key}.${deeper.prefix}` };
  }
  const spread = SPREAD.map((one) => config[one]).filter(isPlainMap);
  return { values: Object.assign({}, ...spread, config), prefix: "" };
}

/** Longest context: as stated, times what rope scaling adds to it (as vLLM derives max_model_len). */
function maxContextOf(keys: ConfigKeys, family: Family): number {
  const stated = keys.count(
    "max_position_embeddings",
    "n_positions",
    "max_seq_len",
    "seq_length",
    "model_max_length",
    "max_sequence_length",
  );
  const scaling = keys.map("rope_scaling", "rope_parameters");
  return family.isScaledAlready || scaling === undefined ? stated : scaled(keys, stated, scaling);
}

function scaled(keys: ConfigKeys, stated: number, scaling: PlainMap): number {
  const type = firstText(scaling["rope_type"], scaling["type"]);
  if (!STRETCHED.has(type)) return stated;
  const { factor, original_max_position_embeddings: original } = scaling;
  if (typeof factor !== "number" || !(factor >= 1)) {
    keys.problem("rope_scaling.factor", `expected a number of 1 or more, got ${show(factor)}`);
    return stated;
  }
  const base = type === "yarn" && typeof original === "number" ? original : stated;
  const tokens = Math.round(base * factor);
  if (tokens >= 1 && tokens <= MOST) return tokens;
  const message = `${factor} times ${base} tokens is no length of context: expected at most ${MOST}`;
  keys.problem("rope_scaling.factor", message);
  return stated;
}
