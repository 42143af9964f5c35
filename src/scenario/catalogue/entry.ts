/** What the catalogue says of a model: the keys of its published config.json, where they are from, and its checkpoints. */
import type { WeightPrecision } from "../../replica/hardware.ts";
import type { PlainMap } from "../plain.ts";

export interface ModelFacts {
  /** As scenario files name it. */
  readonly name: string;
  /** Of `config`. */
  readonly source: string;
  /**
   * Parameters in billions as published, all and, of a mixture, per token: what the computed counts are held against.
   * Cards differ in whether a token's count holds the embeddings.
   */
  readonly published: readonly [total: number, active?: number];
  /** Repositories on Hugging Face, as vLLM's --model takes them, and how each stores its weights; the usual one first. */
  readonly checkpoints: readonly (readonly [id: string, precision: WeightPrecision])[];
  /** Keys of the config.json that step times and memory depend on. */
  readonly config: PlainMap;
}

/** A config.json read in this repository of NVIDIA's, which collects them. */
export function inAiconfigurator(id: string, commit = "095f58a"): string {
  return `config.json of ${id}, as in ai-dynamo/aiconfigurator model_configs (${commit})`;
}

/** Recollected, not read in a stored copy: what holds it is that it adds up to the model card's parameters. */
export function fromCard(id: string): string {
  return `config.json of ${id} (recollected; its sum is held against the model card)`;
}
