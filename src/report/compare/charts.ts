/**
 * The charts of a comparison: latency per tier, requests over time and bills per tenant, each with every side in a colour of
 * its own. Of replications, charts show the first run; tables hold the means.
 */
import type { Distribution, LatencyBlock, Results } from "../../results/results.ts";
import { categorical } from "../charts/palette.ts";
import {
  type Chart,
  type ChartStyle,
  type LayeredSpec,
  compact,
  countScale,
  frame,
  type LegendEntry,
  TIME_HEIGHT,
  timeScale,
} from "../charts/frame.ts";
import { groupedAxis, groupedHeight, OWN_COLOUR, ROWS } from "../charts/rows.ts";
import { formatMs, formatUsd } from "../format.ts";
import { chartedTenants, limitNote } from "../order.ts";
import { capital } from "../verdict.ts";
import type { Comparison } from "./compare.ts";
import { sideName } from "./side.ts";

interface Metric {
  readonly id: string;
  readonly title: string;
  readonly of: (latency: LatencyBlock) => Distribution;
}

const METRICS: readonly Metric[] = [
  { id: "ttft", title: "Time to first token", of: (latency) => latency.ttftMs },
  { id: "tpot", title: "Time per output token", of: (latency) => latency.tpotMs },
  { id: "e2e", title: "End-to-end time", of: (latency) => latency.e2eMs },
];

const LATENCY_TOOLTIP = [
  { field: "tier", title: "Tier" },
  { field: "side", title: "Side" },
  { field: "p50Text", title: "P50" },
  { field: "p99Text", title: "P99" },
];

/** Latency per tier, one chart per metric that anybody has a sample of. */
export function latencyComparison(firsts: readonly Results[], style: ChartStyle): readonly Chart[] {
  return METRICS.flatMap((metric) => {
    const rows = firsts.flatMap((results, side) =>
      results.tiers.flatMap(({ name, latency }) => {
        const { p50, p99 } = metric.of(latency);
        if (p50 === null || p99 === null) return [];
        return [
          {
            tier: capital(name),
            side: sideName(side),
            colour: categorical(style.palette, side),
            p50,
            p99,
            p50Text: formatMs(p50),
            p99Text: formatMs(p99),
          },
        ];
      }),
    );
    if (rows.length === 0) return [];
    const scale = timeScale(rows.flatMap(({ p50, p99 }) => [p50, p99]));
    const data = {
      values: rows.map((row) => ({
        ...row,
        p50: compact(Math.max(row.p50, scale.floor)),
        p99: compact(Math.max(row.p99, scale.floor)),
      })),
    };
    const x = { type: "quantitative", title: null, scale: scale.scale, axis: scale.axis } as const;
    const tiers = [...new Set(rows.map(({ tier }) => tier))];
    const others = {
      ...groupedAxis("tier", tiers, sideNames(firsts.length)),
      color: OWN_COLOUR,
      tooltip: LATENCY_TOOLTIP,
    };
    const spec = frame(style, {
      title: `${metric.title} per tier, P50 to P99, side by side`,
      height: groupedHeight(tiers.length, firsts.length),
      layer: [
        {
          data,
          mark: { type: "bar", height: 8, cornerRadius: 4 },
          encoding: { x: { ...x, field: "p50" }, x2: { field: "p99" }, ...others },
        },
        {
          data,
          mark: { type: "point", filled: true, size: 50, opacity: 1, stroke: style.palette.ink },
          encoding: { x: { ...x, field: "p99" }, ...others },
        },
      ],
    });
    return [
      {
        id: `compare-${metric.id}`,
        title: `${metric.title}, per tier`,
        note: `Bars run from P50 to P99, the dot is P99.${scale.isLog ? " Log scale." : ""}`,
        legend: sideLegend(firsts.length, style),
        spec,
      },
    ];
  });
}

