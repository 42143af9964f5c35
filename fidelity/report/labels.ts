/** How runs and figures are called on the page. */
import { formatCount } from "../../src/report/format.ts";
import type { Figure } from "../errors.ts";
import type { MeasuredRun, Metric, Statistic } from "../measured.ts";
import { modelName } from "../models.ts";

export const METRIC_NAMES: Readonly<Record<Metric, string>> = {
  ttft: "TTFT",
  e2e: "E2E",
  tpot: "TPOT",
};

const STATISTIC_NAMES: Readonly<Record<Statistic, string>> = {
  mean: "mean",
  p50: "P50",
  p90: "P90",
  p99: "P99",
};

export function statisticName(statistic: Statistic): string {
  return STATISTIC_NAMES[statistic];
}

export function figureName({ metric, statistic }: Pick<Figure, "metric" | "statistic">): string {
  return `${METRIC_NAMES[metric]} ${STATISTIC_NAMES[statistic]}`;
}

/** "mixtral-8x7b x2, general"; runs alike get a number behind. Names in the order of the runs, each once. */
export function runLabels(runs: readonly MeasuredRun[]): ReadonlyMap<MeasuredRun, string> {
  const seen = new Map<string, number>();
  return new Map(
    runs.map((run) => {
      const gpus = run.tensorParallel * run.dataParallel;
      const plain = `${modelName(run)} ×${gpus}, ${run.workload}`;
      const count = (seen.get(plain) ?? 0) + 1;
      seen.set(plain, count);
      return [run, count === 1 ? plain : `${plain} (${count})`];
    }),
  );
}

/** "8 requests/s", or "whole run". */
export function stageName(run: MeasuredRun, stage: number | undefined): string {
  return stage === undefined ? "whole run" : `${run.stages[stage]!.ratePerS}/s`;
}

/** "+3.2 %", "−0.4 %": the sign is said, for too slow and too fast are different mistakes. */
export function signedPercent(share: number): string {
  const amount = Math.abs(100 * share);
  const text = amount < 100 ? amount.toFixed(1) : formatCount(amount);
  if (Number(text) === 0) return "0.0 %";
  return `${share < 0 ? "−" : "+"}${text} %`;
}

export function percentText(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
