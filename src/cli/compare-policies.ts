/** `tenantry compare-policies`: every policy on the same traffic, and the fewest GPUs with which each keeps every promise. */
import { join } from "node:path";
import type { PolicyName } from "../engine/config.ts";
import { planPolicies, searchedGpus, searchedPools } from "../planner/policy-plan.ts";
import { seedsFrom } from "../planner/seeds.ts";
import { policiesReport, policiesTables } from "../report/policies/forms.ts";
import { comparePolicies, type PolicyComparison } from "../report/policies/policies.ts";
import { policyHeadline, policyNotes } from "../report/policies/words.ts";
import { reportHtml, reportMarkdown } from "../report/report.ts";
import { nearest } from "../scenario/nearest.ts";
import type { Scenario } from "../scenario/scenario.ts";
import { policyName } from "../scenario/schema/platform.ts";
import { dependentClients } from "../sim/survey.ts";
import { EXIT, InputError } from "./exit-codes.ts";
import { prepareFolder, printTable, slug, writeFiles } from "./output.ts";
import { vegaRuntime } from "./package-info.ts";
import { type PlanOptions, readPlanInput, withPool } from "./plan-run.ts";
import { type WholeOption, wholeOption } from "./whole-option.ts";

export interface ComparePoliciesOptions extends PlanOptions {
  readonly policies?: string;
  /** False with --no-search. */
  readonly search: boolean;
  readonly maxGpus?: string;
}

const MOST_GPUS: WholeOption = { name: "--max-gpus", least: 1, most: 100_000 };
/** Shared GPUs that a search tries at least, and of how many times the scenario's own: assumed, and told in the answer. */
const LEAST_LIMIT_GPUS = 64;
const LIMIT_TIMES = 4;

/** Runs the command; returns its exit code. */
export async function comparePoliciesCommand(
  file: string,
  options: ComparePoliciesOptions,
): Promise<number> {
  const policies = policiesOf(options.policies);
  const maxGpus = wholeOption(options.maxGpus, MOST_GPUS);
  if (maxGpus !== undefined && !options.search) {
    throw new InputError("--max-gpus bounds the search, which --no-search leaves out");
  }
  const input = readPlanInput(file, options);
  const { scenario, replications } = input;
  const sharedGpus = checkedGpus(file, scenario);
  const folder =
    options.out ??
    (options.json === true ? undefined : join("out", `${slug(scenario.name)}-policies`));
  if (folder !== undefined) prepareFolder(folder);
  const defaultLimit = Math.max(LEAST_LIMIT_GPUS, LIMIT_TIMES * sharedGpus);
  const mostGpus = options.search ? (maxGpus ?? defaultLimit) : undefined;
  const outcome = await withPool(input, (pool) =>
    planPolicies(pool, scenario, { policies, replications, mostGpus }),
  );
  if (outcome === "interrupted") return EXIT.interrupted;
  const allGpus = scenario.platform.pools.reduce(
    (sum, pool) => sum + pool.replicas * pool.gpusPerReplica,
    0,
  );
  const comparison = comparePolicies(outcome, {
    seeds: seedsFrom(scenario.simulation.seed, replications),
    sharedGpus,
    otherGpus: allGpus - sharedGpus,
    mostGpus: mostGpus ?? null,
    dependentClients: dependentClients(scenario),
    hasFaults: scenario.faults.length > 0,
  });
  tell(comparison, folder, options);
  return EXIT.fine;
}

function tell(
  comparison: PolicyComparison,
  folder: string | undefined,
  { json: isJson, quiet: isQuiet }: ComparePoliciesOptions,
): void {
  const json = `${JSON.stringify(comparison, undefined, 2)}\n`;
  if (isJson === true) process.stdout.write(json);
  else if (isQuiet !== true) print(comparison);
  if (folder === undefined) return;
  const page = "compare-policies.html";
  const report = policiesReport(comparison);
  writeFiles(folder, [
    ["compare-policies.json", json],
    ["compare-policies.csv", report.csv()],
    ["compare-policies.md", reportMarkdown(report)],
    [page, reportHtml(report, vegaRuntime())],
  ]);
  if (isQuiet !== true && isJson !== true) process.stdout.write(`Open ${join(folder, page)}\n`);
}

function print(comparison: PolicyComparison): void {
  const { scenario } = comparison;
  process.stdout.write(`\n${scenario.name}\n${policyHeadline(comparison)}\n`);
  for (const table of policiesTables(comparison)) printTable(table, "right");
  process.stdout.write(`\n${policyNotes(comparison).join("\n")}\n\n`);
}

/** The policies named, or all. Fails: InputError on one that does not exist or is named twice. */
function policiesOf(text: string | undefined): readonly PolicyName[] {
  const known = policyName.options;
  if (text === undefined) return known;
  const names = text.split(",").map((name) => name.trim());
  const chosen = names.map((name) => {
    const found = known.find((one) => one === name);
    if (found !== undefined) return found;
    const meant = nearest(name, known);
    const hint = meant === undefined ? "" : `; did you mean '${meant}'?`;
    throw new InputError(`--policies: there is no policy '${name}' (${known.join(", ")})${hint}`);
  });
  const twice = chosen.find((name, at) => chosen.indexOf(name) !== at);
  if (twice === undefined) return chosen;
  throw new InputError(`--policies: '${twice}' is named twice`);
}

/** Fails: InputError where no client sends to a shared pool: all policies would do the same, and nothing could be searched. */
function checkedGpus(file: string, scenario: Scenario): number {
  if (searchedPools(scenario).length > 0) return searchedGpus(scenario);
  throw new InputError(
    `${file}: no client sends to a shared pool, so there is nothing that policies could divide differently; leave dedicatedTo out of a pool, or use simulate`,
  );
}
