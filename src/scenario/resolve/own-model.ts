/**
 * A model of the file's own, as a shape. What the file leaves out is chosen so that the shape adds up to the parameters
 * stated: the width of the feed-forward network, else the vocabulary, and the experts of a mixture.
 */
import { weightCounts } from "../../replica/weights.ts";
import type { ModelShape } from "../catalogue/models.ts";
import type { ModelFile } from "../schema/hardware.ts";

/** Where neither the file nor its sums say; that of Llama 2. */
const USUAL_VOCABULARY = 32_000;

/** The shape of `platform.models.<name>`. */
export function ownModel(name: string, own: ModelFile): ModelShape {
  const { layers, hiddenSize } = own;
  const base: ModelShape = {
    name,
    layers,
    hiddenSize,
    attention: {
      kind: "grouped",
      heads: own.attentionHeads,
      kvHeads: own.kvHeads,
      headSize: own.headSize,
      window: undefined,
    },
    feedForward: { size: 0, matrices: 3, mixture: undefined },
    vocabulary: USUAL_VOCABULARY,
    tiedEmbeddings: false,
    otherParameters: 0,
    maxContextTokens: own.maxContext,
  };
  const counts = weightCounts({ ...base, precision: "bf16", kvPrecision: "bf16" });
  const withoutEmbeddings = counts.attention + counts.norms;
  const perWidth = 3 * hiddenSize * layers;
  const active = own.activeParameters ?? own.parameters;
  const activeWidth = (active - withoutEmbeddings - 2 * counts.embedding) / perWidth;
  if (active < own.parameters) {
    const expertSize = own.ffnSize ?? atLeastOne(activeWidth);
    const expertsPerToken = atLeastOne(activeWidth / expertSize);
    const others = (own.parameters - active) / (perWidth * expertSize);
    const experts = expertsPerToken + Math.max(0, Math.round(others));
    const mixture = { layers, experts, expertsPerToken, expertSize, sharedSize: 0 };
    return { ...base, feedForward: { size: 0, matrices: 3, mixture } };
  }
  const size = own.ffnSize ?? atLeastOne(activeWidth);
  const left = own.parameters - withoutEmbeddings - perWidth * size;
  const feedForward = { size, matrices: 3, mixture: undefined } as const;
  return { ...base, feedForward, vocabulary: atLeastOne(left / (2 * hiddenSize)) };
}

function atLeastOne(value: number): number {
  return Math.max(1, Math.round(value));
}
