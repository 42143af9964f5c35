/** How each autoscaled pool followed its load: replicas provisioned against replicas needed, with the most there may be. */
import type { Results } from "../../results/results.ts";
import { formatCount } from "../format.ts";
import { countScale, type Chart, type ChartStyle } from "./frame.ts";
import { timeChart, type Series } from "./time.ts";

/** Pools that get a chart of their own. Assumed: more than a handful scales nowhere. */
const POOL_CHARTS = 6;

/** One chart per pool that scales; none where none does. */
export function scalingCharts(results: Results, style: ChartStyle): readonly Chart[] {
  return results.pools
    .filter(({ scaling }) => scaling !== null)
    .slice(0, POOL_CHARTS)
    .flatMap(({ name }, index) => scalingChart(results, style, { name, index }) ?? []);
}

function scalingChart(
  results: Results,
  style: ChartStyle,
  { name, index }: { readonly name: string; readonly index: number },
): Chart | undefined {
  const line = results.timeline.pools.find((pool) => pool.name === name);
  const scaling = results.pools.find((pool) => pool.name === name)?.scaling;
  if (line === undefined || scaling === null || scaling === undefined) return undefined;
  const { palette } = style;
  const most = scaling.max;
  // A queue of minutes would call for more than there can be by far: the line ends at twice the most.
  const needed = line.replicasNeeded.map((value) =>
    value === null ? null : Math.min(value, 2 * most),
  );
  const series: readonly Series[] = [
    { label: "Provisioned", colour: palette.c0, values: line.replicasProvisioned },
    { label: "Able to work", colour: palette.c2, values: line.replicasUp },
    { label: "Needed", colour: palette.c1, values: needed },
  ];
  const values = series.flatMap((one) => one.values);
  return timeChart(results, style, {
    id: `scaling-${index}`,
    title: `Replicas of ${name}: provisioned and needed`,
    note: "At the end of each slice. Needed: replicas at which the predicted SLA risk would be at the scale-out threshold. Provisioned counts those that boot, drain or are down, for they cost money too.",
    series,
    shape: "step",
    scale: countScale([...values, most]),
    axis: { tickCount: 4, tickMinStep: 1, format: "~r" },
    format: ",.3~r",
    unit: "",
    target: { value: most, label: `at most ${formatCount(most)}` },
  });
}
