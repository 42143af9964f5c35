/**
 * Makes the example reports in reports/ anew, from the shipped scenarios and by the commands that a user has: Markdown with
 * pictures, the same bytes on every machine. A test holds the committed ones to what this makes. `npm run reports`; what needs
 * minutes or data of its own has scripts of its own (reports/README.md lists them).
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { comparePoliciesCommand } from "../src/cli/compare-policies.ts";
import { EXIT } from "../src/cli/exit-codes.ts";
import { interferenceCommand } from "../src/cli/interference.ts";
import { reportCommand } from "../src/cli/report.ts";
import { planCommand } from "../src/cli/plan.ts";
import { simulateCommand } from "../src/cli/simulate.ts";

interface Example {
  /** Of its folder in reports/. */
  readonly name: string;
  readonly scenario: string;
  /** Runs the scenario into a folder; gives the exit code. */
  readonly run: (scenario: string, out: string) => number | Promise<number>;
}

const QUIET = { set: [], quiet: true } as const;

const simulated: Example["run"] = (scenario, out) => simulateCommand(scenario, { ...QUIET, out });
const policies: Example["run"] = (scenario, out) =>
  comparePoliciesCommand(scenario, { ...QUIET, out, search: true });
const interference: Example["run"] = (scenario, out) =>
  interferenceCommand(scenario, { ...QUIET, out });

const plan: Example["run"] = (scenario, out) =>
  planCommand(scenario, { ...QUIET, out, growth: "5%" });

/** Shipped scenarios of which a run is shown; the others need a trace of others (azure-2023) or a server (live-beside-simulated). */
const SIMULATED = [
  "autoscale",
  "counter-peak",
  "daily-cycle",
  "flagship",
  "flood",
  "gpu-crash",
  "lora-churn",
  "node-loss",
  "noisy-neighbour",
  "overload",
  "prefix-cache",
  "starved-bronze",
  "trace-replay",
];

const EXAMPLES: readonly Example[] = [
  ...SIMULATED.map((scenario) => ({ name: `${scenario}-run`, scenario, run: simulated })),
  { name: "overload-plan", scenario: "overload", run: plan },
  { name: "counter-peak-policies", scenario: "counter-peak", run: policies },
  { name: "flood-interference", scenario: "flood", run: interference },
];

const ROOT = join(import.meta.dirname, "..");

/** The folders in reports/ that are made here. */
export const reportFolders: readonly string[] = EXAMPLES.map(({ name }) => name);

/** Makes every example report in a folder of its name below `target`; what was in those folders is gone. */
export async function makeReports(target: string): Promise<void> {
  const work = mkdtempSync(join(tmpdir(), "tenantry-reports-"));
  try {
    for (const { name, scenario, run } of EXAMPLES) {
      const results = join(work, name);
      done(name, await run(join(ROOT, "scenarios", `${scenario}.yaml`), results));
      const out = join(target, name);
      rmSync(out, { recursive: true, force: true });
      done(name, await reportCommand(results, { format: "md,svg", out, quiet: true }));
    }
  } finally {
    rmSync(work, { recursive: true });
  }
}

function done(name: string, code: number): void {
  if (code !== EXIT.fine) throw new Error(`the report ${name} ended with exit code ${code}`);
}

if (import.meta.main) await makeReports(join(ROOT, "reports"));
