/** What a run leaves behind: its summary on the terminal, and its files, each whole or not at all: first beside its place, then moved into it. */
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  renameSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import Table from "cli-table3";
import { billsCsv } from "../report/bills.ts";
import { reportHtml, reportMarkdown } from "../report/report.ts";
import { runReport } from "../report/run/forms.ts";
import { type SummaryTable, summaryTables } from "../report/summary.ts";
import type { Results } from "../results/results.ts";
import { InputError } from "./exit-codes.ts";
import { vegaRuntime } from "./package-info.ts";
import { reasonOf } from "./read-scenario.ts";

/** Makes the folder before any work is done, so that a wrong path costs nothing. */
export function prepareFolder(folder: string): void {
  written(folder, () => {
    // Folder by folder: where a system refuses one (/proc), the recursive form tries for ever.
    for (const one of missingFolders(resolve(folder))) mkdirSync(one);
    accessSync(folder, constants.W_OK);
    if (!statSync(folder).isDirectory()) throw new InputError(`${folder} is a file, not a folder`);
  });
}

function missingFolders(folder: string): string[] {
  return existsSync(folder) ? [] : [...missingFolders(dirname(folder)), folder];
}

/** What `write` returns. Fails: InputError that names `place` when the system refuses. */
export function written<T>(place: string, write: () => T): T {
  try {
    return write();
  } catch (error) {
    if (!(error instanceof Error && "code" in error)) throw error;
    throw new InputError(`cannot write into ${place}: ${reasonOf(error)}`, { cause: error });
  }
}

/** The text of results.json. */
export function resultsJson(results: Results): string {
  return `${JSON.stringify(results, undefined, 2)}\n`;
}

/** Writes all reports; returns the path of the page. */
export function writeReports(folder: string, results: Results): string {
  const page = "report.html";
  const report = runReport(results);
  writeFiles(folder, [
    ["results.json", resultsJson(results)],
    ["report.md", reportMarkdown(report)],
    ["bills.csv", billsCsv(results)],
    [page, reportHtml(report, vegaRuntime())],
  ]);
  return join(folder, page);
}

/** Writes texts under their names. Fails: InputError when the folder does not take them. */
export function writeFiles(
  folder: string,
  files: readonly (readonly [name: string, text: string])[],
): void {
  written(folder, () => {
    for (const [name, text] of files) writeWhole(join(folder, name), text);
  });
}

function writeWhole(path: string, text: string): void {
  writeFileSync(`${path}.part`, text);
  renameSync(`${path}.part`, path);
}

/** Tables without borders but a rule under their head: narrow, and easy to copy. */
const BORDERS = ["top", "bottom", "left", "right", "middle"];
const CORNERS = ["top", "bottom", "left", "right"].flatMap((side) => [
  `${side}-mid`,
  `${side}-left`,
  `${side}-right`,
]);
const PLAIN = {
  ...Object.fromEntries([...BORDERS, ...CORNERS, "mid-mid"].map((name) => [name, ""])),
  mid: "─",
};
const PLAIN_STYLE = { head: [], border: [], compact: true, "padding-left": 0, "padding-right": 2 };

/** Prints a table under its title; numbers read best flush right. */
export function printTable(
  { title, head, rows }: SummaryTable,
  numbers: "left" | "right" = "left",
): void {
  const colAligns = head.map((_, column) => (column === 0 ? "left" : numbers));
  const table = new Table({ head: [...head], colAligns, chars: PLAIN, style: PLAIN_STYLE });
  for (const row of rows) table.push([...row]);
  const lines = table.toString().split("\n");
  process.stdout.write(`\n${title}\n${lines.map((line) => line.trimEnd()).join("\n")}\n`);
}

/** Prints the tables that sum a run up. */
export function printSummary(results: Results): void {
  process.stdout.write(`\n${results.scenario.name} (seed ${results.scenario.seed})\n`);
  for (const table of summaryTables(results)) printTable(table);
  process.stdout.write("\n");
}

/** A folder name out of a scenario's name. */
export function slug(name: string): string {
  const plain = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-+|-+$/g, "");
  return plain === "" ? "run" : plain;
}
