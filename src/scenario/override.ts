/**
 * `--set path=value`: changes one value of a scenario before it is validated. The path names keys and list indices
 * (`platform.pools.shared.replicas`, `faults[0].crash.at`, `platform.models["my-1.5b"].layers`); the value is YAML, so
 * lists and maps can be set whole; `null` takes the key out, so that its
 * default holds (an empty value is refused: it is more likely a variable of the shell that was not set). An entry of a map of names must exist before something inside it can be set: a
 * misspelt tenant would otherwise become a new one.
 */
import { parseDocument } from "yaml";
import { nearest } from "./nearest.ts";
import { isContainer, isPlainMap, valueAt } from "./plain.ts";
import { formatPath, type Path } from "./problems.ts";
import { DEFAULT_TIERS } from "./schema/platform.ts";
import type { JsonSchema } from "./schema/file.ts";
import { stepIntoSchema } from "./schema/walk.ts";

type Override =
  | {
      readonly kind: "set";
      /** What was written: the path given, or the outermost map or list created on the way. */
      readonly path: Path;
    }
  | {
      readonly kind: "refused";
      readonly path: Path;
      readonly message: string;
      readonly suggestion: string | undefined;
    };

const SEGMENT = /^(?:\.?([^.[\]="]+)|\[(\d+)\]|\["([^"]+)"\])/u;

/** The value that takes a key out. */
const REMOVED = "null";

/** Applies one `path=value` to the plain value of a file, in place. */
export function applyOverride(file: unknown, override: string, schema: JsonSchema): Override {
  const split = splitPath(override);
  if (split === undefined) {
    return refused([], "expected path=value, for example simulation.seed=2");
  }
  const document = parseDocument(split.text, { prettyErrors: false });
  if (document.errors.length > 0) {
    return refused(split.path, `the value is not YAML: ${document.errors[0]!.message}`);
  }
  if (split.path[0] === "platform" && split.path[1] === "tiers") writeDefaultTiers(file);
  if (split.text.trim() === REMOVED) return remove(file, split.path);
  return put(file, split.path, { value: document.toJS() as unknown, schema });
}

/** Takes a key out of its map; what is not there need not be taken out. */
function remove(file: unknown, path: Path): Override {
  const at = path.slice(0, -1);
  const key = path.at(-1)!;
  const parent = valueAt(file, at);
  if (Array.isArray(parent)) {
    return refused(path, `${formatPath(at)} is a list: set it whole to leave an entry out`);
  }
  if (isPlainMap(parent)) Reflect.deleteProperty(parent, String(key));
  return { kind: "set", path };
}

/** The default tiers exist though the file does not write them; to change one, they are written first. */
export function writeDefaultTiers(file: unknown): void {
  const platform = isPlainMap(file) ? file["platform"] : undefined;
  if (!isPlainMap(platform) || platform["tiers"] !== undefined) return;
  platform["tiers"] = JSON.parse(JSON.stringify(DEFAULT_TIERS));
}

/** The keys of what stands before the equals sign, and what stands behind it. */
export function splitPath(override: string): { path: Path; text: string } | undefined {
  const path: (string | number)[] = [];
  let rest = override;
  for (;;) {
    const match = SEGMENT.exec(rest);
    if (match === null) break;
    const [whole, key, index, quoted] = match;
    path.push(index === undefined ? (key ?? quoted!).trim() : Number(index));
    rest = rest.slice(whole.length);
  }
  if (path.length === 0 || !rest.startsWith("=")) return undefined;
  return { path, text: rest.slice(1) };
}

function put(
  file: unknown,
  path: Path,
  given: { readonly value: unknown; readonly schema: JsonSchema },
): Override {
  let here: unknown = file;
  let schema: JsonSchema | undefined = given.schema;
  let written = path;
  for (const [depth, key] of path.entries()) {
    const at = path.slice(0, depth);
    const isLast = depth === path.length - 1;
    const misfit = misfitOf(here, key, at);
    if (misfit !== undefined) return misfit;
    if (!isContainer(here)) break;
    if (isLast) here[key] = given.value;
    else if (here[key] === undefined) {
      if (holdsNames(schema)) return unknownName(here, String(key), at);
      here[key] = typeof path[depth + 1] === "number" ? [] : {};
      if (written === path) written = path.slice(0, depth + 1);
    }
    here = here[key];
    schema = schema === undefined ? undefined : stepIntoSchema(schema, key, here);
  }
  return { kind: "set", path: written };
}

/** Whether a map's keys are names its author chose, rather than settings. */
function holdsNames(schema: JsonSchema | undefined): boolean {
  return schema?.properties === undefined && schema?.additionalProperties !== undefined;
}

/** Why `key` cannot be reached in `here`, if it cannot. */
function misfitOf(here: unknown, key: string | number, at: Path): Override | undefined {
  const where = at.length === 0 ? "the file" : formatPath(at);
  if (Array.isArray(here)) {
    if (typeof key !== "number")
      return refused(at, `${where} is a list: expected an index such as [0]`);
    if (key > here.length) return refused([...at, key], `${where} has ${here.length} entries`);
    return undefined;
  }
  if (!isPlainMap(here)) return refused(at, `${where} is neither a map nor a list`);
  if (typeof key === "number")
    return refused(at, `${where} is a map: expected a key, not an index`);
  if (key === "__proto__") return refused([...at, key], "no such key");
  return undefined;
}

function unknownName(names: object, key: string, at: Path): Override {
  const known = Object.keys(names);
  const message = `there is no '${key}' in ${formatPath(at)} (${known.join(", ") || "it is empty"})`;
  return { kind: "refused", path: [...at, key], message, suggestion: nearest(key, known) };
}

function refused(path: Path, message: string): Override {
  return { kind: "refused", path, message, suggestion: undefined };
}
