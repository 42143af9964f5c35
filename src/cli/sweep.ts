/** `tenantry sweep`: variants of a scenario over all cores; finished runs are kept in the output folder, where an interrupted sweep goes on. */
import { join } from "node:path";
import { createHash } from "node:crypto";
import { dependentClients } from "../sim/survey.ts";
import { InputFiles } from "../planner/input-files.ts";
import { forgetRuns, RunLog, type RunLogHead } from "../planner/run-log.ts";
import { seedsFrom } from "../planner/seeds.ts";
import { combinations, type Sampling } from "../planner/sweep-space.ts";
import { QueueLost } from "../planner/queue/connection.ts";
import { type SweepVariants, sweepVariants } from "../planner/sweep-variants.ts";
import {
  runSweep,
  type Simulators,
  type SweepOutcome,
  type SweepWork,
  workOf,
} from "../planner/sweep.ts";
import { UnusableInput } from "../planner/unusable-input.ts";
import { type Dimension, parseVary } from "../planner/vary.ts";
import { reportHtml, reportMarkdown } from "../report/report.ts";
import { sweepReport } from "../report/sweep/forms.ts";
import { type Sweep, sweepOf } from "../report/sweep/sweep.ts";
import { sweepTable } from "../report/sweep/tables.ts";
import { trafficLevels } from "../report/sweep/traffic.ts";
import { cheapestWords, sweepHeadline, sweepNotes } from "../report/sweep/words.ts";
import { EXIT, InputError } from "./exit-codes.ts";
import { prepareFolder, printTable, slug, writeFiles, written } from "./output.ts";
import { vegaRuntime } from "./package-info.ts";
import { type PlanInput, type PlanOptions, readPlanInput, withPool } from "./plan-run.ts";
import { withQueue } from "./queue-run.ts";
import { reasonOf, withNamedFiles } from "./read-scenario.ts";
import { type WholeOption, wholeOption } from "./whole-option.ts";

export interface SweepOptions extends PlanOptions {
  readonly vary: readonly string[];
  readonly sample?: string;
  readonly fresh?: boolean;
  /** Other machines simulate; this one hands out and gathers. */
  readonly queue?: string;
}

const SAMPLE: WholeOption = { name: "--sample", least: 2, most: 20_000 };
/** Runs kept as they end. */
const RUNS = "runs.jsonl";

/** Runs the command; returns its exit code. */
export async function sweepCommand(file: string, options: SweepOptions): Promise<number> {
  const dimensions = dimensionsOf(options.vary);
  const input = readPlanInput(file, options);
  const seeds = seedsFrom(input.scenario.simulation.seed, input.replications);
  const { variants, files, trafficDimensions } = variantsOf(
    input,
    dimensions,
    samplingOf(input, options),
  );
  const folder = folderOf(input, options);
  if (folder !== undefined) prepareFolder(folder);
  const log = folder === undefined ? undefined : openLog(folder, input, options);
  try {
    const work = { variants, seeds, log };
    const { all, left } = workOf(work);
    tellKept(all - left, all, options);
    const before = { done: all - left, all };
    const run = (simulators: Simulators) => runSweep(simulators, work);
    const { queue: url } = options;
    // What is there already needs nobody.
    const outcome = await kept(folder, work, () =>
      url === undefined || left === 0
        ? withPool(input, run, before)
        : withQueue(input, { url, files }, { work: run, before }),
    );
    if (outcome === "interrupted") {
      process.stderr.write(`interrupted: ${keptWords(folder, workOf(work))}\n`);
      return EXIT.interrupted;
    }
    tell(
      reported(input, dimensions, { outcome, seeds, options, trafficDimensions }),
      folder,
      options,
    );
    return EXIT.fine;
  } finally {
    log?.close();
  }
}

function folderOf({ scenario }: PlanInput, { out, json }: SweepOptions): string | undefined {
  return out ?? (json === true ? undefined : join("out", `${slug(scenario.name)}-sweep`));
}

/** Fails: InputError with everything that is wrong with --vary. */
function dimensionsOf(vary: readonly string[]): readonly Dimension[] {
  if (vary.length === 0) {
    throw new InputError("sweep needs something to vary: --vary shared.replicas=8..32:4");
  }
  const parsed = vary.map((text) => ({ text, result: parseVary(text) }));
  const problems = parsed.flatMap(({ text, result }) =>
    result.kind === "refused" ? [`--vary ${text}: ${result.message}`] : [],
  );
  if (problems.length > 0) throw new InputError(problems.join("\n"));
  const dimensions = parsed.flatMap(({ result }) =>
    result.kind === "parsed" ? [result.dimension] : [],
  );
  const names = dimensions.map(({ name }) => name);
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) throw new InputError(`--vary ${twice}: it is varied twice`);
  return dimensions;
}

function samplingOf({ scenario }: PlanInput, { sample }: SweepOptions): Sampling | undefined {
  const variants = wholeOption(sample, SAMPLE);
  return variants === undefined ? undefined : { variants, seed: scenario.simulation.seed };
}

