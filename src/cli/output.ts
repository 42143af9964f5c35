/** Writes a run's files into its folder, each whole or not at all: first beside its place, then moved into it. */
import { accessSync, constants, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { billsCsv } from "../report/bills.ts";
import { htmlReport } from "../report/html/page.ts";
import { markdownReport } from "../report/markdown.ts";
import type { Results } from "../results/results.ts";
import { InputError } from "./exit-codes.ts";
import { vegaRuntime } from "./package-info.ts";
import { reasonOf } from "./read-scenario.ts";

/** Makes the folder before any work is done, so that a wrong path costs nothing. */
export function prepareFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK);
  } catch (error) {
    throw new InputError(`cannot write into ${folder}: ${reasonOf(error)}`, { cause: error });
  }
}

/** The text of results.json. */
export function resultsJson(results: Results): string {
  return `${JSON.stringify(results, undefined, 2)}\n`;
}

/** Writes all reports; returns the path of the page. */
export function writeReports(folder: string, results: Results): string {
  const page = join(folder, "report.html");
  try {
    writeWhole(join(folder, "results.json"), resultsJson(results));
    writeWhole(join(folder, "report.md"), markdownReport(results));
    writeWhole(join(folder, "bills.csv"), billsCsv(results));
    writeWhole(page, htmlReport(results, { vegaSource: vegaRuntime() }));
  } catch (error) {
    if (!(error instanceof Error && "code" in error)) throw error;
    throw new InputError(`cannot write into ${folder}: ${reasonOf(error)}`, { cause: error });
  }
  return page;
}

function writeWhole(path: string, text: string): void {
  writeFileSync(`${path}.part`, text);
  renameSync(`${path}.part`, path);
}
