/** `tenantry load`: plays a scenario's workload against a running server in real time and reports like a simulation. */
import { createHash } from "node:crypto";
import { basename, dirname, join } from "node:path";
import { SingleBar } from "cli-progress";
import { loadResults } from "../load/load-results.ts";
import { LoadRun } from "../load/load-run.ts";
import type { Plan } from "../load/request-bodies.ts";
import type { Results } from "../results/results.ts";
import type { Scenario } from "../scenario/scenario.ts";
import { openTrace } from "../traces/open-trace.ts";
import { EXIT } from "./exit-codes.ts";
import { type PlanOptions, planLoad } from "./load-plan.ts";
import { prepareFolder, printSummary, resultsJson, slug, writeReports } from "./output.ts";
import { packageVersion } from "./package-info.ts";
import { readScenario } from "./read-scenario.ts";
import { keepHeapSteady } from "./steady-heap.ts";

export interface LoadOptions extends PlanOptions {
  readonly set: readonly string[];
  readonly seed?: string;
  readonly out?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly maxRequests?: string;
  readonly duration?: string;
}

/** Runs the command; returns its exit code. */
export async function loadCommand(file: string, options: LoadOptions): Promise<number> {
  keepHeapSteady();
  const scenario = readScenario(file, overridesOf(options));
  if (scenario.faults.length > 0) {
    process.stderr.write("warning: faults are simulated only; this load plays none of them\n");
  }
  const folder =
    options.out ?? (options.json === true ? undefined : join("out", `${slug(scenario.name)}-load`));
  if (folder !== undefined) prepareFolder(folder);
  const plan = await planLoad(scenario, options);
  const results = await play(scenario, plan, { file, options });
  if (options.json === true) process.stdout.write(resultsJson(results));
  else if (options.quiet !== true) printSummary(results);
  if (results.load?.keptUp === false) process.stderr.write(`warning: ${NOT_KEPT_UP}\n`);
  if (folder !== undefined) {
    const page = writeReports(folder, results);
    if (options.quiet !== true && options.json !== true) process.stdout.write(`Open ${page}\n`);
  }
  return EXIT.fine;
}

const NOT_KEPT_UP =
  "the load generator did not keep up, and the latencies are partly its own; run it on a machine of its own, or ask for less";

/** What the options say about the scenario, as changes to it: so that `simulate --set` can say the same. */
function overridesOf(options: LoadOptions): readonly string[] {
  const { seed } = options;
  const seeds = seed === undefined ? [] : [`simulation.seed=${seed}`];
  return [...settingsOf(options), ...seeds];
}

/** The same but for the seed, which results tell of anyway. */
function settingsOf({ set, duration, maxRequests }: LoadOptions): readonly string[] {
  return [
    ...set,
    ...(duration === undefined ? [] : [`simulation.duration=${duration}`]),
    ...(maxRequests === undefined ? [] : [`simulation.maxRequests=${maxRequests}`]),
  ];
}

async function play(
  scenario: Scenario,
  plan: Plan,
  { file, options }: { readonly file: string; readonly options: LoadOptions },
): Promise<Results> {
  const bar = startBar(options);
  const run = new LoadRun(scenario, plan, {
    openTrace: (trace) => openTrace(trace, { baseDir: dirname(file), skipBadRows: false }),
    onProgress: (share, inFlight) => bar?.update(share, { inFlight }),
  });
  const stop = (): void => {
    run.stop();
    process.stderr.write("\nstopping: waiting for what is in flight; Ctrl-C again gives it up\n");
  };
  process.on("SIGINT", stop);
  try {
    const outcome = await run.play();
    const identity = {
      tenantryVersion: packageVersion(),
      name: scenario.name,
      description: scenario.description,
      hash: createHash("sha256").update(scenario.canonicalJson).digest("hex"),
      seed: scenario.simulation.seed,
      source: { file: basename(file), overrides: settingsOf(options) },
    };
    return loadResults(identity, plan, outcome);
  } finally {
    process.off("SIGINT", stop);
    bar?.stop();
  }
}

function startBar({ quiet, json }: LoadOptions): SingleBar | undefined {
  if (quiet === true || json === true || !process.stderr.isTTY) return undefined;
  const bar = new SingleBar({
    format: "{bar} {percentage}% {inFlight} in flight",
    stream: process.stderr,
    hideCursor: false,
    forceRedraw: true,
  });
  bar.start(1, 0, { inFlight: 0 });
  return bar;
}
