/** `tenantry compare`: sets results side by side, simulating first where a scenario is named. */
import { createHash } from "node:crypto";
import { statSync } from "node:fs";
import { dirname, join } from "node:path";
import { compareSides } from "../report/compare/compare.ts";
import { compareHtml, compareMarkdown, compareTables } from "../report/compare/forms.ts";
import { MOST_SIDES, type Side, sideName } from "../report/compare/side.ts";
import { buildResults } from "../results/build-results.ts";
import { NO_AUDIT, type Results } from "../results/results.ts";
import { runSimulation } from "../sim/simulate.ts";
import { openTrace } from "../traces/open-trace.ts";
import { EXIT, InputError } from "./exit-codes.ts";
import { prepareFolder, printTable, writeFiles } from "./output.ts";
import { REPLICATIONS, wholeOption } from "./whole-option.ts";
import { packageVersion, vegaRuntime } from "./package-info.ts";
import { readScenario, readText } from "./read-scenario.ts";
import { resultsOf } from "./read-results.ts";

export interface CompareOptions {
  readonly out?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly replications?: string;
}

/** Runs the command; returns its exit code. */
export function compareCommand(paths: readonly string[], options: CompareOptions): number {
  if (paths.length < 2 || paths.length > MOST_SIDES) {
    throw new InputError(
      `compare takes 2 to ${MOST_SIDES} results or scenarios, not ${paths.length}`,
    );
  }
  const replications = wholeOption(options.replications, REPLICATIONS);
  const folder = options.out ?? (options.json === true ? undefined : join("out", "compare"));
  if (folder !== undefined) prepareFolder(folder);
  const sides = paths.map((path) => sideOf(path, replications));
  checkAlike(sides);
  const comparison = compareSides(sides);
  const json = `${JSON.stringify(comparison, undefined, 2)}\n`;
  if (options.json === true) process.stdout.write(json);
  else if (options.quiet !== true) print(comparison);
  if (folder === undefined) return EXIT.fine;
  const firsts = sides.flatMap(({ runs }) => runs.slice(0, 1));
  const page = "compare.html";
  writeFiles(folder, [
    ["compare.json", json],
    ["compare.md", compareMarkdown(comparison, firsts)],
    [page, compareHtml(comparison, firsts, vegaRuntime())],
  ]);
  if (options.quiet !== true && options.json !== true) {
    process.stdout.write(`Open ${join(folder, page)}\n`);
  }
  return EXIT.fine;
}

/** A folder with a results.json, such a file, or a scenario. */
function sideOf(path: string, replications: number | undefined): Side {
  const file = isFolder(path) ? join(path, "results.json") : path;
  const text = readText(file);
  const value = parsed(text);
  const isScenario =
    /\.ya?ml$/i.test(file) || (isObject(value) && "platform" in value && "version" in value);
  if (isScenario) return { source: path, runs: simulateAll(file, replications ?? 1) };
  if (value === undefined) {
    throw new InputError(
      `${file} is neither a results.json (it is not JSON) nor a scenario (expected a name ending in .yaml)`,
    );
  }
  const results = resultsOf(value, file);
  if (replications !== undefined) {
    throw new InputError(
      `--replications runs scenarios, and ${file} is the result of one run; name its scenario instead`,
    );
  }
  return { source: path, runs: [results] };
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

/** One run per seed, from the scenario's own on: the same on every side, so that runs can be paired. */
function simulateAll(file: string, replications: number): readonly Results[] {
  const first = readScenario(file, []);
  return Array.from({ length: replications }, (_, at) => {
    const seed = first.simulation.seed + at;
    const scenario = at === 0 ? first : readScenario(file, [`simulation.seed=${seed}`]);
    if (process.stderr.isTTY) process.stderr.write(`simulating ${file}, seed ${seed}\n`);
    const run = runSimulation(scenario, {
      openTrace: (trace) => openTrace(trace, { baseDir: dirname(file), skipBadRows: false }),
    });
    const identity = {
      tenantryVersion: packageVersion(),
      name: first.name,
      description: first.description,
      hash: createHash("sha256").update(first.canonicalJson).digest("hex"),
      seed,
      skippedTraceRows: run.skippedTraceRows,
    };
    // Comparisons leave the audit of bills out: it compares a run with itself.
    return buildResults(identity, run, NO_AUDIT);
  });
}

/** Fails: InputError when a side has other tiers or tenants than the first. */
function checkAlike(sides: readonly Side[]): void {
  const [first, ...others] = sides;
  if (first === undefined) return;
  for (const [at, other] of others.entries()) {
    for (const what of ["tiers", "tenants"] as const) {
      const a = namesOf(first, what);
      const b = namesOf(other, what);
      const onlyA = [...a].filter((name) => !b.has(name));
      const onlyB = [...b].filter((name) => !a.has(name));
      if (onlyA.length === 0 && onlyB.length === 0) continue;
      const sentences = [
        `A (${first.source}) and ${sideName(at + 1)} (${other.source}) have different ${what} and cannot be compared`,
        ...(onlyA.length > 0 ? [`  only in A: ${onlyA.join(", ")}`] : []),
        ...(onlyB.length > 0 ? [`  only in ${sideName(at + 1)}: ${onlyB.join(", ")}`] : []),
      ];
      throw new InputError(sentences.join("\n"));
    }
  }
}

function print(comparison: ReturnType<typeof compareSides>): void {
  process.stdout.write("\n");
  for (const { name, source, scenario, seeds, kind } of comparison.sides) {
    const seed = seeds.length === 1 ? `seed ${seeds[0]}` : `${seeds.length} seeds from ${seeds[0]}`;
    process.stdout.write(`${name}  ${source} (${scenario}, ${kind}, ${seed})\n`);
  }
  for (const table of compareTables(comparison)) printTable(table, "right");
  process.stdout.write(`\n${comparison.notes.join("\n")}\n\n`);
}

function namesOf({ runs }: Side, what: "tiers" | "tenants"): ReadonlySet<string> {
  return new Set((runs[0]?.[what] ?? []).map(({ name }) => name));
}
