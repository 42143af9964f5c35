/**
 * A model as version 1 of scenario files described it, in the keys of a config.json. What that left open is chosen so
 * that the parameters it stated come out: the width of the feed-forward network, else the vocabulary, and the experts of
 * a mixture. Part of migration, and not to be changed.
 */
import type { PlainMap } from "./plain.ts";
import { parseCount } from "./units.ts";

/** That of Llama 2, where nothing else follows. */
const USUAL_VOCABULARY = 32_000;

/** Undefined where the map is no such model, or its numbers are none: the schema says what is wrong. */
export function configOfShape(model: PlainMap): PlainMap | undefined {
  const parameters = numberOf(model["parameters"]);
  const layers = numberOf(model["layers"]);
  const hidden = numberOf(model["hiddenSize"]);
  const heads = numberOf(model["attentionHeads"]);
  const kvHeads = numberOf(model["kvHeads"]);
  const headSize = numberOf(model["headSize"]);
  const maxContext = numberOf(model["maxContext"]);
  const sizes = [parameters, layers, hidden, heads, kvHeads, headSize, maxContext];
  if (model["config"] !== undefined || sizes.some(Number.isNaN)) return undefined;
  const ffnSize = model["ffnSize"] === undefined ? undefined : numberOf(model["ffnSize"]);
  const written = numberOf(model["activeParameters"]);
  const active = Number.isNaN(written) ? parameters : written;
  const norms = hidden * (2 * layers + 1);
  const attention = 2 * layers * hidden * headSize * (heads + kvHeads);
  const perWidth = 3 * hidden * layers;
  const rest = active - attention - norms;
  const activeWidth = (rest - 2 * hidden * USUAL_VOCABULARY) / perWidth;
  const width = ffnSize ?? atLeastOne(activeWidth);
  const isDense = active >= parameters;
  return {
    model_type: "llama",
    num_hidden_layers: layers,
    hidden_size: hidden,
    num_attention_heads: heads,
    num_key_value_heads: kvHeads,
    head_dim: headSize,
    intermediate_size: width,
    ...(isDense
      ? {}
      : experts({ width, activeWidth, othersWidth: (parameters - active) / perWidth })),
    vocab_size: isDense ? atLeastOne((rest - perWidth * width) / (2 * hidden)) : USUAL_VOCABULARY,
    max_position_embeddings: maxContext,
  };
}

/** Experts of one width that add up to what a token uses, and to what it does not. */
function experts(given: {
  readonly width: number;
  readonly activeWidth: number;
  readonly othersWidth: number;
}): PlainMap {
  const perToken = atLeastOne(given.activeWidth / given.width);
  const others = Math.max(1, Math.round(given.othersWidth / given.width));
  return { num_local_experts: perToken + others, num_experts_per_tok: perToken };
}

function atLeastOne(value: number): number {
  return Math.max(1, Math.round(value));
}

/** A count as version 1 took it: a number, or text such as 8.03B; NaN for anything else. */
function numberOf(value: unknown): number {
  if (typeof value === "number") return value;
  if (typeof value !== "string") return Number.NaN;
  const parsed = parseCount(value);
  return parsed.kind === "value" ? parsed.value : Number.NaN;
}
