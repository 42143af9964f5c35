/** All charts of a run's report, in the order of the page. */
import type { Results } from "../../results/results.ts";
import type { Chart, ChartStyle } from "./frame.ts";
import { latencyCharts } from "./latency.ts";
import { costChart, shareChart } from "./money.ts";
import { timeCharts } from "./over-time.ts";
import { waitChart } from "./waiting.ts";

export interface ReportCharts {
  readonly latency: readonly Chart[];
  readonly overTime: readonly Chart[];
  readonly cost: readonly Chart[];
  readonly fairness: readonly Chart[];
}

/** The charts by section; a chart without data is left out. */
export function reportCharts(results: Results, style: ChartStyle): ReportCharts {
  return {
    latency: [...latencyCharts(results, style), ...present(waitChart(results, style))],
    overTime: timeCharts(results, style),
    cost: present(costChart(results, style)),
    fairness: present(shareChart(results, style)),
  };
}

function present(chart: Chart | undefined): readonly Chart[] {
  return chart === undefined ? [] : [chart];
}
