/** A side of a comparison as somebody names it: a result that is there, or a scenario that is simulated, on all cores. */
import { statSync } from "node:fs";
import { join } from "node:path";
import { replicate, seedsFrom } from "../planner/seeds.ts";
import type { Side } from "../report/compare/side.ts";
import type { Results } from "../results/results.ts";
import { InputError } from "./exit-codes.ts";
import { type PlanInput, readPlanInput, withPool } from "./plan-run.ts";
import { resultsOf } from "./read-results.ts";
import { readText } from "./read-scenario.ts";

export interface SideOptions {
  readonly replications?: string;
  readonly seed?: string;
  readonly threads?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

type Named =
  | { readonly kind: "results"; readonly source: string; readonly results: Results }
  | { readonly kind: "scenario"; readonly source: string; readonly input: PlanInput };

/**
 * Every path as a side; "interrupted" after Ctrl-C. All scenarios are simulated with the same seeds: from --seed on, or that of a
 * result they are compared with, or that of the first scenario.
 *
 * Fails: InputError with what is wrong with the first path that cannot be used.
 */
export async function readSides(
  paths: readonly string[],
  options: SideOptions,
): Promise<readonly Side[] | "interrupted"> {
  const named = paths.map((path) => read(path, options));
  const seeds = seedsOf(named, options);
  const scenarios = named.filter(({ kind }) => kind === "scenario").length;
  const all = scenarios * seeds.length;
  let done = 0;
  const sides: Side[] = [];
  for (const one of named) {
    const { source } = one;
    if (one.kind === "results") {
      sides.push({ source, runs: [one.results] });
      continue;
    }
    const runs = await withPool(one.input, (pool) => replicate(pool, {}, seeds), { done, all });
    if (runs === "interrupted") return runs;
    sides.push({ source, runs });
    done += seeds.length;
  }
  return sides;
}

/** A folder with a results.json, such a file, or a scenario. */
function read(path: string, options: SideOptions): Named {
  const file = isFolder(path) ? join(path, "results.json") : path;
  const text = readText(file);
  const value = parsed(text);
  const isScenario =
    /\.ya?ml$/i.test(file) || (isObject(value) && "platform" in value && "version" in value);
  if (isScenario) {
    return { kind: "scenario", source: path, input: readPlanInput(file, { ...options, set: [] }) };
  }
  if (value === undefined) {
    throw new InputError(
      `${file} is neither a results.json (it is not JSON) nor a scenario (expected a name ending in .yaml)`,
    );
  }
  const results = resultsOf(value, file);
  for (const name of ["replications", "seed"] as const) {
    if (options[name] === undefined) continue;
    throw new InputError(
      `--${name} is about scenarios, and ${file} is the result of one run; name its scenario instead`,
    );
  }
  return { kind: "results", source: path, results };
}

function seedsOf(named: readonly Named[], { seed }: SideOptions): readonly number[] {
  const ofResults = named.flatMap((one) =>
    one.kind === "results" ? [one.results.scenario.seed] : [],
  );
  const inputs = named.flatMap((one) => (one.kind === "scenario" ? [one.input] : []));
  const [first] = inputs;
  if (first === undefined) return [];
  const own = first.scenario.simulation.seed;
  return seedsFrom(seed === undefined ? (ofResults[0] ?? own) : own, first.replications);
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
