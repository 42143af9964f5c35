/**
 * Text to a plain value, and back from a path in that value to a line and column. YAML 1.2 with merge keys; JSON is a
 * subset of it. Malformed text is a value here, never an exception.
 */
import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  visit,
  type YAMLMap,
} from "yaml";
import type { Path } from "./problems.ts";

export interface Position {
  /** Both count from 1. */
  readonly line: number;
  readonly column: number;
}

interface SyntaxProblem {
  readonly message: string;
  readonly at: Position;
}

export type ParsedText =
  | {
      readonly kind: "parsed";
      /** Plain maps, lists and scalars; nothing is shared between two places, so it may be changed. */
      readonly value: unknown;
      /** Where a path was written: its key or its value; the nearest enclosing one where it was not written itself. */
      locate(path: Path, at: "key" | "value"): Position;
    }
  | { readonly kind: "malformed"; readonly problems: readonly SyntaxProblem[] };

/** What the parser says when it runs out of stack. */
const OVERFLOW = /maximum call stack|stack overflow/iu;
/** Deeper nesting than any scenario has; also stops an alias that contains itself. */
const MAX_DEPTH = 64;

/** Parses a scenario file; every syntax error is reported, duplicate keys included. */
export function parseText(text: string): ParsedText {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    merge: true,
    stringKeys: true,
    prettyErrors: false,
  });
  const position = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  if (document.errors.length > 0) {
    const problems = tellingErrors(document.errors).map((error) => ({
      message: plainMessage(error.message),
      at: position(error.pos[0]),
    }));
    return { kind: "malformed", problems };
  }
  const forbidden = forbiddenKeys(document);
  if (forbidden.length > 0) {
    const problems = forbidden.map((offset) => ({
      message: `${FORBIDDEN_KEY}: this name cannot be used`,
      at: position(offset),
    }));
    return { kind: "malformed", problems };
  }
  const plain = plainValue(document);
  if (plain.kind === "refused") {
    return { kind: "malformed", problems: [{ message: plain.message, at: position(0) }] };
  }
  return {
    kind: "parsed",
    value: plain.value,
    locate: (path, at) => position(offsetOf(document, path, at)),
  };
}

/** Text that nests without end is one problem, however many brackets the parser then misses. */
function tellingErrors<T extends { readonly message: string }>(errors: readonly T[]): readonly T[] {
  const endless = errors.find(({ message }) => OVERFLOW.test(message));
  return endless === undefined ? errors : [endless];
}

/** JavaScript gives it a meaning of its own: as a key of an object it would vanish without a word. */
const FORBIDDEN_KEY = "__proto__";

/** Where such keys begin. */
function forbiddenKeys(document: Document.Parsed): number[] {
  const offsets: number[] = [];
  visit(document, {
    Pair(_, { key }) {
      if (isScalar(key) && key.value === FORBIDDEN_KEY) offsets.push(key.range?.[0] ?? 0);
    },
  });
  return offsets;
}

/** A copy that shares nothing; throws where it nests deeper than MAX_DEPTH. */
export function unshared(value: unknown, depth = 0): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (depth > MAX_DEPTH) throw new RangeError("nested too deeply");
  if (Array.isArray(value)) return value.map((item) => unshared(item, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, unshared(item, depth + 1)]),
  );
}

function plainValue(
  document: Document.Parsed,
): { kind: "value"; value: unknown } | { kind: "refused"; message: string } {
  try {
    return { kind: "value", value: unshared(document.toJS()) };
  } catch (error) {
    // The library throws for an alias without an anchor and for one that expands without bound.
    const message = error instanceof Error ? error.message : String(error);
    return { kind: "refused", message: plainMessage(message) };
  }
}

function plainMessage(message: string): string {
  if (OVERFLOW.test(message)) return "nested too deeply";
  if (message.startsWith("Source contains multiple documents")) {
    return "a second document begins here; a scenario is a file of its own";
  }
  if (message.startsWith("Map keys must be unique")) return "this key is given twice";
  return message.split("\n")[0]!.replace(/ at line \d+, column \d+:?$/u, "");
}

function offsetOf(document: Document.Parsed, path: Path, at: "key" | "value"): number {
  let node: Node | null = document.contents;
  let offset = startOf(node) ?? 0;
  for (const [depth, key] of path.entries()) {
    const step = stepInto(document, node, key);
    if (step === undefined) return offset;
    const isLast = depth === path.length - 1;
    const wantsKey = (at === "key" && isLast) || readsBetterAtKey(step.node);
    const [first, second] = wantsKey
      ? [step.keyOffset, startOf(step.node)]
      : [startOf(step.node), step.keyOffset];
    offset = first ?? second ?? offset;
    node = step.node;
  }
  return offset;
}

/** A block map starts at its own first key, and the empty value of a bare key after the colon. */
function readsBetterAtKey(node: Node | null): boolean {
  return (isMap(node) && node.flow !== true) || isEmptyScalar(node);
}

/** A key without a value has an empty scalar after its colon. */
function isEmptyScalar(node: Node | null): boolean {
  return (
    isScalar(node) &&
    node.range !== null &&
    node.range !== undefined &&
    node.range[0] === node.range[1]
  );
}

interface Step {
  readonly node: Node | null;
  readonly keyOffset: number | undefined;
}

function stepInto(
  document: Document.Parsed,
  node: Node | null,
  key: string | number,
): Step | undefined {
  const target = isAlias(node) ? (node.resolve(document) ?? null) : node;
  if (isSeq(target) && typeof key === "number") {
    const item = target.items[key];
    return isNode(item) ? { node: item, keyOffset: undefined } : undefined;
  }
  if (!isMap(target)) return undefined;
  const pair = pairOf(document, target, String(key));
  if (pair === undefined) return undefined;
  return { node: isNode(pair.value) ? pair.value : null, keyOffset: startOf(pair.key) };
}

/** The pair that gives `key` its value, looked for in the maps merged with `<<` too. */
function pairOf(document: Document.Parsed, map: YAMLMap, key: string): Pair | undefined {
  const pairs = map.items;
  const own = pairs.find((pair) => isScalar(pair.key) && String(pair.key.value) === key);
  if (own !== undefined) return own;
  for (const pair of pairs) {
    if (!isScalar(pair.key) || pair.key.source !== "<<") continue;
    const sources = isSeq(pair.value) ? pair.value.items : [pair.value];
    for (const source of sources) {
      const merged = isAlias(source) ? source.resolve(document) : source;
      const found = isMap(merged) ? pairOf(document, merged, key) : undefined;
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

function startOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}
