/**
 * The charts over time: time to first token per tier, queue length, busy GPUs and replicas per pool, and the flow of
 * requests. Sums run over all tenants; lines per tenant show the busiest of each tier.
 */
import type { Results, TierResult } from "../../results/results.ts";
import { formatLimitMs } from "../format.ts";
import { byTraffic, limitNote } from "../order.ts";
import { capital } from "../verdict.ts";
import { countScale, timeScale, type Chart, type ChartStyle } from "./frame.ts";
import { tierColour } from "./palette.ts";
import { scalingCharts } from "./scaling.ts";
import { seriesColour, sumSlices, timeChart, type Series } from "./time.ts";

/** Lines per chart: more cannot be told apart by colour. */
const LINES = 6;

/** Tiers that get a chart of their own; scenarios rarely have more than three. Assumed. */
const TIER_CHARTS = 6;

/** "1.5k" from a thousand up, plain below. */
const COUNT_LABEL = "format(datum.value, datum.value >= 1000 ? '~s' : '~r')";
const COUNT_AXIS = { tickCount: 4, tickMinStep: 1, labelExpr: COUNT_LABEL };
const RATE_AXIS = { tickCount: 4, labelExpr: `${COUNT_LABEL} + '/s'` };
const SHARE_AXIS = { tickCount: 4, format: "~%" };

/** All charts over time, in the order of the page; those without data are left out. */
export function timeCharts(results: Results, style: ChartStyle): readonly Chart[] {
  const charts = [
    ...results.tiers
      .slice(0, TIER_CHARTS)
      .map((tier, index) => ttftChart(results, style, tier, index)),
    queueChart(results, style),
    flowChart(results, style),
    busyChart(results, style),
    replicasChart(results, style),
    ...scalingCharts(results, style),
  ];
  return charts.filter((chart) => chart !== undefined);
}

function ttftChart(
  results: Results,
  style: ChartStyle,
  tier: TierResult,
  index: number,
): Chart | undefined {
  const tenants = byTraffic(results.tenants.filter((tenant) => tenant.tier === tier.name));
  const lines = new Map(results.timeline.tenants.map((line) => [line.name, line]));
  const shown = tenants.slice(0, LINES);
  const series = shown.map((tenant, place) => ({
    label: tenant.name,
    colour: seriesColour(style, place),
    values: lines.get(tenant.name)?.ttftMsP99 ?? [],
  }));
  const target = tier.sla.targets.find((one) => one.metric === "ttft");
  const values = series.flatMap((one) => one.values).filter((value) => value !== null);
  const scale = timeScale(target === undefined ? values : [...values, target.limitMs]);
  return timeChart(results, style, {
    id: `ttft-p99-${index}`,
    title: `TTFT P99 over time, ${tier.name}`,
    note: `P99 of the requests that got their first token in the slice, within 3 %.${scale.isLog ? " Log scale." : ""}${limitNote(shown.length, tenants.length, `${tier.name} tenants`)}`,
    series: scale.isLog ? series.map((one) => clamped(one, scale.floor)) : series,
    shape: "line",
    scale: scale.scale,
    axis: scale.axis,
    format: ",.4~r",
    unit: "ms",
    ...(target === undefined
      ? {}
      : { target: { value: target.limitMs, label: `target ${formatLimitMs(target.limitMs)}` } }),
  });
}

/** A log scale has no zero: smaller values are drawn at its floor. */
function clamped(series: Series, floor: number): Series {
  const values = series.values.map((value) => (value === null ? null : Math.max(value, floor)));
  return { ...series, values };
}

function queueChart(results: Results, style: ChartStyle): Chart | undefined {
  const tierOf = new Map(results.tenants.map((tenant) => [tenant.name, tenant.tier]));
  const series = results.tiers.map((tier) => {
    const lines = results.timeline.tenants.filter((line) => tierOf.get(line.name) === tier.name);
    return {
      label: capital(tier.name),
      colour: tierColour(results, style.palette, tier.name),
      values: sumSlices(
        results,
        lines.map((line) => line.queued),
      ),
    };
  });
  return timeChart(results, style, {
    id: "queue-length",
    title: "Requests waiting, per tier",
    note: "Waiting at the end of each slice, stacked.",
    series,
    shape: "stack",
    scale: countScale(
      sumSlices(
        results,
        series.map((one) => one.values),
      ),
    ),
    axis: COUNT_AXIS,
    format: ",",
    unit: "",
  });
}

function flowChart(results: Results, style: ChartStyle): Chart | undefined {
  const { palette } = style;
  const lines = results.timeline.tenants;
  const series = [
    {
      label: "Arrived",
      colour: palette["ink-3"],
      values: sumSlices(
        results,
        lines.map((line) => line.arrivedPerS),
      ),
    },
    {
      label: "Completed",
      colour: palette.c0,
      values: sumSlices(
        results,
        lines.map((line) => line.completedPerS),
      ),
    },
    {
      label: "Rejected",
      colour: palette.c1,
      values: sumSlices(
        results,
        lines.map((line) => line.rejectedPerS),
      ),
    },
  ];
  return timeChart(results, style, {
    id: "request-flow",
    title: "Arrivals, completions and rejections",
    note: "Requests per second over all tenants. Completions that lag behind arrivals are work piling up.",
    series,
    shape: "line",
    scale: countScale(series.flatMap((one) => one.values)),
    axis: RATE_AXIS,
    format: ",.3~r",
    unit: "per second",
  });
}

function busyChart(results: Results, style: ChartStyle): Chart | undefined {
  const shown = results.timeline.pools.slice(0, LINES);
  return timeChart(results, style, {
    id: "pool-busy",
    title: "Busy share of each pool's GPUs",
    note: `Busy time / provisioned time. One sequence makes a GPU busy, so read it beside MFU in the table of pools.${poolNote(results)}`,
    series: shown.map((pool, index) => ({
      label: pool.name,
      colour: seriesColour(style, index),
      values: pool.busy,
    })),
    shape: "line",
    scale: { domain: [0, 1] },
    axis: SHARE_AXIS,
    format: ".1%",
    unit: "",
  });
}

function replicasChart(results: Results, style: ChartStyle): Chart | undefined {
  const shown = results.timeline.pools.slice(0, LINES);
  return timeChart(results, style, {
    id: "replicas-up",
    title: "Replicas up, per pool",
    note: `Replicas able to work at the end of each slice.${poolNote(results)}`,
    series: shown.map((pool, index) => ({
      label: pool.name,
      colour: seriesColour(style, index),
      values: pool.replicasUp,
    })),
    shape: "step",
    scale: countScale(shown.flatMap((pool) => pool.replicasUp)),
    axis: COUNT_AXIS,
    format: ",.3~r",
    unit: "",
  });
}

function poolNote(results: Results): string {
  const all = results.timeline.pools.length;
  return all > LINES ? ` Showing the first ${LINES} pools of ${all}; the table holds all.` : "";
}
