/**
 * Text of a scenario file in, a Scenario out, or everything that is wrong with it at once. The order is: YAML, migration
 * of older versions, --set, structure and units (zod), references and sizes (resolve/). Cross-checks run even when
 * some part is malformed: that part is set aside and the rest is checked, so that one run of the program reports all.
 */
import { type ParsedText, parseText, unshared } from "./document.ts";
import { findingsOf, wording } from "./issues.ts";
import { migrate } from "./migrate.ts";
import { applyOverride, writeDefaultTiers } from "./override.ts";
import {
  type Finding,
  findings,
  type Findings,
  formatPath,
  type Path,
  type Problem,
} from "./problems.ts";
import type { Context } from "./resolve/context.ts";
import { resolvePlan } from "./resolve/plan.ts";
import { resolveServe } from "./resolve/serve.ts";
import { resolvePlatform } from "./resolve/platform.ts";
import { resolveFaults } from "./resolve/faults.ts";
import { resolveSimulation } from "./resolve/run.ts";
import { resolveClients } from "./resolve/workload.ts";
import type { Scenario } from "./scenario.ts";
import { partOf, withMends, withoutParts } from "./set-aside.ts";
import { type Place, placesOf } from "./short-path.ts";
import { scenarioFile, type ScenarioFile, scenarioJsonSchema } from "./schema/file.ts";

interface LoadOptions {
  /** How problems name the file. */
  readonly fileName: string;
  /** `path=value`, applied in order. */
  readonly overrides: readonly string[];
}

export type Loaded =
  | { readonly kind: "loaded"; readonly scenario: Scenario; readonly warnings: readonly Problem[] }
  | { readonly kind: "invalid"; readonly problems: readonly Problem[] };

/** What places findings: the text, what migration moved, what --set wrote. */
interface Places {
  readonly fileName: string;
  readonly text: Extract<ParsedText, { kind: "parsed" }>;
  readonly moved: readonly { readonly to: Path; readonly from: Path }[];
  readonly written: readonly { readonly path: Path; readonly override: string }[];
}

/** Loads a scenario. Every outcome is a value; all problems come at once, in the order of the file. */
export function loadScenario(text: string, options: LoadOptions): Loaded {
  return new ScenarioText(text).load(options);
}

/** A file's text, parsed once, for those who load it again and again with other overrides. */
export class ScenarioText {
  readonly #parsed: ParsedText;

  constructor(text: string) {
    this.#parsed = parseText(text);
  }

  load({ fileName, overrides }: LoadOptions): Loaded {
    const parsed = this.#parsed;
    if (parsed.kind === "malformed") {
      const problems = parsed.problems.map(({ message, at }) => ({
        place: { kind: "file", fileName, ...at } as const,
        path: "",
        message,
        suggestion: undefined,
      }));
      return { kind: "invalid", problems };
    }
    const migrated = migrate(unshared(parsed.value));
    const report = findings();
    report.list.push(...migrated.findings);
    const applied = migrated.value === undefined ? NOTHING : applyAll(migrated.value, overrides);
    const scenario = migrated.value === undefined ? undefined : validate(migrated.value, report);
    const { moved } = migrated;
    const places: Places = { fileName, text: parsed, moved, written: applied.written };
    const problems = [...applied.problems, ...problemsOf(report.list, "error", places)];
    if (problems.length > 0 || scenario === undefined) return { kind: "invalid", problems };
    return { kind: "loaded", scenario, warnings: problemsOf(report.list, "warning", places) };
  }

