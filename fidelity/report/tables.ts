/** The errors as tables: against what the project allows itself, by group, run by run, and for overloaded runs. */
import { formatCount, formatMs, MISSING } from "../../src/report/format.ts";
import {
  cell,
  left,
  right,
  toned,
  type Cell as TableCell,
  type Table,
} from "../../src/report/table.ts";
import {
  type Figure,
  type Grouping,
  GROUPINGS,
  groupsOf,
  HEADLINE,
  MOST_OVERLOAD,
  summaryOf,
  wholeCells,
} from "../errors.ts";
import { type Cell, type Evaluated, meanError, throughputError } from "../evaluate.ts";
import { type Metric, STATISTICS } from "../measured.ts";
import {
  figureName,
  METRIC_NAMES,
  percentText,
  runLabels,
  signedPercent,
  stageName,
  statisticName,
} from "./labels.ts";
import { modelName } from "../models.ts";

/** What is promised, what is reached, and what others publish. */
export function accuracyTable(
  evaluated: readonly Evaluated[],
  leftOut: readonly Evaluated[] | undefined,
): Table {
  const labels = runLabels(evaluated.map(({ run }) => run));
  return {
    title: "Median error over runs",
    columns: [
      left("Figure"),
      right("Left out", "As beside it, each model predicted with constants fitted to the others."),
      right("As shipped", "Median over runs of the absolute error."),
      right("Allowed"),
      right(
        "Best published",
        "BLIS, 36 runs on H100, A100 and L40S, tuned on results of the same runs.",
      ),
      right("Bias", "Median over runs of the signed error; positive is too slow."),
      right("Allowed"),
      right("Worst"),
      left("In"),
    ],
    rows: HEADLINE.flatMap((figure) => {
      const summary = summaryOf(wholeCells(evaluated, figure));
      if (summary === undefined) return [];
      const { medianAbsolute, medianSigned, worst } = summary;
      const { most, mostBias } = figure;
      return [
        [
          cell(figureName(figure)),
          leftOutCell(leftOut, figure),
          judged(percentText(medianAbsolute), medianAbsolute <= most),
          cell(percentText(most)),
          cell(percentText(figure.best)),
          mostBias === undefined
            ? cell(signedPercent(medianSigned))
            : judged(signedPercent(medianSigned), Math.abs(medianSigned) <= mostBias),
          cell(mostBias === undefined ? MISSING : `±${percentText(mostBias)}`, "No limit is set."),
          cell(signedPercent(worst.error)),
          cell(labels.get(worst.run)!),
        ],
      ];
    }),
  };
}

function leftOutCell(leftOut: readonly Evaluated[] | undefined, figure: Figure): TableCell {
  const summary = leftOut && summaryOf(wholeCells(leftOut, figure));
  if (summary === undefined) return cell(MISSING, "It takes runs of two models.");
  const { medianAbsolute } = summary;
  return judged(percentText(medianAbsolute), medianAbsolute <= figure.most);
}

function judged(text: string, isWithin: boolean): TableCell {
  return toned(text, isWithin ? "good" : "bad");
}

/** One table per property of the runs. */
export function groupTables(evaluated: readonly Evaluated[]): Table[] {
  const steady = evaluated.filter(({ run }) => !run.isOverload);
  return GROUPINGS.map((grouping) => groupTable(steady, grouping));
}

function groupTable(evaluated: readonly Evaluated[], grouping: Grouping): Table {
  return {
    title: `By ${grouping.title}`,
    columns: [
      left(grouping.title),
      right("Runs"),
      ...HEADLINE.map((figure) => right(figureName(figure))),
    ],
    rows: groupsOf(evaluated, grouping).map(([key, part]) => [
      cell(key),
      cell(formatCount(part.length)),
      ...HEADLINE.map((figure) => errorCell(part, figure)),
    ]),
    note: "Median absolute error, and the median signed one in brackets.",
  };
}

function errorCell(part: readonly Evaluated[], figure: Figure): TableCell {
  const summary = summaryOf(wholeCells(part, figure));
  if (summary === undefined) return cell(MISSING);
  const { medianAbsolute, medianSigned } = summary;
  const text = `${percentText(medianAbsolute)} (${signedPercent(medianSigned)})`;
  return medianAbsolute > figure.most ? toned(text, "bad") : cell(text);
}

/** Measured and predicted, per run and stage: one table per metric. */
export function runTable(evaluated: readonly Evaluated[], metric: Metric): Table {
  const labels = runLabels(evaluated.map(({ run }) => run));
  return {
    title: `${METRIC_NAMES[metric]}, measured → predicted`,
    columns: [left("Run"), left("Load"), ...STATISTICS.map((one) => right(statisticName(one)))],
    rows: evaluated.flatMap(({ run, cells }) =>
      run.observed.map(({ stage }) => [
        cell(labels.get(run)!),
        cell(stageName(run, stage)),
        ...STATISTICS.map((statistic) => {
          const found = cells.find(
            (one) => one.stage === stage && one.metric === metric && one.statistic === statistic,
          );
          return found === undefined ? cell(MISSING) : cell(comparisonText(found));
        }),
      ]),
    ),
  };
}

function comparisonText({ measuredMs, predictedMs, error }: Cell): string {
  return `${formatMs(measuredMs)} → ${formatMs(predictedMs)} (${signedPercent(error)})`;
}

/** Errors of runs whose queues grow without end; undefined where there is none. */
export function overloadTable(evaluated: readonly Evaluated[]): Table | undefined {
  const overloaded = evaluated.filter(({ run }) => run.isOverload);
  if (overloaded.length === 0) return undefined;
  const labels = runLabels(evaluated.map(({ run }) => run));
  return {
    title: "Overloaded runs: queues grow until clients give up",
    columns: [
      left("Run"),
      right("E2E mean"),
      right("Throughput", "Completed per second, from the first arrival to the last end."),
      right("TTFT mean"),
      right("TPOT mean"),
    ],
    rows: overloaded.map((one) => [
      cell(labels.get(one.run)!),
      overloadCell(meanError(one, "e2e")),
      overloadCell(throughputError(one)),
      errorText(meanError(one, "ttft")),
      errorText(meanError(one, "tpot")),
    ]),
    note: `E2E and throughput may be off by ${percentText(MOST_OVERLOAD)}. Means are over requests that completed.`,
  };
}

function errorText(error: number | undefined): TableCell {
  return cell(error === undefined ? MISSING : signedPercent(error));
}

function overloadCell(error: number | undefined): TableCell {
  if (error === undefined) return cell(MISSING, "It was not recorded.");
  return judged(signedPercent(error), Math.abs(error) <= MOST_OVERLOAD);
}

/** KV blocks as the engine reported them and as they are computed. */
export function memoryTable(evaluated: readonly Evaluated[]): Table | undefined {
  const known = evaluated.filter(({ run }) => run.kvBlocks !== undefined);
  if (known.length === 0) return undefined;
  const unique = Map.groupBy(known, ({ run }) => `${modelName(run)} ×${run.tensorParallel}`);
  return {
    title: "KV blocks of 16 tokens",
    columns: [left("Model"), right("Reported"), right("Computed"), right("Error")],
    rows: [...unique].map(([name, [first]]) => {
      const { run, prediction } = first!;
      return [
        cell(name),
        cell(formatCount(run.kvBlocks!)),
        cell(formatCount(prediction.kvBlocks)),
        cell(signedPercent(prediction.kvBlocks / run.kvBlocks! - 1)),
      ];
    }),
  };
}
