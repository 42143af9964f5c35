/**
 * Predicts every run and sets what was measured beside it, one cell per stage, metric and statistic. Who fits constants while
 * leaving runs out hands in what he fitted for each run; everything else is as the scenario has it.
 */
import { METRICS, type MeasuredRun, type Metric, STATISTICS, type Statistic } from "./measured.ts";
import { type PoolChange, type Prediction, predict } from "./predict.ts";

export interface Cell {
  readonly run: MeasuredRun;
  /** Undefined: the whole run. */
  readonly stage: number | undefined;
  readonly metric: Metric;
  readonly statistic: Statistic;
  readonly measuredMs: number;
  readonly predictedMs: number;
  /** Predicted over measured, less 1: positive is too slow. */
  readonly error: number;
}

export interface Evaluated {
  readonly run: MeasuredRun;
  readonly prediction: Prediction;
  readonly cells: readonly Cell[];
}

interface EvaluateOptions {
  readonly changeOf?: (run: MeasuredRun) => PoolChange;
  readonly onRun?: (evaluated: Evaluated, done: number) => void;
}

export function evaluate(
  runs: readonly MeasuredRun[],
  { changeOf, onRun }: EvaluateOptions = {},
): Evaluated[] {
  return runs.map((run, index) => {
    const prediction = predict(run, changeOf?.(run));
    const evaluated = { run, prediction, cells: cellsOf(run, prediction) };
    onRun?.(evaluated, index + 1);
    return evaluated;
  });
}

function cellsOf(run: MeasuredRun, prediction: Prediction): Cell[] {
  return run.observed.flatMap(({ stage, latencies }, index) =>
    METRICS.flatMap((metric) =>
      STATISTICS.flatMap((statistic): Cell[] => {
        const measuredMs = latencies[metric][statistic];
        const predictedMs = prediction.observed[index]!.latencies[metric][statistic];
        if (measuredMs === undefined || predictedMs === undefined) return [];
        const error = predictedMs / measuredMs - 1;
        return [{ run, stage, metric, statistic, measuredMs, predictedMs, error }];
      }),
    ),
  );
}

/** Signed error of a mean over the whole run; undefined where nothing completed. */
export function meanError({ cells }: Evaluated, metric: Metric): number | undefined {
  return cells.find(
    (one) => one.stage === undefined && one.metric === metric && one.statistic === "mean",
  )?.error;
}

/** Signed error of completed requests per second; undefined where it was not measured. */
export function throughputError({ run, prediction }: Evaluated): number | undefined {
  const [measured, predicted] = [run, prediction].map(
    ({ observed }) => observed[0]!.throughputPerS,
  );
  if (measured === undefined || predicted === undefined) return undefined;
  return predicted / measured - 1;
}
