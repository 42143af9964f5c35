/** Plain values as they come out of YAML: maps, lists, scalars. */
import type { Path } from "./problems.ts";

export type PlainMap = Record<string, unknown>;

export function isPlainMap(value: unknown): value is PlainMap {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A map or a list: something a key or an index leads into. */
export function isContainer(value: unknown): value is Record<string | number, unknown> {
  return typeof value === "object" && value !== null;
}

/** The first of these values that is a string; empty where none is. */
export function firstText(...values: readonly unknown[]): string {
  return values.find((value) => typeof value === "string") ?? "";
}

/** The value at a path; undefined where there is none. */
export function valueAt(file: unknown, path: Path): unknown {
  let here = file;
  for (const key of path) {
    if (!isContainer(here) || !Object.hasOwn(here, key)) return undefined;
    here = here[key];
  }
  return here;
}

/** The keys of the map at a path, in the order of the file; none where there is no map. */
export function keysAt(file: unknown, path: Path): string[] {
  const value = valueAt(file, path);
  return isPlainMap(value) ? Object.keys(value) : [];
}
