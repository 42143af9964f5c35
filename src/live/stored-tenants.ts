/**
 * Tenants that were added or changed beside the scenario file, laid over it. The one place for this rule: serving, reloading
 * and the command line all see the same platform.
 */
import type { ScenarioSource } from "./inputs.ts";
import type { StoredTenant } from "./store/store.ts";

/** The scenario with the stored tenants' specs in place of, or behind, its own. */
export function withStoredTenants(
  source: ScenarioSource,
  tenants: readonly Pick<StoredTenant, "name" | "spec">[],
): ScenarioSource {
  const laidOver = tenants.flatMap(({ name, spec }) =>
    spec === undefined ? [] : [`platform.tenants["${name}"]=${JSON.stringify(spec)}`],
  );
  return { text: source.text, overrides: [...source.overrides, ...laidOver] };
}