/** Completions and rejections over time, as lines. */
export function flowComparison(firsts: readonly Results[], style: ChartStyle): readonly Chart[] {
  const flows = [
    { id: "completed", title: "Completed per second", key: "completedPerS" },
    { id: "rejected", title: "Rejected per second", key: "rejectedPerS" },
  ] as const;
  return flows.flatMap(({ id, title, key }) => {
    const values = firsts.flatMap(({ timeline }, side) =>
      timeline.startS.map((startS, slice) => ({
        s: startS,
        side: sideName(side),
        colour: categorical(style.palette, side),
        perS: compact(timeline.tenants.reduce((sum, line) => sum + (line[key][slice] ?? 0), 0)),
      })),
    );
    if (values.every(({ perS }) => perS === 0)) return [];
    return [
      {
        id: `compare-${id}`,
        title,
        note: "All tenants together, by the time since each run began.",
        legend: sideLegend(firsts.length, style),
        spec: flowSpec(style, title, values),
      },
    ];
  });
}

/** What each tenant pays on every side, in tokens where one side knows no more; undefined when nobody pays. */
export function billComparison(
  comparison: Comparison,
  first: Results,
  style: ChartStyle,
): Chart | undefined {
  const isWhole = comparison.bills.every(({ rows }) =>
    rows.some(({ id, values }) => id === "total" && values.every((value) => value !== null)),
  );
  const wanted = isWhole ? "total" : "tokens";
  const shown = chartedTenants(first, ROWS).map(({ name }) => name);
  const bars = comparison.bills
    .filter(({ name }) => shown.includes(name))
    .flatMap(({ name, rows }) =>
      (rows.find(({ id }) => id === wanted)?.values ?? []).map((usd, side) => ({
        tenant: name,
        side: sideName(side),
        colour: categorical(style.palette, side),
        usd: compact(usd),
        text: formatUsd(usd),
      })),
    );
  if (bars.every(({ usd }) => usd === null || usd === 0)) return undefined;
  const { y, yOffset } = groupedAxis("tenant", shown, sideNames(comparison.sides.length));
  const axis = { format: "$~g", tickCount: 5 };
  return {
    id: "compare-bills",
    title: isWhole ? "Bills per tenant" : "Bills per tenant, tokens only",
    note: `Means over the runs of each side.${limitNote(shown.length, first.tenants.length, "tenants")}`,
    legend: sideLegend(comparison.sides.length, style),
    spec: frame(style, {
      title: "Bills per tenant, side by side",
      height: groupedHeight(shown.length, comparison.sides.length),
      layer: [
        {
          data: { values: bars },
          mark: { type: "bar", height: 8 },
          encoding: {
            x: { field: "usd", type: "quantitative", title: null, axis },
            y,
            yOffset,
            color: OWN_COLOUR,
            tooltip: [
              { field: "tenant", title: "Tenant" },
              { field: "side", title: "Side" },
              { field: "text", title: "Bill" },
            ],
          },
        },
      ],
    }),
  };
}

function flowSpec(
  style: ChartStyle,
  title: string,
  values: readonly { readonly perS: number | null }[],
): LayeredSpec {
  return frame(style, {
    title,
    height: TIME_HEIGHT,
    layer: [
      {
        data: { values: [...values] },
        mark: { type: "line", strokeWidth: 1.5 },
        encoding: {
          x: {
            field: "s",
            type: "quantitative",
            title: null,
            scale: { nice: false },
            axis: { grid: false, tickCount: 6, labelExpr: "format(datum.value, '~r') + ' s'" },
          },
          y: {
            field: "perS",
            type: "quantitative",
            title: null,
            scale: countScale(values.map(({ perS }) => perS)),
            axis: { tickCount: 4, labelExpr: "format(datum.value, '~s') + '/s'" },
          },
          detail: { field: "side" },
          color: OWN_COLOUR,
        },
      },
    ],
  });
}

function sideLegend(sides: number, style: ChartStyle): readonly LegendEntry[] {
  return sideNames(sides).map((label, side) => ({
    label,
    colour: categorical(style.palette, side),
  }));
}

function sideNames(sides: number): readonly string[] {
  return Array.from({ length: sides }, (_, side) => sideName(side));
}
