/**
 * Who gets and who pays: share of service beside share of weight, and cost per tenant stacked by kind, with the mark of
 * what the 1/batch rule would have billed for the GPU part.
 */
import type { Results, TenantResult } from "../../results/results.ts";
import { formatShare, formatUsd } from "../format.ts";
import { chartedTenants, limitNote } from "../order.ts";
import {
  compact,
  frame,
  ROW_HEIGHT,
  type Chart,
  type ChartStyle,
  type LayeredSpec,
} from "./frame.ts";
import { tierColour } from "./palette.ts";
import { nameAxis, OWN_COLOUR, ROWS, tierLegend } from "./rows.ts";

/** "$0.25", "$1,200", "$25k" on an axis of dollars. */
export const USD_LABELS =
  "datum.value >= 10000 ? format(datum.value, '$~s') : format(datum.value, '$,~r')";

const STROKE = "❘";

/** Kinds of cost in stacking order. GPU comes first, so that the baseline's mark can be compared with its end. */
const KINDS = [
  { label: "GPU", colour: "c0", usd: ({ cost }: TenantResult) => cost.gpuUsd },
  { label: "Idle", colour: "c7", usd: ({ cost }: TenantResult) => cost.idleUsd },
  { label: "Input tokens", colour: "c2", usd: ({ cost }: TenantResult) => cost.inputTokensUsd },
  {
    label: "Cached input",
    colour: "c4",
    usd: ({ cost }: TenantResult) => cost.cachedInputTokensUsd,
  },
  { label: "Output tokens", colour: "c5", usd: ({ cost }: TenantResult) => cost.outputTokensUsd },
  { label: "Adapters", colour: "c6", usd: ({ cost }: TenantResult) => cost.adaptersUsd },
] as const;

/** Share of service beside share of weight, per tenant; undefined when nothing was served. */
export function shareChart(results: Results, style: ChartStyle): Chart | undefined {
  const tenants = chartedTenants(results, ROWS);
  if (!tenants.some((tenant) => tenant.service > 0)) return undefined;
  const limited = limitNote(tenants.length, results.tenants.length, "tenants");
  return {
    id: "service-share",
    title: "Share of service against share of weight",
    note: `Dots are the service received, strokes what the weights would give if everyone always asked. A dot left of its stroke asked for less, or got less: see its queue.${limited}`,
    legend: [
      ...tierLegend(results, style, tenants).map((entry) => ({ ...entry, glyph: "●" })),
      { label: "Share of weight", colour: style.palette.ink, glyph: STROKE },
    ],
    spec: shareSpec(results, style, tenants),
  };
}

function shareSpec(
  results: Results,
  style: ChartStyle,
  tenants: readonly TenantResult[],
): LayeredSpec {
  const values = tenants.map((tenant) => ({
    tenant: tenant.name,
    colour: tierColour(results, style.palette, tenant.tier),
    service: compact(tenant.serviceShare),
    weight: compact(tenant.weightShare),
    serviceText: formatShare(tenant.serviceShare),
    weightText: formatShare(tenant.weightShare),
  }));
  const data = { values };
  const axis = { format: "~%", tickCount: 5 };
  const x = { type: "quantitative", title: null, scale: { zero: true }, axis } as const;
  const y = nameAxis(
    "tenant",
    tenants.map((tenant) => tenant.name),
  );
  const tooltip = [
    { field: "tenant", title: "Tenant" },
    { field: "serviceText", title: "Share of service" },
    { field: "weightText", title: "Share of weight" },
  ];
  const service = { ...x, field: "service" };
  const weight = { ...x, field: "weight" };
  return frame(style, {
    title: "Share of service and share of weight per tenant",
    height: ROW_HEIGHT * tenants.length,
    layer: [
      {
        data,
        mark: { type: "rule", strokeWidth: 3, opacity: 0.4 },
        encoding: { x: service, x2: { field: "weight" }, y, color: OWN_COLOUR, tooltip },
      },
      {
        data,
        mark: { type: "tick", opacity: 1, color: style.palette.ink, thickness: 2.5, size: 18 },
        encoding: { x: weight, y, tooltip },
      },
      {
        data,
        mark: { type: "point", filled: true, size: 80, opacity: 1 },
        encoding: { x: service, y, color: OWN_COLOUR, tooltip },
      },
    ],
  });
}