  /** What short names may mean in the file with these overrides; nothing where it is malformed. */
  places(overrides: readonly string[]): readonly Place[] {
    if (this.#parsed.kind === "malformed") return [];
    const { value } = migrate(unshared(this.#parsed.value));
    applyAll(value, overrides);
    writeDefaultTiers(value);
    return placesOf(value, scenarioJsonSchema());
  }
}

interface Applied {
  readonly problems: readonly Problem[];
  readonly written: readonly { readonly path: Path; readonly override: string }[];
}

const NOTHING: Applied = { problems: [], written: [] };

function applyAll(file: unknown, overrides: readonly string[]): Applied {
  const problems: Problem[] = [];
  const written: { path: Path; override: string }[] = [];
  if (overrides.length === 0) return NOTHING;
  const schema = scenarioJsonSchema();
  for (const override of overrides) {
    const result = applyOverride(file, override, schema);
    if (result.kind === "set") written.push({ path: result.path, override });
    else {
      const { path, message, suggestion } = result;
      problems.push({
        place: { kind: "set", override },
        path: formatPath(path),
        message,
        suggestion,
      });
    }
  }
  return { problems, written };
}

/** Structure first, then references and sizes; undefined where something was reported that rules a scenario out. */
function validate(value: unknown, report: Findings): Scenario | undefined {
  const parsed = scenarioFile.safeParse(value, { error: wording });
  if (parsed.success) return resolve({ file: parsed.data, written: value, report });
  const found = findingsOf(parsed.error.issues, value, scenarioJsonSchema());
  report.list.push(...found);
  const parts = found.map((finding) => partOf(finding.path));
  const rest = scenarioFile.safeParse(withoutParts(value, parts));
  if (rest.success) resolve({ file: rest.data, written: value, report });
  // Names within a part that was set aside are looked up as well; the rest of what a mended part gives rise to is not the file's.
  const mended = scenarioFile.safeParse(withMends(value, found));
  if (mended.success) {
    const inMended = findings();
    resolve({ file: mended.data, written: value, report: inMended });
    const isInPart = ({ path }: Finding): boolean => parts.some((part) => isPrefix(part, path));
    report.list.push(...inMended.list.filter(isInPart));
  }
  return undefined;
}

function resolve(context: Context): Scenario {
  const { file } = context;
  const platform = resolvePlatform(context);
  const clients = resolveClients(context, platform);
  return {
    name: file.name,
    description: file.description,
    platform,
    clients,
    faults: resolveFaults(context, platform),
    simulation: resolveSimulation(context),
    serve: resolveServe(context, platform),
    plan: resolvePlan(context, platform),
    canonicalJson: canonicalJson(file),
  };
}

/** Every default written out, in base units, keys in the order of the schema and names in the order of the file. */
function canonicalJson(file: ScenarioFile): string {
  return JSON.stringify(file, (_key, value: unknown) =>
    value === Number.POSITIVE_INFINITY ? "unlimited" : value,
  );
}

function problemsOf(
  list: readonly Finding[],
  severity: Finding["severity"],
  places: Places,
): Problem[] {
  const seen = new Set<string>();
  const placed = list
    .filter((finding) => finding.severity === severity)
    .map((finding) => ({ finding, order: orderOf(finding, places) }))
    .toSorted((a, b) => a.order.line - b.order.line || a.order.column - b.order.column);
  return placed.flatMap(({ finding, order }) => {
    const path = formatPath(finding.path);
    const key = `${path}: ${finding.message}`;
    if (seen.has(key)) return [];
    seen.add(key);
    const override = places.written.findLast((one) => overlaps(finding.path, one.path))?.override;
    const place: Problem["place"] =
      override === undefined
        ? { kind: "file", fileName: places.fileName, ...order }
        : { kind: "set", override };
    return [{ place, path, message: finding.message, suggestion: finding.suggestion }];
  });
}

function orderOf(finding: Finding, places: Places): { line: number; column: number } {
  const moved = places.moved.find((one) => isPrefix(one.to, finding.path));
  const path =
    moved === undefined ? finding.path : [...moved.from, ...finding.path.slice(moved.to.length)];
  return places.text.locate(path, finding.at);
}

/** A problem at or inside what --set wrote is the doing of --set. */
function overlaps(path: Path, written: Path): boolean {
  return isPrefix(written, path);
}

function isPrefix(prefix: Path, path: Path): boolean {
  return prefix.length <= path.length && prefix.every((key, index) => path[index] === key);
}
