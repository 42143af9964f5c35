/**
 * The models a scenario may name. An entry holds the keys of the model's published config.json and is read by the same
 * code as a config.json of the user's own; parameter counts are computed from the shape, never copied.
 */
import { assert } from "../../base/assert.ts";
import type { WeightPrecision } from "../../replica/hardware.ts";
import { type ModelShape, readConfig } from "../huggingface/read-config.ts";
import type { PlainMap } from "../plain.ts";
import type { Checkpoint, ModelFacts } from "./entry.ts";
import { LATENT_MODELS } from "./models/latent.ts";
import { LLAMA_MODELS } from "./models/llama.ts";
import { MISTRAL_MODELS } from "./models/mistral.ts";
import { OTHER_MODELS } from "./models/others.ts";
import { QWEN_MODELS } from "./models/qwen.ts";
import { WINDOWED_MODELS } from "./models/windowed.ts";

export interface ModelEntry
  extends Pick<ModelFacts, "source" | "published" | "checkpoints" | "config"> {
  readonly shape: ModelShape;
}

/** Every model by the name scenario files use, families together. */
export const MODELS: ReadonlyMap<string, ModelEntry> = new Map(
  [LLAMA_MODELS, QWEN_MODELS, MISTRAL_MODELS, LATENT_MODELS, WINDOWED_MODELS, OTHER_MODELS].flatMap(
    (family) => family.map((facts) => [facts.name, entryOf(facts)]),
  ),
);

/** A model as one of its checkpoints has it: its shape, and how its weights are stored. */
export interface NamedModel {
  readonly entry: ModelEntry;
  readonly shape: ModelShape;
  readonly precision: WeightPrecision;
}

/** By a name of the catalogue, or of one of its checkpoints on Hugging Face (`Qwen/Qwen3-32B-FP8`), case aside. */
export function modelNamed(name: string): NamedModel | undefined {
  const known = MODELS.get(name);
  if (known !== undefined) return checkpointOf(known, known.checkpoints[0]!);
  return CHECKPOINTS.get(name.toLowerCase());
}

const CHECKPOINTS: ReadonlyMap<string, NamedModel> = new Map(
  [...MODELS.values()].flatMap((entry) =>
    entry.checkpoints.map((one) => [one[0].toLowerCase(), checkpointOf(entry, one)]),
  ),
);

function checkpointOf(entry: ModelEntry, [, precision, own]: Checkpoint): NamedModel {
  const shape =
    own === undefined ? entry.shape : shapeOf(entry.shape.name, { ...entry.config, ...own });
  return { entry, shape, precision };
}

function entryOf({ name, source, published, checkpoints, config }: ModelFacts): ModelEntry {
  return { shape: shapeOf(name, config), source, published, checkpoints, config };
}

function shapeOf(name: string, config: PlainMap): ModelShape {
  const read = readConfig(name, config);
  assert(read.kind === "model", "an entry of the catalogue cannot be read");
  return read.shape;
}
