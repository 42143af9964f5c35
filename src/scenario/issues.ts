/**
 * Zod's issues in the words of a scenario author: what was expected and what was found, at the path it was found, one
 * finding per unknown key, and of a union only the alternative that was meant.
 */
import type { z } from "zod";
import { nearest } from "./nearest.ts";
import { isContainer, valueAt } from "./plain.ts";
import { type Finding, formatPath, type Path } from "./problems.ts";
import type { JsonSchema } from "./schema/file.ts";
import { knownKeys, stepIntoSchema } from "./schema/walk.ts";
import { show } from "./units.ts";

type Issue = z.core.$ZodIssue;

const NOUNS: ReadonlyMap<string, string> = new Map([
  ["object", "a map"],
  ["record", "a map"],
  ["array", "a list"],
  ["string", "text"],
  ["number", "a number"],
  ["int", "a whole number"],
  ["boolean", "true or false"],
]);

/** Wording of every issue the schema does not word itself; handed to safeParse. */
export function wording(issue: z.core.$ZodRawIssue): string | undefined {
  const got = `got ${show(issue.input)}`;
  if (issue.code === "invalid_type") {
    return `expected ${NOUNS.get(issue.expected) ?? issue.expected}, ${got}`;
  }
  if (issue.code === "invalid_value") {
    return `expected ${issue.values.length > 1 ? "one of " : ""}${issue.values.join(", ")}, ${got}`;
  }
  if (issue.code === "too_small") {
    const bound = issue.inclusive === true ? "at least" : "more than";
    return `expected ${bound} ${issue.minimum}${unitOf(issue.origin)}, ${got}`;
  }
  if (issue.code === "too_big") {
    const bound = issue.inclusive === true ? "at most" : "less than";
    return `expected ${bound} ${issue.maximum}${unitOf(issue.origin)}, ${got}`;
  }
  if (issue.code === "invalid_union" && Array.isArray(issue["options"])) {
    const chosen = isContainer(issue.input)
      ? issue.input[String(issue["discriminator"])]
      : undefined;
    return `expected one of ${issue["options"].join(", ")}, got ${show(chosen)}`;
  }
  return undefined;
}

/** Findings for the issues of one safeParse of `file`. */
export function findingsOf(issues: readonly Issue[], file: unknown, schema: JsonSchema): Finding[] {
  const found = issues
    .flatMap((issue) => unfold(issue, []))
    .flatMap((issue) => {
      const path = issue.path.map((key) => (typeof key === "number" ? key : String(key)));
      return findingOf(issue, path, {
        value: valueAt(file, path),
        schema: schemaAt(schema, file, path),
      });
    });
  return withoutEchoes(found);
}

/** A misspelt key is one mistake: what is missing because of it is not reported beside it. */
function withoutEchoes(found: readonly Finding[]): Finding[] {
  const misspelt = found.filter((finding) => finding.message.startsWith(UNKNOWN_KEY));
  const meant = new Set(
    misspelt.map(({ path, suggestion }) => formatPath([...path.slice(0, -1), suggestion ?? ""])),
  );
  const parents = new Set(misspelt.map(({ path }) => formatPath(path.slice(0, -1))));
  return found.filter((finding) => {
    const path = formatPath(finding.path);
    const isMissing = finding.message.startsWith("is missing") && meant.has(path);
    return !isMissing && !(finding.message.endsWith(", got none") && parents.has(path));
  });
}

const UNKNOWN_KEY = "unknown key";

function findingOf(
  issue: Issue,
  path: Path,
  here: { readonly value: unknown; readonly schema: JsonSchema | undefined },
): Finding[] {
  if (issue.code === "unrecognized_keys") {
    const known = knownKeys(here.schema, here.value);
    return issue.keys.map((key) => ({
      severity: "error",
      path: [...path, key],
      message: `${UNKNOWN_KEY}; known here: ${known.join(", ")}`,
      suggestion: nearest(key, known),
      at: "key",
    }));
  }
  const base = { severity: "error", path, suggestion: suggestionOf(issue, here.value) } as const;
  if (issue.code === "invalid_key") {
    return [{ ...base, message: issue.issues[0]?.message ?? "not a valid name", at: "key" }];
  }
  if (here.value === undefined) return [{ ...base, message: missing(issue.message), at: "value" }];
  return [{ ...base, message: issue.message, at: "value" }];
}

