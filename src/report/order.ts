/**
 * In what order tenants appear, and which ones a chart has room for. Tables keep the order of the results and hold every
 * tenant; charts show the busiest of every tier, say so, and group them by tier. All orders are total, ending in the name.
 */
import type { Results, TenantResult } from "../results/results.ts";

/** At most `limit` tenants, the busiest of every tier in turn, grouped in the order of the tiers. */
export function chartedTenants(results: Results, limit: number): readonly TenantResult[] {
  const tiers = results.tiers.map((tier) =>
    byTraffic(results.tenants.filter((tenant) => tenant.tier === tier.name)),
  );
  const chosen = new Set<TenantResult>();
  const longest = tiers.reduce((most, tier) => Math.max(most, tier.length), 0);
  for (let place = 0; place < longest; place++) {
    for (const tenant of tiers.map((tier) => tier[place])) {
      if (tenant !== undefined && chosen.size < limit) chosen.add(tenant);
    }
  }
  return tiers.flatMap((tier) => tier.filter((tenant) => chosen.has(tenant)));
}

export function byTraffic(tenants: readonly TenantResult[]): readonly TenantResult[] {
  return tenants.toSorted(compareTraffic);
}

/** "" when all are shown, else a sentence saying how many of how many. */
export function limitNote(shown: number, all: number, what: string): string {
  return shown < all
    ? ` Showing ${shown} of ${all} ${what}, those with most requests; the tables hold all.`
    : "";
}

function compareTraffic(a: TenantResult, b: TenantResult): number {
  return b.counts.arrived - a.counts.arrived || compareText(a.name, b.name);
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
