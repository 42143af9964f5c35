/**
 * What to check of a file in which something is malformed: the rest of it without the parts concerned, and those parts with
 * their faults mended as far as can be guessed. Neither is ever run.
 */
import { isPlainMap, valueAt } from "./plain.ts";
import type { Finding, Path } from "./problems.ts";

/** Required values that no default stands for; whatever they are, names beside them can be looked up. */
const STAND_INS: Readonly<Record<string, unknown>> = {
  replicas: 1,
  promptTokens: 1,
  outputTokens: 1,
};

/** The part of the file that is set aside when something in it is malformed: one pool, one tenant, one section. */
export function partOf(path: Path): Path {
  if (path[0] === "platform") {
    const isMapOfNames = ["tiers", "pools", "tenants", "models", "gpus"].includes(String(path[1]));
    return path.slice(0, isMapOfNames ? 3 : 2);
  }
  return path.slice(0, path[0] === "workload" ? 2 : 1);
}

/** A copy of `value` without the given parts. */
export function withoutParts(value: unknown, parts: readonly Path[]): unknown {
  const copy = copied(value);
  for (const part of parts) {
    const parent = valueAt(copy, part.slice(0, -1));
    const key = part.at(-1);
    if (typeof parent === "object" && parent !== null && key !== undefined) {
      Reflect.deleteProperty(parent, key);
    }
  }
  return copy;
}

/** A copy of `value` in which misspelt keys have the names that were meant, and bad values are gone or stood in for. */
export function withMends(value: unknown, found: readonly Finding[]): unknown {
  const copy = copied(value);
  for (const { path, at, suggestion } of found) {
    const parent = valueAt(copy, path.slice(0, -1));
    const key = String(path.at(-1));
    if (!isPlainMap(parent)) continue;
    const bad = parent[key];
    Reflect.deleteProperty(parent, key);
    if (at === "key" && suggestion !== undefined && parent[suggestion] === undefined) {
      parent[suggestion] = bad;
    } else if (at === "value" && STAND_INS[key] !== undefined) {
      parent[key] = STAND_INS[key];
    }
  }
  return copy;
}

function copied(value: unknown): unknown {
  const copy: unknown = JSON.parse(JSON.stringify(value));
  if (isPlainMap(copy) && copy["name"] === undefined) copy["name"] = "unnamed";
  return copy;
}