/** What each tenant pays, stacked by kind; undefined when nothing was billed. */
export function costChart(results: Results, style: ChartStyle): Chart | undefined {
  const tenants = chartedTenants(results, ROWS);
  const billed = KINDS.filter(({ usd }) => tenants.some((tenant) => (usd(tenant) ?? 0) !== 0));
  const hasGpu = tenants.some(({ cost }) => cost.gpuUsdByBatchShare !== null);
  if (billed.length === 0) return undefined;
  const limited = limitNote(tenants.length, results.tenants.length, "tenants");
  return {
    id: "cost",
    title: "Cost per tenant, by kind",
    note: `${hasGpu ? "The stroke marks where the GPU part would end if every step were split evenly over its batch." : "Tokens only: a client cannot see GPU time."}${limited}`,
    legend: [
      ...billed.map(({ label, colour }) => ({ label, colour: style.palette[colour] })),
      ...(hasGpu
        ? [{ label: "GPU part by 1/batch", colour: style.palette.ink, glyph: STROKE }]
        : []),
    ],
    spec: costSpec(style, tenants, billed),
  };
}

function costSpec(
  style: ChartStyle,
  tenants: readonly TenantResult[],
  billed: readonly (typeof KINDS)[number][],
): LayeredSpec {
  const { palette } = style;
  const y = nameAxis(
    "tenant",
    tenants.map((tenant) => tenant.name),
  );
  const axis = { labelExpr: USD_LABELS, tickCount: 5 };
  const x = { field: "usd", type: "quantitative", title: null, axis } as const;
  return frame(style, {
    title: "Cost per tenant by kind, with the 1/batch baseline",
    height: ROW_HEIGHT * tenants.length,
    layer: [
      {
        data: { values: costRows(tenants, billed) },
        mark: { type: "bar", height: 13, stroke: palette.surface, strokeWidth: 1 },
        encoding: {
          x: { ...x, stack: "zero" },
          y,
          order: { field: "order", type: "quantitative" },
          color: {
            field: "kind",
            type: "nominal",
            scale: {
              domain: billed.map(({ label }) => label),
              range: billed.map(({ colour }) => palette[colour]),
            },
            legend: null,
          },
          tooltip: [
            { field: "tenant", title: "Tenant" },
            { field: "kind", title: "Kind" },
            { field: "text", title: "Cost" },
            { field: "total", title: "Its total" },
          ],
        },
      },
      {
        data: { values: baselineRows(tenants) },
        mark: {
          type: "tick",
          opacity: 1,
          color: palette.ink,
          thickness: 3,
          size: 22,
          stroke: palette.surface,
          strokeWidth: 1,
        },
        encoding: {
          x,
          y,
          tooltip: [
            { field: "tenant", title: "Tenant" },
            { field: "text", title: "GPU by 1/batch" },
            { field: "gpu", title: "GPU as billed" },
          ],
        },
      },
    ],
  });
}

function costRows(
  tenants: readonly TenantResult[],
  billed: readonly (typeof KINDS)[number][],
): Record<string, string | number | null>[] {
  return tenants.flatMap((tenant) =>
    billed.map(({ label, usd }, order) => ({
      tenant: tenant.name,
      kind: label,
      order,
      usd: compact(usd(tenant)),
      text: formatUsd(usd(tenant)),
      total: formatUsd(tenant.cost.totalUsd),
    })),
  );
}

function baselineRows(tenants: readonly TenantResult[]): Record<string, string | number | null>[] {
  const known = tenants.filter(({ cost }) => cost.gpuUsdByBatchShare !== null);
  return known.map(({ name, cost }) => ({
    tenant: name,
    usd: compact(cost.gpuUsdByBatchShare),
    text: formatUsd(cost.gpuUsdByBatchShare),
    gpu: formatUsd(cost.gpuUsd),
  }));
}
