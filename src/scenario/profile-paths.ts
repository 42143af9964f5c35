/**
 * Which profile files a scenario names. Reading files is the caller's business; what they hold is laid over the scenario
 * as an override, so that its text and overrides say everything, also in another thread or in a journal.
 */
import { parseText } from "./document.ts";
import { migrate } from "./migrate.ts";
import { applyOverride } from "./override.ts";
import { keysAt, valueAt } from "./plain.ts";
import { scenarioJsonSchema } from "./schema/file.ts";

export interface ProfilePath {
  /** Of the scenario, as --set writes it. */
  readonly key: string;
  /** As written in the scenario, relative to its file. */
  readonly path: string;
}

/** The profiles that pools name by path. A scenario that cannot be read names none: loading it says why. */
export function profilePathsOf(text: string, overrides: readonly string[]): readonly ProfilePath[] {
  const parsed = parseText(text);
  if (parsed.kind === "malformed") return [];
  const { value } = migrate(parsed.value);
  if (overrides.length > 0) {
    const schema = scenarioJsonSchema();
    for (const override of overrides) applyOverride(value, override, schema);
  }
  return keysAt(value, ["platform", "pools"]).flatMap((pool) => {
    const path = valueAt(value, ["platform", "pools", pool, "stepTime", "profile"]);
    const key = `platform.pools["${pool}"].stepTime.profile`;
    return typeof path === "string" ? [{ key, path }] : [];
  });
}
