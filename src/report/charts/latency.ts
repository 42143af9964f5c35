/**
 * Latency against its target per tenant: one chart for each metric that somebody has a target on. A bar runs from P50 to
 * P99, the dot is the quantile the target is about, the stroke is the target.
 */
import type {
  Distribution,
  LatencyBlock,
  Results,
  TargetResult,
  TenantResult,
} from "../../results/results.ts";
import { formatLimitMs, formatMs, formatMsBeside } from "../format.ts";
import { chartedTenants, limitNote } from "../order.ts";
import { targetName, VERDICT_WORDS } from "../verdict.ts";
import {
  compact,
  frame,
  ROW_HEIGHT,
  timeScale,
  type Chart,
  type ChartStyle,
  type LayeredSpec,
  type ValueScale,
} from "./frame.ts";
import { tierColour } from "./palette.ts";
import { nameAxis, OWN_COLOUR, ROWS, tierLegend } from "./rows.ts";

interface Metric {
  readonly name: TargetResult["metric"];
  readonly title: string;
  readonly of: (latency: LatencyBlock) => Distribution;
}

const METRICS: readonly Metric[] = [
  { name: "ttft", title: "Time to first token", of: (latency) => latency.ttftMs },
  { name: "tpot", title: "Time per output token", of: (latency) => latency.tpotMs },
  { name: "e2e", title: "End-to-end time", of: (latency) => latency.e2eMs },
  { name: "queue", title: "Waiting time", of: (latency) => latency.queueMs },
];

const READING =
  "Bars run from P50 to P99, the dot is the quantile the target is about, the stroke is the target: a dot right of its stroke missed. Faint bars rest on under 100 samples.";

interface LatencyRow {
  readonly tenant: string;
  readonly colour: string;
  readonly p50: number | null;
  readonly p99: number | null;
  readonly measured: number | null;
  readonly limit: number;
  readonly weight: number;
  readonly p50Text: string;
  readonly p99Text: string;
  readonly targetText: string;
  readonly verdict: string;
}

/** One chart per metric that some tenant has a target on and a sample of. */
export function latencyCharts(results: Results, style: ChartStyle): readonly Chart[] {
  const tenants = chartedTenants(results, ROWS);
  const charts = METRICS.map((metric): Chart | undefined => {
    const rows = tenants.flatMap((tenant) => latencyRow(results, style, tenant, metric));
    if (!rows.some((row) => row.p99 !== null)) return undefined;
    const times = rows.flatMap((row) => [row.p50, row.p99, row.measured, row.limit]);
    const scale = timeScale(times.filter((time) => time !== null));
    const limited = limitNote(tenants.length, results.tenants.length, "tenants");
    return {
      id: `latency-${metric.name}`,
      title: `${metric.title} against target, per tenant`,
      note: `${READING}${scale.isLog ? " Log scale." : ""}${limited}`,
      legend: tierLegend(results, style, tenants),
      spec: latencySpec(style, metric.title, rows, scale),
    };
  });
  return charts.filter((chart) => chart !== undefined);
}

function latencyRow(
  results: Results,
  style: ChartStyle,
  tenant: TenantResult,
  metric: Metric,
): readonly LatencyRow[] {
  const target = tenant.sla.targets.find((one) => one.metric === metric.name);
  if (target === undefined) return [];
  const times = metric.of(tenant.latency);
  return [
    {
      tenant: tenant.name,
      colour: tierColour(results, style.palette, tenant.tier),
      p50: compact(times.p50),
      p99: compact(times.p99),
      measured: compact(target.measuredMs),
      limit: target.limitMs,
      weight: target.verdict === "not-enough-data" ? 0.35 : 1,
      p50Text: formatMs(times.p50),
      p99Text: formatMsBeside(times.p99, target.limitMs),
      targetText: `${targetName(target)} ≤ ${formatLimitMs(target.limitMs)}`,
      verdict: VERDICT_WORDS[target.verdict],
    },
  ];
}

function latencySpec(
  style: ChartStyle,
  title: string,
  rows: readonly LatencyRow[],
  { scale, axis, floor }: ValueScale,
): LayeredSpec {
  const { palette } = style;
  const raised = (ms: number | null): number | null => (ms === null ? null : Math.max(ms, floor));
  const drawn = rows.map((row) => ({
    ...row,
    p50: raised(row.p50),
    p99: raised(row.p99),
    measured: raised(row.measured),
  }));
  const data = { values: drawn };
  const y = nameAxis(
    "tenant",
    rows.map((row) => row.tenant),
  );
  const x = { type: "quantitative", title: null, scale, axis } as const;
  const opacity = { field: "weight", type: "quantitative", scale: null, legend: null } as const;
  const tooltip = [
    { field: "tenant", title: "Tenant" },
    { field: "p50Text", title: "P50" },
    { field: "p99Text", title: "P99" },
    { field: "targetText", title: "Target" },
    { field: "verdict", title: "Verdict" },
  ];
  return frame(style, {
    title: `${title} per tenant, P50 to P99, with targets`,
    height: ROW_HEIGHT * rows.length,
    layer: [
      {
        data,
        transform: [{ filter: "datum.p99 != null" }],
        mark: { type: "bar", height: 9, cornerRadius: 4.5 },
        encoding: {
          x: { ...x, field: "p50" },
          x2: { field: "p99" },
          y,
          color: OWN_COLOUR,
          opacity,
          tooltip,
        },
      },
      {
        data,
        transform: [{ filter: "datum.measured != null" }],
        mark: { type: "point", filled: true, size: 46, stroke: palette.ink, strokeWidth: 1.25 },
        encoding: { x: { ...x, field: "measured" }, y, color: OWN_COLOUR, opacity, tooltip },
      },
      {
        data,
        mark: { type: "tick", opacity: 1, color: palette.ink, thickness: 2.5, size: 20 },
        encoding: { x: { ...x, field: "limit" }, y, tooltip },
      },
      {
        data,
        transform: [{ filter: "datum.p99 == null" }],
        mark: { type: "text", text: "no sample", align: "left", fill: palette["ink-3"] },
        encoding: { x: { value: 4 }, y },
      },
    ],
  });
}
