/**
 * What the cross-checks share: the file as validated, the file as written, and where to report. A part with structural
 * problems of its own is left out of the validated file, yet its name still counts as known, so that one mistake is
 * reported once.
 */
import { inOrderOfNearness, nearest } from "../nearest.ts";
import { keysAt } from "../plain.ts";
import type { Findings, Path } from "../problems.ts";
import type { ScenarioFile } from "../schema/file.ts";

export interface Context {
  readonly file: ScenarioFile;
  /** The plain value, for the names it holds. */
  readonly written: unknown;
  readonly report: Findings;
}

/** A reference by name, to resolve. */
interface Reference {
  readonly path: Path;
  /** What is referred to, for the error: "tier". */
  readonly what: string;
  readonly name: string;
}

/**
 * Index of `name` among the validated entries `usable`, or undefined: reported unless it is at least written at `where`.
 */
export function indexOfName(
  context: Context,
  reference: Reference,
  from: { readonly usable: readonly string[]; readonly where: Path },
): number | undefined {
  const index = from.usable.indexOf(reference.name);
  if (index >= 0) return index;
  const written = [...new Set([...from.usable, ...keysAt(context.written, from.where)])];
  if (!written.includes(reference.name)) reportUnknown(context, reference, written);
  return undefined;
}

/** Longer lists are cut to the names nearest. */
const MOST_LISTED = 16;
const NEAREST_LISTED = 5;

function knownNames({ what, name }: Reference, known: readonly string[]): string {
  if (known.length <= MOST_LISTED) return `known: ${known.join(", ") || "none"}`;
  const nearby = inOrderOfNearness(name, known).slice(0, NEAREST_LISTED).join(", ");
  const all = what === "model" ? "; tenantry models lists all" : "";
  return `nearest of ${known.length} known: ${nearby}${all}`;
}

/** Reports a name that is not among `known`. */
export function reportUnknown(
  context: Context,
  reference: Reference,
  known: readonly string[],
): void {
  const message = `unknown ${reference.what} '${reference.name}' (${knownNames(reference, known)})`;
  context.report.list.push({
    severity: "error",
    path: reference.path,
    message,
    suggestion: nearest(reference.name, known),
    // Shares are given per name: there the unknown name is itself the key.
    at: reference.path.at(-1) === reference.name ? "key" : "value",
  });
}
