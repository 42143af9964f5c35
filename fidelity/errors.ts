/**
 * Errors summed up over runs: medians of the absolute and of the signed error, for all and by any property of the runs. A run counts
 * once, by its figures as a whole; runs whose queues grow without end are a group of their own and never among the others.
 */
import type { Cell, Evaluated } from "./evaluate.ts";
import type { MeasuredRun, Metric, Statistic } from "./measured.ts";
import { modelName } from "./models.ts";
import { median } from "./statistics.ts";

export interface Figure {
  readonly id: string;
  readonly metric: Metric;
  readonly statistic: Statistic;
  /** Largest median absolute error, and largest median signed error, that this project allows itself. */
  readonly most: number;
  readonly mostBias: number | undefined;
  /** The best figure published by another simulator: BLIS, 36 runs on three GPUs (llm-d blog and its results, 2026). */
  readonly best: number;
}

/** What the last line prints, in its order. */
export const HEADLINE: readonly Figure[] = [
  { id: "e2e", metric: "e2e", statistic: "mean", most: 0.05, mostBias: 0.03, best: 0.067 },
  { id: "tpot", metric: "tpot", statistic: "mean", most: 0.05, mostBias: 0.03, best: 0.071 },
  { id: "ttft", metric: "ttft", statistic: "mean", most: 0.1, mostBias: undefined, best: 0.176 },
  { id: "e2e_p99", metric: "e2e", statistic: "p99", most: 0.08, mostBias: undefined, best: 0.092 },
  { id: "ttft_p99", metric: "ttft", statistic: "p99", most: 0.2, mostBias: undefined, best: 0.29 },
];

/** Largest error of an overloaded run's mean E2E and throughput that this project allows itself. */
export const MOST_OVERLOAD = 0.15;

export interface ErrorSummary {
  readonly count: number;
  readonly medianAbsolute: number;
  readonly medianSigned: number;
  readonly worst: Cell;
}

/** Undefined where nothing was measured. */
export function summaryOf(cells: readonly Cell[]): ErrorSummary | undefined {
  if (cells.length === 0) return undefined;
  const errors = cells.map(({ error }) => error);
  return {
    count: cells.length,
    medianAbsolute: median(errors.map(Math.abs)),
    medianSigned: median(errors),
    worst: cells.reduce((a, b) => (Math.abs(b.error) > Math.abs(a.error) ? b : a)),
  };
}

/** The cells of whole runs that one figure rests on. */
export function wholeCells(
  evaluated: readonly Evaluated[],
  { metric, statistic }: Pick<Figure, "metric" | "statistic">,
): Cell[] {
  return evaluated
    .filter(({ run }) => !run.isOverload)
    .flatMap(({ cells }) =>
      cells.filter(
        (cell) =>
          cell.stage === undefined && cell.metric === metric && cell.statistic === statistic,
      ),
    );
}

/** A property by which runs are told apart, and left out together. */
export interface Grouping {
  readonly id: string;
  readonly title: string;
  readonly keyOf: (run: MeasuredRun) => string;
  /** A group in a sentence: "runs of ...". */
  readonly phrase: (key: string) => string;
}

export const GROUPINGS: readonly Grouping[] = [
  { id: "gpu", title: "GPU", keyOf: ({ gpu }) => gpu, phrase: (key) => `runs on ${key}` },
  { id: "model", title: "Model", keyOf: modelName, phrase: (key) => `runs of ${key}` },
  {
    id: "workload",
    title: "Workload",
    keyOf: ({ workload }) => workload,
    phrase: (key) => `runs of workload ${key}`,
  },
  {
    id: "tp",
    title: "GPUs per replica",
    keyOf: (run) => String(run.tensorParallel),
    phrase: (key) => `runs on replicas of ${key} GPU${key === "1" ? "" : "s"}`,
  },
];

/** Runs by group, groups in the order of their names. */
export function groupsOf<Item extends { readonly run: MeasuredRun }>(
  items: readonly Item[],
  { keyOf }: Grouping,
): (readonly [key: string, items: readonly Item[]])[] {
  const groups = Map.groupBy(items, ({ run }) => keyOf(run));
  return [...groups].toSorted(([a], [b]) => (a < b ? -1 : 1));
}

/** `median error: e2e 1.2% ..., bias e2e 0.3% ...`: what `npm run fidelity` ends with. */
export function headlineText(evaluated: readonly Evaluated[]): string {
  const parts = HEADLINE.map((figure) => ({
    figure,
    summary: summaryOf(wholeCells(evaluated, figure)),
  }));
  const errors = parts.map(
    ({ figure, summary }) => `${figure.id} ${percent(summary?.medianAbsolute)}`,
  );
  const bias = parts
    .filter(({ figure }) => figure.mostBias !== undefined)
    .map(({ figure, summary }) => `${figure.id} ${percent(summary?.medianSigned)}`);
  return `median error: ${errors.join(" ")}, bias ${bias.join(" ")}`;
}

export function percent(share: number | undefined): string {
  return share === undefined ? "-" : `${(100 * share).toFixed(1)}%`;
}
