/**
 * Finds out what a file of ours is of, and makes a report of it: a run, a plan, a tuning, a sweep, a comparison of results or of
 * policies, interference.
 */
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { comparisonReport } from "../report/compare/forms.ts";
import { interferenceReport } from "../report/interference/forms.ts";
import { planReport } from "../report/plan/forms.ts";
import { policiesReport } from "../report/policies/forms.ts";
import type { Report } from "../report/report.ts";
import { runReport } from "../report/run/forms.ts";
import { sweepReport } from "../report/sweep/forms.ts";
import { tuneReport } from "../report/tune/forms.ts";
import { PLAN_SCHEMA_VERSION } from "../results/plan.ts";
import { RESULTS_SCHEMA_VERSION } from "../results/results.ts";
import { TUNE_SCHEMA_VERSION } from "../results/tune.ts";
import { InputError } from "./exit-codes.ts";
import { checkedFile, type FileForm } from "./files/checked.ts";
import { interferenceSchema, policiesSchema, sweepSchema } from "./files/comparison-schemas.ts";
import { comparisonSchema } from "./files/comparison-schema.ts";
import { tuneSchema } from "./files/tune-schema.ts";
import { planSchema } from "./files/plan-schema.ts";
import { resultsSchema } from "./files/results-schema.ts";
import { readText } from "./read-scenario.ts";

interface Kind {
  readonly file: string;
  /** What its files have at the top and no other's. */
  readonly isOne: (top: Readonly<Record<string, unknown>>) => boolean;
  /** Fails: InputError when the file is broken, or of another version. */
  readonly report: (value: unknown, path: string) => Report;
}

const KINDS: readonly Kind[] = [
  kind(
    { name: "results.json", version: RESULTS_SCHEMA_VERSION, schema: resultsSchema },
    (top) => "run" in top && "timeline" in top,
    runReport,
  ),
  kind(
    { name: "plan.json", version: PLAN_SCHEMA_VERSION, schema: planSchema },
    (top) => top["kind"] === "plan",
    planReport,
  ),
  kind(
    { name: "tune.json", version: TUNE_SCHEMA_VERSION, schema: tuneSchema },
    (top) => top["kind"] === "tune",
    tuneReport,
  ),
  kind(
    { name: "compare.json", version: 1, schema: comparisonSchema },
    (top) => "sides" in top,
    (comparison) => comparisonReport(comparison, []),
  ),
  kind(
    { name: "sweep.json", version: 1, schema: sweepSchema },
    (top) => "dimensions" in top && "variants" in top,
    sweepReport,
  ),
  kind(
    { name: "compare-policies.json", version: 1, schema: policiesSchema },
    (top) => "policies" in top,
    policiesReport,
  ),
  kind(
    { name: "interference.json", version: 1, schema: interferenceSchema },
    (top) => "neighbours" in top,
    interferenceReport,
  ),
];

function kind<Content>(
  form: FileForm<Content>,
  isOne: Kind["isOne"],
  report: (content: Content) => Report,
): Kind {
  return {
    file: form.name,
    isOne,
    report: (value, path) => report(checkedFile(value, path, form)),
  };
}

const NAMES = KINDS.map(({ file }) => file).join(", ");

/** A file, or a folder that holds one. Fails: InputError. */
export function readReport(path: string): Report {
  const file = isFolder(path) ? fileIn(path) : path;
  if (/\.ya?ml$/i.test(file)) throw scenarioError(file);
  const top = topOf(readText(file), file);
  if ("platform" in top && "version" in top) throw scenarioError(file);
  const found = KINDS.find(({ isOne }) => isOne(top));
  if (found !== undefined) return found.report(top, file);
  throw new InputError(`${file} is no file that reports are made of (${NAMES})`);
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function fileIn(folder: string): string {
  const there = KINDS.map(({ file }) => join(folder, file)).filter((path) => existsSync(path));
  const [only] = there;
  if (only === undefined) {
    throw new InputError(`${folder} holds nothing that reports are made of (${NAMES})`);
  }
  if (there.length === 1) return only;
  throw new InputError(`${folder} holds several results; name one of them: ${there.join(", ")}`);
}

function scenarioError(file: string): InputError {
  return new InputError(
    `${file} is a scenario, and a report is made of what came of one: run \`tenantry simulate ${file}\` or \`tenantry plan ${file}\` first`,
  );
}

/** The value as it stands at the top of the file. Fails: InputError when that is no JSON object. */
function topOf(text: string, file: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new InputError(`${file} is not whole JSON: ${reason}`, { cause: error });
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return Object.fromEntries(Object.entries(value));
  }
  throw new InputError(`${file} is no file that reports are made of (${NAMES})`);
}
