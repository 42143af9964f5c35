/** `npm run fidelity -- --data FOLDER`: replays every measured run found there and says how far off the predictions are. */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { prepareFolder, writeFiles } from "../src/cli/output.ts";
import { EXIT, InputError } from "../src/cli/exit-codes.ts";
import { packageVersion, vegaRuntime } from "../src/cli/package-info.ts";
import {
  GROUPINGS,
  groupsOf,
  HEADLINE,
  headlineText,
  percent,
  summaryOf,
  wholeCells,
} from "./errors.ts";
import { evaluate, type Evaluated } from "./evaluate.ts";
import { evaluateLeftOut } from "./left-out.ts";
import type { Excluded, MeasuredRun } from "./measured.ts";
import { modelName } from "./models.ts";
import { readData } from "./read-data.ts";
import { LOAD_TESTS_FILE } from "./read-load-tests.ts";
import { REQUESTS_FOLDER } from "./read-requests.ts";
import { type Fidelity, fidelityCsv, fidelityHtml, fidelityMarkdown } from "./report/forms.ts";

const USAGE = "npm run fidelity -- --data FOLDER [--out FOLDER] [--only PART_OF_A_NAME]";

interface Options {
  readonly data: string;
  readonly out: string;
  readonly only: string;
}

function optionsOf(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      data: { type: "string" },
      out: { type: "string", default: "reports/fidelity" },
      only: { type: "string", default: "" },
    },
  });
  const { data, out, only } = values;
  if (data === undefined) throw new InputError(`give the folder of measured runs: ${USAGE}`);
  return { data, out, only };
}

/** One line per run: measured, predicted and error of what the last line sums up. */
function runLine({ run, cells }: Evaluated): string {
  const figures = HEADLINE.map(({ id, metric, statistic }) => {
    const cell = cells.find(
      (one) => one.stage === undefined && one.metric === metric && one.statistic === statistic,
    );
    if (cell === undefined) return `${id} -`;
    const [measured, predicted] = [cell.measuredMs, cell.predictedMs].map((ms) =>
      ms.toPrecision(4),
    );
    return `${id} ${measured} ${predicted} ${percent(cell.error)}`;
  });
  return `${run.isOverload ? "overload: " : ""}${run.name}: ${figures.join(", ")}`;
}

function groupLines(evaluated: readonly Evaluated[]): string[] {
  return GROUPINGS.flatMap((grouping) =>
    groupsOf(evaluated, grouping).map(([key, part]) => {
      const figures = HEADLINE.map((figure) => {
        const summary = summaryOf(wholeCells(part, figure));
        return `${figure.id} ${percent(summary?.medianAbsolute)} (${percent(summary?.medianSigned)})`;
      });
      return `${grouping.id} ${key}: ${figures.join(", ")}`;
    }),
  );
}

function writeReport(folder: string, fidelity: Fidelity): void {
  writeFiles(folder, [
    ["index.html", fidelityHtml(fidelity, vegaRuntime())],
    ["fidelity.csv", fidelityCsv(fidelity)],
    ["fidelity.md", fidelityMarkdown(fidelity)],
  ]);
  console.log(`wrote ${join(folder, "index.html")}, fidelity.csv and fidelity.md`);
}

function main(options: Options): void {
  const { runs, excluded } = readData(options.data);
  const wanted = runs.filter(({ name }) => name.includes(options.only));
  if (wanted.length === 0) throw new InputError(noRuns(options, excluded));
  prepareFolder(options.out);
  const evaluated = evaluate(wanted, { onRun: (one) => console.log(runLine(one)) });
  for (const line of exclusionLines(excluded)) console.log(`not simulated: ${line}`);
  console.log(groupLines(evaluated).join("\n"));
  const leftOut = leftOutOf(wanted);
  writeReport(options.out, { evaluated, leftOut, excluded, version: packageVersion() });
  if (leftOut !== undefined) {
    console.log("each model predicted from the others alone, then with the shipped constants:");
    console.log(headlineText(leftOut));
  }
  console.log(headlineText(evaluated));
}

/** Each model from the others; undefined where there are no others. */
function leftOutOf(runs: readonly MeasuredRun[]): readonly Evaluated[] | undefined {
  const steady = runs.filter(({ isOverload }) => !isOverload);
  if (new Set(steady.map(modelName)).size < 2) return undefined;
  const { fitted, evaluated } = evaluateLeftOut(runs);
  const { layerPs, edge } = fitted;
  const [us, ms, runningUs] = [layerPs / 1e6, edge.requestNs / 1e6, edge.runningNs / 1e3];
  console.log(
    `fitted to all: ${us.toFixed(2)} us per layer; at the edge ${ms.toFixed(2)} ms per request and ${runningUs.toFixed(1)} us per running sequence`,
  );
  return evaluated;
}

/** Reasons with how many runs have them, and which is the first. */
function exclusionLines(excluded: readonly Excluded[]): string[] {
  return [...Map.groupBy(excluded, ({ reason }) => reason)].map(([reason, runs]) => {
    const others = runs.length === 1 ? "" : ` and ${runs.length - 1} more`;
    return `${runs[0]!.run}${others}: ${reason}`;
  });
}

function noRuns({ data, only }: Options, excluded: readonly Excluded[]): string {
  if (only !== "") return `no run in ${data} has a name with '${only}' in it`;
  if (excluded.length === 0) {
    return `no measured runs in ${data}: expected ${LOAD_TESTS_FILE} or ${REQUESTS_FOLDER}/experiments.csv`;
  }
  const reasons = exclusionLines(excluded).map((line) => `  ${line}`);
  return [`none of the ${excluded.length} runs in ${data} can be simulated:`, ...reasons].join(
    "\n",
  );
}

try {
  main(optionsOf(process.argv.slice(2)));
} catch (error) {
  const isUsers = error instanceof InputError || (error instanceof Error && "code" in error);
  if (!isUsers) throw error;
  console.error(error.message);
  process.exitCode = EXIT.badInput;
}
