/** `tenantry compare`: sets results side by side, simulating first where a scenario is named. */
import { join } from "node:path";
import { compareSides } from "../report/compare/compare.ts";
import { comparisonReport, compareTables, nothingDiffers } from "../report/compare/forms.ts";
import { reportHtml, reportMarkdown } from "../report/report.ts";
import { MOST_SIDES, type Side, sideName } from "../report/compare/side.ts";
import { readSides, type SideOptions } from "./compare-side.ts";
import { EXIT, InputError } from "./exit-codes.ts";
import { prepareFolder, printTable, writeFiles } from "./output.ts";
import { vegaRuntime } from "./package-info.ts";
import { REPLICATIONS, wholeOption } from "./whole-option.ts";

export interface CompareOptions extends SideOptions {
  readonly out?: string;
}

/** Runs the command; returns its exit code. */
export async function compareCommand(
  paths: readonly string[],
  options: CompareOptions,
): Promise<number> {
  if (paths.length < 2 || paths.length > MOST_SIDES) {
    throw new InputError(
      `compare takes 2 to ${MOST_SIDES} results or scenarios, not ${paths.length}`,
    );
  }
  wholeOption(options.replications, REPLICATIONS);
  const folder = options.out ?? (options.json === true ? undefined : join("out", "compare"));
  if (folder !== undefined) prepareFolder(folder);
  const sides = await readSides(paths, options);
  if (sides === "interrupted") return EXIT.interrupted;
  checkAlike(sides);
  const comparison = compareSides(sides);
  const json = `${JSON.stringify(comparison, undefined, 2)}\n`;
  if (options.json === true) process.stdout.write(json);
  else if (options.quiet !== true) print(comparison);
  if (folder === undefined) return EXIT.fine;
  const firsts = sides.flatMap(({ runs }) => runs.slice(0, 1));
  const report = comparisonReport(comparison, firsts);
  const page = "compare.html";
  writeFiles(folder, [
    ["compare.json", json],
    ["compare.md", reportMarkdown(report)],
    [page, reportHtml(report, vegaRuntime())],
  ]);
  if (options.quiet !== true && options.json !== true) {
    process.stdout.write(`Open ${join(folder, page)}\n`);
  }
  return EXIT.fine;
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
  const nothing = nothingDiffers(comparison);
  if (nothing !== "") process.stdout.write(`\n${nothing}\n`);
  for (const table of compareTables(comparison)) printTable(table, "right");
  process.stdout.write(`\n${comparison.notes.join("\n")}\n\n`);
}

function namesOf({ runs }: Side, what: "tiers" | "tenants"): ReadonlySet<string> {
  return new Set((runs[0]?.[what] ?? []).map(({ name }) => name));
}
