/** The measured models' shapes: from the catalogue, or from their published config.json where it lacks them. */
import type { ModelSpec } from "../src/replica/hardware.ts";
import { MODELS, type ModelShape } from "../src/scenario/catalogue/models.ts";

type Dense = readonly [layers: number, hidden: number, heads: number, ffn: number, vocab: number];

/** All with 8 KV heads of 128. */
const OTHERS: Readonly<Record<string, Dense>> = {
  "codellama-34b": [48, 8_192, 64, 22_016, 32_000],
  "qwen3-14b": [40, 5_120, 40, 17_408, 151_936],
};

export function modelNamed(name: string): ModelSpec {
  const shape = MODELS.get(name) ?? denseShape(name);
  return { ...shape, precision: "bf16", kvPrecision: "bf16" };
}

function denseShape(name: string): ModelShape {
  const other = OTHERS[name];
  if (other === undefined) throw new Error(`${name}: neither in the catalogue nor known here`);
  const [layers, hiddenSize, heads, size, vocabulary] = other;
  return {
    name,
    layers,
    hiddenSize,
    attention: { kind: "grouped", heads, kvHeads: 8, headSize: 128, window: undefined },
    feedForward: { size, matrices: 3, mixture: undefined },
    vocabulary,
    tiedEmbeddings: false,
    otherParameters: 0,
    maxContextTokens: 131_072,
  };
}
