/**
 * All charts of a report, in the order of the page, and their Vega-Lite specifications for those who want them in files.
 */
import type { TopLevelSpec } from "vega-lite";
import type { Results } from "../../results/results.ts";
import type { Chart, ChartStyle } from "./frame.ts";
import { latencyCharts } from "./latency.ts";
import { costChart, shareChart } from "./money.ts";
import { timeCharts } from "./over-time.ts";
import { LIGHT } from "./palette.ts";
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

interface NamedSpec {
  readonly id: string;
  readonly title: string;
  readonly spec: TopLevelSpec;
}

/**
 * Every chart as a Vega-Lite specification that stands alone: light colours, its own legend, data inline.
 *
 * The ids are safe as file names and the same for equal results.
 */
export function chartSpecs(results: Results): readonly NamedSpec[] {
  const charts = reportCharts(results, { palette: LIGHT, hasLegend: true });
  return [...charts.latency, ...charts.overTime, ...charts.cost, ...charts.fairness].map(
    ({ id, title, spec }) => ({ id, title, spec }),
  );
}

function present(chart: Chart | undefined): readonly Chart[] {
  return chart === undefined ? [] : [chart];
}
