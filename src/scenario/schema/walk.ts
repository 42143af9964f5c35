/**
 * Finds its way in the JSON Schema by a path of the file: which keys are known at a place, for "did you mean".
 */
import { isContainer } from "../plain.ts";
import type { JsonSchema } from "./file.ts";

/** The schema below `key`, or undefined where the schema knows nothing of it. `value` picks among alternatives. */
export function stepIntoSchema(
  schema: JsonSchema,
  key: string | number,
  value: unknown,
): JsonSchema | undefined {
  const found: JsonSchema[] = [];
  for (const branch of alternatives(schema)) {
    const next = childOf(branch, key);
    if (next !== undefined) found.push(...alternatives(next));
  }
  const fitting = found.filter((branch) => fits(branch, value));
  const chosen = fitting.length > 0 ? fitting : found;
  if (chosen.length === 0) return undefined;
  return chosen.length === 1 ? chosen[0] : { anyOf: chosen };
}

/** Keys the schema knows for a map with this value. */
export function knownKeys(schema: JsonSchema | undefined, value: unknown): string[] {
  if (schema === undefined) return [];
  const branches = alternatives(schema);
  const fitting = branches.filter((branch) => fits(branch, value));
  const keys = (fitting.length > 0 ? fitting : branches).flatMap((branch) =>
    Object.keys(branch.properties ?? {}),
  );
  return [...new Set(keys)];
}

function childOf(schema: JsonSchema, key: string | number): JsonSchema | undefined {
  if (typeof key === "number") {
    return Array.isArray(schema.items) ? undefined : schemaOf(schema.items);
  }
  const own = schema.properties;
  if (own !== undefined && Object.hasOwn(own, key)) return schemaOf(own[key]);
  return schemaOf(schema.additionalProperties);
}

/** JSON Schema also allows true and false, which say nothing about keys. */
function schemaOf(schema: JsonSchema | boolean | undefined): JsonSchema | undefined {
  return typeof schema === "object" ? schema : undefined;
}

function alternatives(schema: JsonSchema): JsonSchema[] {
  const branches = schema.anyOf ?? schema.oneOf;
  if (branches === undefined) return [schema];
  return branches.flatMap((branch) => (typeof branch === "object" ? alternatives(branch) : []));
}

/** Whether a value has the constants (such as `process: gamma`) that tell alternatives apart. */
function fits(schema: JsonSchema, value: unknown): boolean {
  if (!isContainer(value)) return true;
  for (const [key, property] of Object.entries(schema.properties ?? {})) {
    const constant = schemaOf(property)?.const;
    if (constant !== undefined && value[key] !== constant) return false;
  }
  return true;
}
