/**
 * Finds the place in a scenario that a short name means: `shared.replicas`, `tiers.gold.weight`, `acme.rate`. Keys of the full path
 * may be left out, but for the last, as long as one place alone has the keys that are named, in their order; of several, the one that
 * the file writes is meant, and a full path means itself. Places are what the schema knows, with the names that the file gives
 * its pools, tenants and clients.
 */
import { nearest } from "./nearest.ts";
import { isContainer, isPlainMap } from "./plain.ts";
import { formatPath, type Path } from "./problems.ts";
import type { JsonSchema } from "./schema/file.ts";
import { knownKeys, stepIntoSchema } from "./schema/walk.ts";

export interface Place {
  readonly path: Path;
  /** Whether the file has it, or only the schema. */
  readonly isWritten: boolean;
}

export type PathFound =
  | { readonly kind: "found"; readonly path: Path }
  | { readonly kind: "refused"; readonly message: string; readonly suggestion: string | undefined };

/** Deeper than any place of the schema: a guard against one that contains itself. */
const MOST_DEPTH = 16;
/** Sections that say nothing about a simulation, and would only make names ambiguous. */
const UNRELATED = new Set(["$schema", "version", "name", "description", "serve"]);
/** Places told where a name means several. */
const SHOWN_PLACES = 4;

/** Every place of a file (a plain value), with the default tiers written out where the caller has done so. */
export function placesOf(file: unknown, schema: JsonSchema): readonly Place[] {
  const places: Place[] = [];
  const visit = (value: unknown, at: JsonSchema | undefined, path: Path): void => {
    if (path.length > 0) places.push({ path, isWritten: value !== undefined });
    // A scalar has nothing inside; what is not there yet has whatever the schema knows.
    if (at === undefined || path.length >= MOST_DEPTH) return;
    if (value !== undefined && !isContainer(value)) return;
    for (const key of keysOf(value, at)) {
      if (path.length === 0 && UNRELATED.has(String(key))) continue;
      const inner = isContainer(value) && Object.hasOwn(value, key) ? value[key] : undefined;
      visit(inner, stepIntoSchema(at, key, inner), [...path, key]);
    }
  };
  visit(file, schema, []);
  return places;
}

/** The one place that has these keys in this order, the last as its last. */
export function placeNamed(keys: Path, places: readonly Place[]): PathFound {
  const found = places.filter(({ path }) => isMeant(keys, path));
  const whole = found.filter(({ path }) => path.length === keys.length);
  const written = found.filter(({ isWritten }) => isWritten);
  for (const some of [whole, found, written]) {
    if (some.length === 1) return { kind: "found", path: some[0]!.path };
  }
  const paths = places.map(({ path }) => path);
  return found.length === 0 ? unknown(keys, paths) : ambiguous(found.map(({ path }) => path));
}

function keysOf(value: unknown, schema: JsonSchema): readonly (string | number)[] {
  if (Array.isArray(value)) return [...value.keys()];
  const own = isPlainMap(value) ? Object.keys(value) : [];
  return [...new Set([...knownKeys(schema, value), ...own])];
}

/** Whether the place has the keys, in order, and ends with their last. */
function isMeant(keys: Path, place: Path): boolean {
  if (keys.at(-1) !== place.at(-1)) return false;
  let next = 0;
  for (const key of place.slice(0, -1)) {
    if (next < keys.length - 1 && key === keys[next]) next += 1;
  }
  return next === keys.length - 1;
}

function ambiguous(found: readonly Path[]): PathFound {
  const shown = found.slice(0, SHOWN_PLACES).map(formatPath).join(", ");
  const more = found.length > SHOWN_PLACES ? ` and ${found.length - SHOWN_PLACES} more` : "";
  const message = `it may mean ${shown}${more}: name more of the path`;
  return { kind: "refused", message, suggestion: undefined };
}

/** A key that nothing is called, or one that what is named before it does not have. */
function unknown(keys: Path, places: readonly Path[]): PathFound {
  const names = new Set(places.flat());
  const strange = keys.find((key) => !names.has(key));
  const last = keys.at(-1)!;
  const before = keys.slice(0, -1);
  const isInside = (place: Path): boolean => isMeant([...before, place.at(-1)!], place);
  const inside = before.length === 0 ? [] : places.filter(isInside);
  if (strange !== undefined && (strange !== last || inside.length === 0)) {
    const known = [...names].filter((name) => typeof name === "string");
    const message = `nothing in the scenario is called '${strange}'`;
    return { kind: "refused", message, suggestion: nearest(String(strange), known) };
  }
  const known = [...new Set(inside.map((place) => String(place.at(-1))))];
  const message = `there is no '${last}' in ${formatPath(before) || "the scenario"}`;
  return { kind: "refused", message, suggestion: nearest(String(last), known) };
}
