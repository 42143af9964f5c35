/** The tenants that a server would know: those of the scenario file with those of the store, loaded as `serve` loads them. */
import { withStoredTenants } from "../live/stored-tenants.ts";
import type { StoredTenant } from "../live/store/store.ts";
import { loadScenario } from "../scenario/load.ts";
import { nearest } from "../scenario/nearest.ts";
import { formatProblem, type Problem } from "../scenario/problems.ts";
import type { Scenario } from "../scenario/scenario.ts";
import { InputError } from "./exit-codes.ts";
import { readScenarioSource } from "./read-scenario.ts";

/** Fails: InputError with every problem when they do not make a scenario together. */
export function scenarioWith(
  fileName: string,
  tenants: readonly Pick<StoredTenant, "name" | "spec">[],
): Scenario {
  const source = withStoredTenants(readScenarioSource(fileName, []), tenants);
  const loaded = loadScenario(source.text, { fileName, overrides: source.overrides });
  if (loaded.kind === "loaded") return loaded.scenario;
  throw new InputError(loaded.problems.map(inTenantsWords).join("\n"));
}

/** The names in the order of the platform. Fails: InputError when `name` is none of them. */
export function requireTenant(scenario: Scenario, name: string): void {
  const known = scenario.platform.tenants.map((tenant) => tenant.name);
  if (known.includes(name)) return;
  const meant = nearest(name, known);
  const hint = meant === undefined ? `known are ${known.join(", ")}` : `did you mean '${meant}'?`;
  throw new InputError(`there is no tenant '${name}'; ${hint}`);
}

/** A problem of a stored tenant has no place in a file: its path says enough. */
function inTenantsWords(problem: Problem): string {
  const text = formatProblem(problem);
  return problem.place.kind === "set"
    ? text.replace(`--set ${problem.place.override}: `, "")
    : text;
}
