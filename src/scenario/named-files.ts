/**
 * Which files a scenario names: profiles of step times, and models' config.json. Reading files is the caller's business;
 * what they hold is laid over the scenario as an override, so that its text and overrides say everything, also in another
 * thread or in a journal.
 */
import { parseText } from "./document.ts";
import { migrate } from "./migrate.ts";
import { applyOverride } from "./override.ts";
import { keysAt, valueAt } from "./plain.ts";
import { scenarioJsonSchema } from "./schema/file.ts";

export interface NamedFile {
  /** `model` is the config.json of a pool's model, which takes its name from the path where it has none. */
  readonly kind: "profile" | "config" | "model";
  /** Of the scenario, as --set writes it: what the file's content replaces. */
  readonly key: string;
  /** As written in the scenario, relative to its file. */
  readonly path: string;
  /** The model's name, where the scenario gives it. */
  readonly name: string | undefined;
}

/** The files that a scenario names by path. A scenario that cannot be read names none: loading it says why. */
export function namedFilesOf(text: string, overrides: readonly string[]): readonly NamedFile[] {
  const parsed = parseText(text);
  if (parsed.kind === "malformed") return [];
  const { value } = migrate(parsed.value);
  if (overrides.length > 0) {
    const schema = scenarioJsonSchema();
    for (const override of overrides) applyOverride(value, override, schema);
  }
  const pools = keysAt(value, ["platform", "pools"]).flatMap((pool) => [
    ...namedAt(value, "profile", `pools["${pool}"].stepTime.profile`, [
      "pools",
      pool,
      "stepTime",
      "profile",
    ]),
    ...namedAt(value, "model", `pools["${pool}"].model`, ["pools", pool, "model", "config"]),
  ]);
  const models = keysAt(value, ["platform", "models"]).flatMap((model) =>
    namedAt(value, "config", `models["${model}"].config`, ["models", model, "config"]),
  );
  return [...models, ...pools];
}

function namedAt(
  value: unknown,
  kind: NamedFile["kind"],
  key: string,
  at: readonly string[],
): readonly NamedFile[] {
  const path = valueAt(value, ["platform", ...at]);
  if (typeof path !== "string") return [];
  const name = valueAt(value, ["platform", ...at.slice(0, -1), "name"]);
  return [
    { kind, key: `platform.${key}`, path, name: typeof name === "string" ? name : undefined },
  ];
}
