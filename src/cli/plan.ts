/** `tenantry plan`: the cheapest platform that meets every SLA, how it was found, and how sure that is. */
import { join } from "node:path";
import { Planner, PlanRefused } from "../planner/plan/plan.ts";
import { planCsv, planReport, planTables } from "../report/plan/forms.ts";
import {
  confirmationWords,
  designText,
  hourly,
  planHeadline,
  planLine,
  planNotes,
  runwayWords,
  sizesText,
} from "../report/plan/words.ts";
import { reportHtml, reportMarkdown } from "../report/report.ts";
import type { PlanResult } from "../results/plan.ts";
import { counted } from "../results/plan-words.ts";
import { EXIT, InputError } from "./exit-codes.ts";
import { prepareFolder, printTable, slug, writeFiles } from "./output.ts";
import { vegaRuntime } from "./package-info.ts";
import { PlanBar } from "./plan-bar.ts";
import { type PlanInput, type PlanOptions, readPlanInput, withPool } from "./plan-run.ts";

export interface PlanCommandOptions extends Omit<PlanOptions, "replications"> {
  readonly confidence?: string;
  readonly growth?: string;
  readonly maxGpus?: string;
  readonly budget?: string;
}

/** Runs the command; returns its exit code. */
export async function planCommand(file: string, options: PlanCommandOptions): Promise<number> {
  const startMs = performance.now();
  const input = readPlanInput(file, { ...options, set: [...options.set, ...asked(options)] });
  const folder =
    options.out ??
    (options.json === true ? undefined : join("out", `${slug(input.scenario.name)}-plan`));
  if (folder !== undefined) prepareFolder(folder);
  const bar = input.hasBar ? new PlanBar() : undefined;
  let planner: Planner | undefined;
  const plan = await withPool({ ...input, hasBar: false }, (pool) => {
    planner = plannerOf(input, pool, bar);
    return planner.run();
  }).finally(() => bar?.stop());
  if (plan === "interrupted") {
    if (planner !== undefined) tellKnown(planner);
    return EXIT.interrupted;
  }
  const line = planLine(plan, (performance.now() - startMs) / 1000);
  tell(plan, { folder, line, options });
  return plan.answer === null ? EXIT.slaMissed : EXIT.fine;
}

/** Options that stand for keys of the scenario's `plan` section, and are checked as those are. */
function asked({ confidence, growth, maxGpus, budget }: PlanCommandOptions): string[] {
  const given = Object.entries({ confidence, growth, maxGpus, budget });
  return given.flatMap(([key, value]) => (value === undefined ? [] : [`plan.${key}=${value}`]));
}

/** Fails: InputError. */
function plannerOf(
  { source, scenario }: PlanInput,
  pool: ConstructorParameters<typeof Planner>[0],
  bar: PlanBar | undefined,
): Planner {
  try {
    return new Planner(pool, { source, scenario }, (progress) => bar?.show(progress));
  } catch (error) {
    if (!(error instanceof PlanRefused)) throw error;
    throw new InputError(`${source.fileName}: ${error.message}`, { cause: error });
  }
}

function tell(
  plan: PlanResult,
  how: {
    readonly folder: string | undefined;
    readonly line: string;
    readonly options: PlanCommandOptions;
  },
): void {
  const { json: isJson, quiet: isQuiet } = how.options;
  const json = `${JSON.stringify(plan, undefined, 2)}\n`;
  if (isJson === true) process.stdout.write(json);
  else if (isQuiet !== true) print(plan);
  if (how.folder !== undefined) {
    const page = "plan.html";
    const report = planReport(plan);
    writeFiles(how.folder, [
      ["plan.json", json],
      ["plan.csv", planCsv(plan)],
      ["plan.md", reportMarkdown(report)],
      [page, reportHtml(report, vegaRuntime())],
    ]);
    if (isQuiet !== true && isJson !== true) {
      process.stdout.write(`Open ${join(how.folder, page)}\n`);
    }
  }
  if (isQuiet !== true && isJson !== true) process.stdout.write(`${how.line}\n`);
}

function print(plan: PlanResult): void {
  const { scenario, bounds, confirmation, runway, impossible, ask } = plan;
  lines([scenario.name, planHeadline(plan)]);
  if (impossible !== null) lines(impossible.nearest.map((text) => `Possible: ${text}`));
  // What is said of one design is nearly the same of the others; the page has them all.
  const telling = bounds.filter((bound) => bound.design.length === 0 || bound.isImpossible);
  lines(
    telling.map(({ words, design }) =>
      design.length === 0 ? words : `${designText(design)}: ${words}`,
    ),
  );
  for (const table of planTables(plan)) printTable(table);
  if (confirmation !== null) lines([confirmationWords(confirmation, ask.confidence)]);
  if (runway !== null) lines([runwayWords(runway, ask.promises)]);
  lines(planNotes(plan));
  process.stdout.write("\n");
}

/** A paragraph of lines, if there are any. */
function lines(texts: readonly string[]): void {
  if (texts.length > 0) process.stdout.write(`\n${texts.join("\n")}\n`);
}

/** After Ctrl-C: what is known so far. */
function tellKnown({ known }: Planner): void {
  const { phase, best, steps } = known;
  const tried = `${counted(steps.length, "platform")} tried`;
  const found =
    best === undefined
      ? "nothing that keeps every promise was found yet"
      : `the cheapest so far is ${counted(best.gpus, "GPU")} at ${hourly(best.usdPerHour)} (${sizesText(best.pools.map(({ name: pool, replicas }) => ({ pool, replicas })))}), not confirmed`;
  process.stdout.write(`\nInterrupted (${phase}, ${tried}): ${found}\n`);
}
