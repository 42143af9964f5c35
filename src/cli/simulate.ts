/** `tenantry simulate`: runs a scenario, shows what happened, and writes the reports. */
import { createHash } from "node:crypto";
import { basename, dirname, join } from "node:path";
import { SingleBar } from "cli-progress";
import { buildResults } from "../results/build-results.ts";
import type { Results } from "../results/results.ts";
import type { Scenario, TraceConfig } from "../scenario/scenario.ts";
import { auditAttribution } from "../sim/audit.ts";
import { saturationTokensPerS } from "../sim/saturation.ts";
import { type RequestRecord, runSimulation } from "../sim/simulate.ts";
import { openTrace } from "../traces/open-trace.ts";
import { EXIT, InputError } from "./exit-codes.ts";
import { prepareFolder, printSummary, resultsJson, slug, writeReports } from "./output.ts";
import { packageVersion } from "./package-info.ts";
import { readScenario } from "./read-scenario.ts";
import { RequestsCsv } from "./requests-csv.ts";

export interface SimulateOptions {
  readonly set: readonly string[];
  readonly seed?: string;
  readonly out?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly requestsCsv?: boolean;
  readonly skipBadRows?: boolean;
  readonly failOnSla?: boolean;
}

/** Runs the command; returns its exit code. */
export function simulateCommand(file: string, options: SimulateOptions): number {
  const seed = options.seed === undefined ? [] : [`simulation.seed=${options.seed}`];
  const scenario = readScenario(file, [...options.set, ...seed]);
  const folder = folderFor(scenario, options);
  if (folder !== undefined) prepareFolder(folder);
  const results = run(scenario, { file, folder, options });
  if (options.json === true) process.stdout.write(resultsJson(results));
  else if (options.quiet !== true) printSummary(results);
  if (folder !== undefined) {
    const page = writeReports(folder, results);
    if (options.quiet !== true && options.json !== true) process.stdout.write(`Open ${page}\n`);
  }
  const isMissed = results.tiers.some(({ sla }) => sla.verdict === "missed");
  return options.failOnSla === true && isMissed ? EXIT.slaMissed : EXIT.fine;
}

/** Where reports go; undefined where --json makes stdout the only output. */
function folderFor(scenario: Scenario, options: SimulateOptions): string | undefined {
  if (options.out !== undefined) return options.out;
  if (options.json !== true) return join("out", slug(scenario.name));
  if (options.requestsCsv !== true) return undefined;
  throw new InputError(
    "--requests-csv beside --json needs a folder to write into: add --out <folder>",
  );
}

/** Of the progress bar; the rest is the audit's. */
const SIMULATION_SHARE = 0.7;

interface RunContext {
  readonly file: string;
  readonly folder: string | undefined;
  readonly options: SimulateOptions;
}

function run(scenario: Scenario, { file, folder, options }: RunContext): Results {
  const bar = startBar(options);
  const skipBadRows = options.skipBadRows === true;
  const openScenarioTrace = (trace: TraceConfig) =>
    openTrace(trace, { baseDir: dirname(file), skipBadRows });
  const csv =
    options.requestsCsv === true && folder !== undefined
      ? new RequestsCsv(join(folder, "requests.csv"), scenario)
      : undefined;
  try {
    const simulated = runSimulation(scenario, {
      openTrace: openScenarioTrace,
      onProgress: (share, requests) =>
        bar?.update(SIMULATION_SHARE * share, { phase: `simulating, ${requests} requests` }),
      ...(csv && { onRequest: (record: RequestRecord) => csv.write(record) }),
    });
    const attribution = auditAttribution(scenario, {
      openTrace: openScenarioTrace,
      onProgress: (share) =>
        bar?.update(SIMULATION_SHARE + (1 - SIMULATION_SHARE) * share, {
          phase: "auditing attribution",
        }),
    });
    const saturation = saturationTokensPerS(scenario, simulated.sentByClient, {
      openTrace: openScenarioTrace,
      onProgress: () => bar?.update(1, { phase: "measuring saturation" }),
    });
    bar?.update(1, { phase: "done" });
    csv?.finish();
    const identity = {
      tenantryVersion: packageVersion(),
      name: scenario.name,
      description: scenario.description,
      hash: createHash("sha256").update(scenario.canonicalJson).digest("hex"),
      seed: scenario.simulation.seed,
      skippedTraceRows: simulated.skippedTraceRows,
      source: { file: basename(file), overrides: options.set },
    };
    return buildResults(identity, simulated, attribution, saturation);
  } finally {
    bar?.stop();
  }
}

function startBar(options: SimulateOptions): SingleBar | undefined {
  if (options.quiet === true || options.json === true || !process.stderr.isTTY) return undefined;
  const bar = new SingleBar({
    format: "{bar} {percentage}% {phase}",
    stream: process.stderr,
    hideCursor: false,
    forceRedraw: true,
  });
  bar.start(1, 0, { phase: "simulating" });
  return bar;
}