/** Fails: InputError with every variant that cannot be simulated. */
function variantsOf(
  { source }: PlanInput,
  dimensions: readonly Dimension[],
  sampling: Sampling | undefined,
): Extract<SweepVariants, { kind: "variants" }> {
  const space = combinations(dimensions, sampling);
  if (space.kind === "refused") throw new InputError(space.message);
  const { text, fileName } = source;
  const made = sweepVariants(source, {
    dimensions,
    points: space.points,
    withFiles: (overrides) => withNamedFiles({ text, fileName, overrides }),
  });
  if (made.kind === "refused") throw new InputError(made.problems.join("\n"));
  return made;
}

function openLog(folder: string, input: PlanInput, { fresh }: SweepOptions): RunLog {
  const path = join(folder, RUNS);
  const head = headOf(input);
  try {
    return written(path, () => {
      if (fresh === true) forgetRuns(path);
      return new RunLog(path, head);
    });
  } catch (error) {
    if (!(error instanceof UnusableInput)) throw error;
    throw new InputError(error.message, { cause: error });
  }
}

function headOf({ scenario, source }: PlanInput): RunLogHead {
  const whole = JSON.stringify([
    scenario.canonicalJson,
    new InputFiles(source.baseDir).of(scenario),
  ]);
  return {
    tenantryVersion: source.tenantryVersion,
    scenario: createHash("sha256").update(whole).digest("hex"),
  };
}

/** What `make` gives. Fails: InputError where a finished run could not be kept, or the queue is gone. */
async function kept<Result>(
  folder: string | undefined,
  work: SweepWork,
  make: () => Promise<Result>,
): Promise<Result> {
  try {
    return await make();
  } catch (error) {
    if (error instanceof QueueLost) {
      throw new InputError(`${error.message}\n${keptWords(folder, workOf(work))}`, {
        cause: error,
      });
    }
    if (folder === undefined || !(error instanceof Error && "syscall" in error)) throw error;
    throw new InputError(
      `cannot write into ${folder}: ${reasonOf(error)}. The runs that were kept are whole; make room, and the same command goes on from them`,
      { cause: error },
    );
  }
}

function keptWords(
  folder: string | undefined,
  { all, left }: { readonly all: number; readonly left: number },
): string {
  return folder === undefined
    ? "nothing is kept without --out"
    : `${all - left} of ${all} simulations are kept in ${join(folder, RUNS)}; the same command goes on from there`;
}

function tellKept(done: number, all: number, { quiet, json }: SweepOptions): void {
  if (done === 0 || quiet === true || json === true) return;
  process.stderr.write(`${done} of ${all} simulations were made before and are used again\n`);
}

interface Swept {
  readonly outcome: readonly SweepOutcome[];
  readonly seeds: readonly number[];
  readonly options: SweepOptions;
  readonly trafficDimensions: readonly string[];
}

function reported(
  { scenario, source }: PlanInput,
  dimensions: readonly Dimension[],
  { outcome, seeds, options, trafficDimensions }: Swept,
): Sweep {
  const { name, description, canonicalJson } = scenario;
  const hash = createHash("sha256").update(canonicalJson).digest("hex");
  return sweepOf(
    dimensions.map((dimension) => dimension.name),
    outcome,
    {
      tenantryVersion: source.tenantryVersion,
      scenario: { name, description, hash },
      seeds,
      isSampled: options.sample !== undefined,
      dependentClients: dependentClients(scenario),
      trafficDimensions,
      asked: {
        vary: options.vary,
        sample: wholeOption(options.sample, SAMPLE) ?? null,
        overrides: options.set,
      },
    },
  );
}

function tell(
  sweep: Sweep,
  folder: string | undefined,
  { json: isJson, quiet: isQuiet }: SweepOptions,
): void {
  const json = `${JSON.stringify(sweep, undefined, 2)}\n`;
  if (isJson === true) process.stdout.write(json);
  else if (isQuiet !== true) print(sweep);
  if (folder === undefined) return;
  const page = "sweep.html";
  const report = sweepReport(sweep);
  writeFiles(folder, [
    ["sweep.json", json],
    ["sweep.csv", report.csv()],
    ["sweep.md", reportMarkdown(report)],
    [page, reportHtml(report, vegaRuntime())],
  ]);
  if (isQuiet !== true && isJson !== true) process.stdout.write(`Open ${join(folder, page)}\n`);
}

function print(sweep: Sweep): void {
  process.stdout.write(`\n${sweep.scenario.name}\n${sweepHeadline(sweep)}\n`);
  printTable(sweepTable(sweep), "right");
  const levels = trafficLevels(sweep);
  const cheapest = levels.length > 1 ? [cheapestWords(sweep, levels)] : [];
  process.stdout.write(`\n${[...cheapest, ...sweepNotes(sweep)].join("\n")}\n\n`);
}
