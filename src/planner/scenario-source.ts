/**
 * The scenario that a plan's jobs are made of, as every thread can load it: the text of a file that has been found valid. Variants
 * that change what the file says (`overrides`) are loaded anew, and kept while they are likely to be asked for again.
 */
import { assert } from "../base/assert.ts";
import { ScenarioText } from "../scenario/load.ts";
import type { Scenario } from "../scenario/scenario.ts";

export interface ScenarioSource {
  readonly text: string;
  readonly fileName: string;
  /** Of every variant, before its own. */
  readonly overrides: readonly string[];
  /** The folder that traces' paths start from. */
  readonly baseDir: string;
  /** Where files lie that came from another machine, by the paths the scenario gives them. */
  readonly files?: readonly (readonly [path: string, place: string])[];
  readonly tenantryVersion: string;
}

/** Scenarios kept: a thread works on replications of one variant, or on sizes of a few, at a time. */
const MOST_KEPT = 8;

export class LoadedScenarios {
  readonly #source: ScenarioSource;
  readonly #text: ScenarioText;
  /** By their overrides, the one asked for longest ago first. */
  readonly #kept = new Map<string, Scenario>();

  constructor(source: ScenarioSource) {
    this.#source = source;
    this.#text = new ScenarioText(source.text);
  }

  /** The file's scenario with these values changed. Overrides must have been found valid. */
  with(overrides: readonly string[]): Scenario {
    const key = JSON.stringify(overrides);
    const scenario = this.#kept.get(key) ?? this.#load(overrides);
    this.#kept.delete(key);
    this.#kept.set(key, scenario);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > MOST_KEPT && oldest !== undefined) this.#kept.delete(oldest);
    return scenario;
  }

  #load(overrides: readonly string[]): Scenario {
    const { fileName, overrides: always } = this.#source;
    const loaded = this.#text.load({ fileName, overrides: [...always, ...overrides] });
    assert(loaded.kind === "loaded", "jobs are made of scenarios that have been loaded before");
    return loaded.scenario;
  }
}
