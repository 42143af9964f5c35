/**
 * In what order tenants appear, and which ones a chart has room for. Tables keep the order of the results and hold every
 * tenant; charts show the ones with most requests, say so, and group them by tier. All orders are total, ending in the name.
 */
import type { Results, TenantResult } from "../results/results.ts";

/** The `limit` tenants with most arrivals, then grouped in the order of the tiers, busiest first. */
export function chartedTenants(results: Results, limit: number): readonly TenantResult[] {
  const tierRank = new Map(results.tiers.map((tier, index) => [tier.name, index]));
  const rank = (tenant: TenantResult): number => tierRank.get(tenant.tier) ?? results.tiers.length;
  return byTraffic(results.tenants)
    .slice(0, limit)
    .toSorted((a, b) => rank(a) - rank(b) || compareTraffic(a, b));
}

export function byTraffic(tenants: readonly TenantResult[]): readonly TenantResult[] {
  return tenants.toSorted(compareTraffic);
}

/** "" when all are shown, else a sentence saying how many of how many. */
export function limitNote(shown: number, all: number, what: string): string {
  return shown < all
    ? ` Showing the ${shown} ${what} with most requests of ${all}; the tables hold all.`
    : "";
}

function compareTraffic(a: TenantResult, b: TenantResult): number {
  return b.counts.arrived - a.counts.arrived || compareText(a.name, b.name);
}

export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
