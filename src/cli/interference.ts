/** `tenantry interference`: the scenario without each tenant in turn, and what everybody else's presence costs whom. */
import { join } from "node:path";
import { planInterference, sendingTenants } from "../planner/interference-plan.ts";
import { seedsFrom } from "../planner/seeds.ts";
import { interferenceReport } from "../report/interference/forms.ts";
import { type Interference, interferenceOf } from "../report/interference/matrix.ts";
import { interferenceSummary } from "../report/interference/tables.ts";
import { interferenceHeadline, interferenceNotes } from "../report/interference/words.ts";
import { reportHtml, reportMarkdown } from "../report/report.ts";
import { SUMMARY_WIDTH } from "../report/summary.ts";
import type { Scenario } from "../scenario/scenario.ts";
import { dependentClients } from "../sim/survey.ts";
import { EXIT, InputError } from "./exit-codes.ts";
import { prepareFolder, printTable, slug, writeFiles } from "./output.ts";
import { vegaRuntime } from "./package-info.ts";
import { type PlanOptions, readPlanInput, withPool } from "./plan-run.ts";

/** Runs the command; returns its exit code. */
export async function interferenceCommand(file: string, options: PlanOptions): Promise<number> {
  const input = readPlanInput(file, options);
  const { scenario, replications } = input;
  if (sendingTenants(scenario).length < 2) {
    throw new InputError(
      `${file}: only one tenant sends anything, so nobody is there to be in its way; add a client of another under workload`,
    );
  }
  const folder =
    options.out ??
    (options.json === true ? undefined : join("out", `${slug(scenario.name)}-interference`));
  if (folder !== undefined) prepareFolder(folder);
  const plan = await withPool(input, (pool) => planInterference(pool, scenario, replications));
  if (plan === "interrupted") return EXIT.interrupted;
  const interference = interferenceOf(plan.present, plan.absences, {
    seeds: seedsFrom(scenario.simulation.seed, replications),
    dependentClients: dependentClients(scenario),
    owners: ownersOf(scenario),
  });
  tell(interference, folder, options);
  return EXIT.fine;
}

function ownersOf({ platform }: Scenario): readonly string[] {
  const { pools, tenants } = platform;
  return tenants
    .filter((_, index) => pools.some(({ owner }) => owner === index))
    .map(({ name }) => name);
}

function tell(
  interference: Interference,
  folder: string | undefined,
  { json: isJson, quiet: isQuiet }: PlanOptions,
): void {
  const json = `${JSON.stringify(interference, undefined, 2)}\n`;
  if (isJson === true) process.stdout.write(json);
  else if (isQuiet !== true) print(interference);
  if (folder === undefined) return;
  const page = "interference.html";
  const report = interferenceReport(interference);
  writeFiles(folder, [
    ["interference.json", json],
    ["interference.csv", report.csv()],
    ["interference.md", reportMarkdown(report)],
    [page, reportHtml(report, vegaRuntime())],
  ]);
  if (isQuiet !== true && isJson !== true) process.stdout.write(`Open ${join(folder, page)}\n`);
}

function print(interference: Interference): void {
  const { scenario, policy } = interference;
  process.stdout.write(`\n${scenario.name} (${policy})\n${interferenceHeadline(interference)}\n`);
  const width = process.stdout.isTTY ? process.stdout.columns : SUMMARY_WIDTH;
  for (const table of interferenceSummary(interference, width)) printTable(table, "right");
  process.stdout.write(`\n${interferenceNotes(interference).join("\n")}\n\n`);
}