function missing(message: string): string {
  return message.endsWith(", got nothing")
    ? `is missing: ${message.slice(0, -", got nothing".length)}`
    : `is missing`;
}

function suggestionOf(issue: Issue, value: unknown): string | undefined {
  if (issue.code === "invalid_value" && typeof value === "string") {
    return nearest(value, issue.values.map(String));
  }
  if (issue.code === "invalid_union" && typeof value === "string") {
    const options = "options" in issue ? (issue.options ?? []) : [];
    const values = issue.errors.flat().flatMap((one) => ("values" in one ? one.values : []));
    return nearest(value, [...options, ...values].map(String));
  }
  const suggestion: unknown = issue.code === "custom" ? issue.params?.["suggestion"] : undefined;
  return typeof suggestion === "string" ? suggestion : undefined;
}

/** The issues of the alternative that was meant, with their full paths; the issue itself where none was. */
function unfold(issue: Issue, prefix: readonly PropertyKey[]): Issue[] {
  const path = [...prefix, ...issue.path];
  if (issue.code !== "invalid_union" || issue.errors.length === 0) return [{ ...issue, path }];
  let best: readonly Issue[] | undefined;
  let bestMisfit = WRONG_TYPE;
  for (const branch of issue.errors) {
    const misfit = branch.reduce((sum, inner) => sum + misfitOf(inner), 0);
    if (misfit < bestMisfit) {
      best = branch;
      bestMisfit = misfit;
    }
  }
  if (best === undefined) {
    const isWorded = issue.message.startsWith("expected ");
    return [{ ...issue, path, message: isWorded ? issue.message : alternativesOf(issue) }];
  }
  return best.flatMap((inner) => unfold(inner, path));
}

/** Above any sum of lesser misfits. */
const WRONG_TYPE = 1000;

/** How much an issue says that this alternative was not meant: its own type or its own keys are wrong. */
function misfitOf(issue: Issue): number {
  const depth = issue.path.length;
  const isOwn = depth === 0;
  if (issue.code === "invalid_type" || issue.code === "invalid_value") {
    if (isOwn) return WRONG_TYPE;
    return depth === 1 && issue.message.endsWith("got nothing") ? 2 : 0;
  }
  if (issue.code === "unrecognized_keys") return isOwn ? 2 * issue.keys.length : 0;
  if (issue.code !== "invalid_union") return 0;
  // Without alternatives to show it is a discriminator that names none of them.
  if (issue.errors.length === 0) return depth <= 1 ? 1 : 0;
  return isOwn ? WRONG_TYPE : 0;
}

function alternativesOf(issue: Issue & { code: "invalid_union" }): string {
  const texts = issue.errors.flatMap((branch) => branch.slice(0, 1).map((inner) => inner.message));
  const expected = texts
    .map((text) => /^expected (.*), got /u.exec(text)?.[1])
    .filter((text) => text !== undefined);
  const got =
    texts.map((text) => /, got .*$/u.exec(text)?.[0]).find((text) => text !== undefined) ?? "";
  return expected.length === 0
    ? issue.message
    : `expected ${[...new Set(expected)].join(", or ")}${got}`;
}

function unitOf(origin: string): string {
  return origin === "array" ? " entries" : origin === "string" ? " characters" : "";
}

function schemaAt(schema: JsonSchema, file: unknown, path: Path): JsonSchema | undefined {
  let here: JsonSchema | undefined = schema;
  for (const [depth, key] of path.entries()) {
    if (here === undefined) return undefined;
    here = stepIntoSchema(here, key, valueAt(file, path.slice(0, depth + 1)));
  }
  return here;
}
