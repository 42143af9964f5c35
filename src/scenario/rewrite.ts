/**
 * Writes changed values back into the text of a scenario file: what --set would change for one run, for good. Only the values
 * themselves are replaced; comments, order and spacing stay as their author left them. Whatever the new text says is read back
 * and compared with what was asked for, so that a file is never left saying something else.
 */
import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  parse,
  parseDocument,
  type Pair,
  stringify,
  type YAMLMap,
} from "yaml";
import { applyOverride, splitPath } from "./override.ts";
import { parseText } from "./document.ts";
import { isPlainMap, valueAt } from "./plain.ts";
import { formatPath, type Path } from "./problems.ts";
import { DEFAULT_TIERS } from "./schema/platform.ts";
import { scenarioJsonSchema } from "./schema/file.ts";

export type Rewritten =
  | { readonly kind: "rewritten"; readonly text: string }
  /** By hand then: the reason names the place. */
  | { readonly kind: "refused"; readonly reason: string };

/** The text with `path=value` applied in order. Nothing is removed: a value of null is refused. */
export function rewriteText(text: string, overrides: readonly string[]): Rewritten {
  let here = text;
  for (const override of overrides) {
    const split = splitPath(override);
    if (split === undefined) return refused(`${override}: expected path=value`);
    const { path } = split;
    if (path[0] === "platform" && path[1] === "tiers" && !hasTiers(here)) {
      const tiers = written(here, ["platform", "tiers"], DEFAULT_TIERS);
      if (tiers.kind === "refused") return tiers;
      here = tiers.text;
    }
    const step = written(here, path, parse(split.text));
    if (step.kind === "refused") return step;
    here = step.text;
  }
  return saysTheSame(text, here, overrides)
    ? { kind: "rewritten", text: here }
    : refused("the file could not be changed without changing what else it says");
}

function refused(reason: string): Rewritten {
  return { kind: "refused", reason };
}

function hasTiers(text: string): boolean {
  return valueAt(parse(text, { merge: true }), ["platform", "tiers"]) !== undefined;
}

/** Reads the new text back. */
function saysTheSame(before: string, after: string, overrides: readonly string[]): boolean {
  const [asked, got] = [parseText(before), parseText(after)];
  if (asked.kind !== "parsed" || got.kind !== "parsed") return false;
  const value = asked.value;
  for (const override of overrides) {
    if (applyOverride(value, override, scenarioJsonSchema()).kind !== "set") return false;
  }
  return JSON.stringify(sorted(value)) === JSON.stringify(sorted(got.value));
}

/** Keys in one order: where a new key stands in its map says nothing. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isPlainMap(value)) return value;
  const keys = Object.keys(value).toSorted();
  return Object.fromEntries(keys.map((key) => [key, sorted(value[key])]));
}

function written(text: string, path: Path, value: unknown): Rewritten {
  const document = parseDocument(text, { merge: true, stringKeys: true });
  const found = find(document, path);
  if (found.kind === "refused") return found;
  const { parent, pair, rest } = found;
  // What lies between the deepest map that is there and the value is made new.
  const nested = rest.toReversed().reduce<unknown>((inner, key) => ({ [key]: inner }), value);
  const isJson = text.trimStart().startsWith("{");
  const words = isJson ? JSON.stringify(nested) : flow(nested);
  if (pair !== undefined) return { kind: "rewritten", text: replaced(text, pair, words) };
  const key = isJson ? JSON.stringify(found.key) : found.key;
  return { kind: "rewritten", text: inserted(text, parent, `${key}: ${words}`) };
}

/** One line of YAML. */
function flow(value: unknown): string {
  return stringify(value, { collectionStyle: "flow", lineWidth: 0 }).trimEnd();
}

type Found =
  | {
      readonly kind: "found";
      readonly parent: YAMLMap;
      readonly key: string;
      /** Undefined: the map has no such key. */
      readonly pair: Pair | undefined;
      readonly rest: readonly string[];
    }
  | Extract<Rewritten, { kind: "refused" }>;

function find(document: Document.Parsed, path: Path): Found {
  let node: unknown = document.contents;
  for (const [depth, key] of path.entries()) {
    const where = formatPath(path.slice(0, depth + 1));
    if (isAlias(node)) return byHand(where, "comes from an anchor");
    if (isSeq(node)) {
      node = node.items[Number(key)];
      continue;
    }
    if (!isMap(node)) return byHand(where, "is not in a map");
    const pair = node.items.find(
      (one) => isScalar(one.key) && String(one.key.value) === String(key),
    );
    const isLast = depth === path.length - 1;
    if (pair === undefined || isLast || !isNode(pair.value)) {
      const isMerged = pair === undefined && node.has("<<");
      if (isMerged) return byHand(where, "may come from a merged map");
      if (pair !== undefined && isAlias(pair.value)) return byHand(where, "comes from an anchor");
      const rest = path.slice(depth + 1).map(String);
      return { kind: "found", parent: node, key: String(key), pair, rest };
    }
    node = pair.value;
  }
  return byHand(formatPath(path), "is a list's entry");
}

function byHand(where: string, why: string): Extract<Rewritten, { kind: "refused" }> {
  return { kind: "refused", reason: `${where} ${why}: change it by hand` };
}

function replaced(text: string, { key, value }: Pair, words: string): string {
  const keyEnd = rangeOf(key)[1];
  const colon = text.indexOf(":", keyEnd);
  // A value in block style begins on a line of its own; in its place comes one beside its key.
  let end = isNode(value) && value.range ? value.range[1] : colon + 1;
  // A map in block style ends where the next line of its surroundings begins.
  while (end > colon + 1 && /\s/u.test(text[end - 1]!)) end -= 1;
  return `${text.slice(0, colon + 1)} ${words}${text.slice(end)}`;
}

function inserted(text: string, parent: YAMLMap, entry: string): string {
  const last = parent.items.at(-1);
  if (parent.flow === true) {
    if (last === undefined) {
      const [start, end] = rangeOf(parent);
      return `${text.slice(0, start)}{ ${entry} }${text.slice(end)}`;
    }
    const end = isNode(last.value) ? rangeOf(last.value)[1] : rangeOf(last.key)[1];
    return `${text.slice(0, end)}, ${entry}${text.slice(end)}`;
  }
  // Before the first key, on a line of its own: what follows the last one may be anybody's comment.
  const start = rangeOf(parent.items[0]!.key)[0];
  const indent = start - (text.lastIndexOf("\n", start - 1) + 1);
  return `${text.slice(0, start)}${entry}\n${" ".repeat(indent)}${text.slice(start)}`;
}

function rangeOf(node: unknown): readonly [number, number] {
  if (!isNode(node) || !node.range) throw new RangeError("a parsed node has a range");
  return [node.range[0], node.range[1]];
}
