/** `tenantry tune`: better settings for the platform as it is, shown as a patch to the scenario's file, and written on request. */
import { join } from "node:path";
import { writeFileSync } from "node:fs";
import { Tuner } from "../planner/tune/tune.ts";
import { reportHtml, reportMarkdown } from "../report/report.ts";
import { tuneReport } from "../report/tune/forms.ts";
import { tuneLine, tuneTables, tuneWords } from "../report/tune/words.ts";
import type { TuneResult } from "../results/tune.ts";
import { counted } from "../results/plan-words.ts";
import { rewriteText } from "../scenario/rewrite.ts";
import { EXIT, InputError } from "./exit-codes.ts";
import { prepareFolder, printTable, slug, writeFiles, written } from "./output.ts";
import { vegaRuntime } from "./package-info.ts";
import { type PlanOptions, readPlanInput, withPool } from "./plan-run.ts";
import { linePatch } from "./line-patch.ts";

export interface TuneOptions extends Omit<PlanOptions, "replications"> {
  readonly budget?: string;
  readonly write?: boolean;
}

const PAGE = "tune.html";

/** Runs the command; returns its exit code. */
export async function tuneCommand(file: string, options: TuneOptions): Promise<number> {
  const startMs = performance.now();
  const budget = options.budget === undefined ? [] : [`plan.budget=${options.budget}`];
  const input = readPlanInput(file, { ...options, set: [...options.set, ...budget] });
  const folder =
    options.out ??
    (options.json === true ? undefined : join("out", `${slug(input.scenario.name)}-tune`));
  if (folder !== undefined) prepareFolder(folder);
  let tuner: Tuner | undefined;
  const tune = await withPool(input, (pool) => {
    tuner = new Tuner(pool, input, () => {});
    if (tuner.knobs.length === 0) throw new InputError(`${file}: there is nothing to tune`);
    return tuner.run();
  });
  if (tune === "interrupted") {
    const best = tuner?.best;
    const known =
      best === undefined
        ? "nothing is known yet"
        : `the best so far breaks ${counted(best.measure.broken, "promise")}, not compared on fresh seeds`;
    process.stdout.write(`\nInterrupted: ${known}; ${file} is as it was\n`);
    return EXIT.interrupted;
  }
  const line = tuneLine(tune, (performance.now() - startMs) / 1000);
  tell(tune, { file, text: input.source.text, folder, line, options });
  return EXIT.fine;
}

interface Telling {
  readonly file: string;
  readonly text: string;
  readonly folder: string | undefined;
  readonly line: string;
  readonly options: TuneOptions;
}

function tell(tune: TuneResult, how: Telling): void {
  const { file, text, folder, options } = how;
  const overrides = tune.changes.map(({ path, value }) => `${path}=${value}`);
  const after = rewriteText(text, overrides);
  const patch = after.kind === "rewritten" ? linePatch(file, text, after.text) : "";
  const json = `${JSON.stringify(tune, undefined, 2)}\n`;
  const say = (words: string): void => {
    if (options.quiet !== true && options.json !== true) process.stdout.write(words);
  };
  if (options.json === true) process.stdout.write(json);
  else if (options.quiet !== true) for (const table of tuneTables(tune)) printTable(table);
  say(`\n${tuneWords(tune)}\n\n${patch}`);
  if (folder !== undefined) {
    const report = tuneReport(tune);
    writeFiles(folder, [
      ["tune.json", json],
      ["tune.patch", patch],
      ["tune.md", reportMarkdown(report)],
      [PAGE, reportHtml(report, vegaRuntime())],
    ]);
    say(`Open ${join(folder, PAGE)}\n`);
  }
  if (after.kind === "refused") {
    const sets = overrides.map((override) => `--set '${override}'`).join(" ");
    process.stderr.write(`${file}: ${after.reason}\nThe settings found: ${sets}\n`);
  } else if (overrides.length > 0) say(keep(how, after.text));
  say(`${how.line}\n`);
}

/** Writes the file on request; says what became of it. */
function keep({ file, folder, options }: Telling, text: string): string {
  if (options.write === true) {
    written(file, () => writeFileSync(file, text));
    return `Written into ${file}\n`;
  }
  const place = folder === undefined ? "" : `: patch ${file} < ${join(folder, "tune.patch")}, or`;
  return `${file} is as it was${place} --write\n`;
}
