/**
 * What the charts with one row per tenant or tier share: how many rows there is room for, their axis of names, and the
 * legend of tiers. Names are data here, never field names, so any name is safe.
 */
import type { Results, TenantResult } from "../../results/results.ts";
import { capital } from "../verdict.ts";
import { type ChartStyle, type LegendEntry, ROW_HEIGHT } from "./frame.ts";
import { tierColour } from "./palette.ts";

/** Tenants a chart with one row each has room for. */
export const ROWS = 16;

/** An axis of names, in the order given. */
export function nameAxis(field: string, names: readonly string[]) {
  return {
    field,
    type: "nominal" as const,
    title: null,
    sort: null,
    scale: { domain: [...names] },
    axis: { grid: false },
  };
}

/** A channel whose data already holds the colour. */
export const OWN_COLOUR = { field: "colour", type: "nominal", scale: null, legend: null } as const;

export function tierLegend(
  results: Results,
  style: ChartStyle,
  tenants: readonly TenantResult[],
): readonly LegendEntry[] {
  const used = new Set(tenants.map((tenant) => tenant.tier));
  return results.tiers
    .filter((tier) => used.has(tier.name))
    .map((tier) => ({
      label: capital(tier.name),
      colour: tierColour(results, style.palette, tier.name),
    }));
}

/** Names with a place for every side within each, the sides in the order given. */
export function groupedAxis(field: string, names: readonly string[], sides: readonly string[]) {
  return {
    y: {
      field,
      type: "nominal" as const,
      title: null,
      sort: null,
      scale: { domain: [...names], paddingInner: 0.25 },
      axis: { grid: false },
    },
    yOffset: { field: "side", type: "nominal" as const, scale: { domain: [...sides] } },
  };
}

/** Pixels. */
export function groupedHeight(names: number, sides: number): number {
  return names * Math.max(ROW_HEIGHT, sides * 14 + 8);
}
