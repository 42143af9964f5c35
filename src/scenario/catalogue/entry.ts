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
  /** The usual one first, which the model's own name stands for. */
  readonly checkpoints: readonly Checkpoint[];
  /** Keys of the config.json that step times and memory depend on. */
  readonly config: PlainMap;
}

/**
 * A repository on Hugging Face, as vLLM's --model takes it, how it stores its weights, and what its config.json says
 * otherwise than the model's: base models often take longer contexts than those tuned from them.
 */
export type Checkpoint = readonly [id: string, precision: WeightPrecision, own?: PlainMap];

/** A config.json read in this repository of NVIDIA's, which collects them. */
export function inAiconfigurator(id: string, commit = "095f58a"): string {
  return `config.json of ${id}, as in ai-dynamo/aiconfigurator model_configs (${commit})`;
}

/** As in litgpt, which restates the config.json of every model it trains. */
export function inLitgpt(id: string): string {
  return `config.json of ${id}, as in Lightning-AI/litgpt litgpt/config.py (0006c97)`;
}

/** As read from a collection of config.json files. */
export function inLlmProf(id: string): string {
  return `config.json of ${id}, as in citsjtu2020/LLM-Prof sglang/Model_Config.md (8434c8d)`;
}

/** Recollected, not read in a stored copy: what holds it is that it adds up to the model card's parameters. */
export function fromCard(id: string): string {
  return `config.json of ${id} (recollected; its sum is held against the model card)`;
}
