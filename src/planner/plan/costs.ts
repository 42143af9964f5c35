/**
 * What the answer costs, and whom: by hour and month, per request and per million tokens, and divided among tenants, who bear what
 * they use, the idle time of their own pools, and a part of shared idle time by their use. Shares come from a whole simulation;
 * money per hour is the platform's price.
 */
import type { PlanCosts } from "../../results/plan.ts";
import type { PoolResult, Results, TenantResult } from "../../results/results.ts";

const HOURS_PER_MONTH = 730;

export function costsOf(results: Results, usdPerHour: number): PlanCosts {
  const { platform, tenants, pools, run } = results;
  const gpuUsd = platform.gpuUsd ?? 0;
  // The accounts of a run end when its last work is done; the platform's price does not depend on that.
  const perHour = (usd: number): number => (gpuUsd > 0 ? (usd / gpuUsd) * usdPerHour : 0);
  const arrivalHours = run.arrivalSeconds / 3600;
  return {
    usdPerHour,
    usdPerMonth: usdPerHour * HOURS_PER_MONTH,
    usdPerRequest: ratio(gpuUsd, platform.counts.completed),
    usdPerMillionTokens: platform.usdPerMillionTokens,
    busy: platform.utilization?.busy ?? 0,
    tenants: tenants.map((tenant) => {
      const used = tenant.cost.gpuUsd ?? 0;
      const ownIdle = sum(pools, (pool) => (pool.owner === tenant.name ? unbilled(pool) : 0));
      const sharedIdle = sum(pools, (pool) => unbilled(pool) * shareOf(pool, tenant, results));
      const all = used + ownIdle + sharedIdle;
      const { completed, promptTokens, outputTokens } = tenant.counts;
      return {
        name: tenant.name,
        tier: tenant.tier,
        usedUsdPerHour: perHour(used),
        ownIdleUsdPerHour: perHour(ownIdle),
        sharedIdleUsdPerHour: perHour(sharedIdle),
        usdPerHour: perHour(all),
        usdPerRequest: ratio(all, completed),
        usdPerMillionTokens: ratio(all * 1e6, promptTokens + outputTokens),
        billedUsdPerHour: arrivalHours > 0 ? billedUsd(tenant) / arrivalHours : 0,
      };
    }),
  };
}

/** A pool's GPU time that no tenant is charged for as use. */
function unbilled({ gpuUsd, chargedUsd }: PoolResult): number {
  return gpuUsd - chargedUsd;
}

/** The tenant's part of a shared pool's idle time: by use, among those it serves; evenly where nobody used anything. */
function shareOf(pool: PoolResult, tenant: TenantResult, { tenants }: Results): number {
  if (pool.owner !== null || !tenant.pools.includes(pool.name)) return 0;
  const served = tenants.filter(({ pools }) => pools.includes(pool.name));
  const used = sum(served, ({ cost }) => cost.gpuUsd ?? 0);
  return used > 0 ? (tenant.cost.gpuUsd ?? 0) / used : 1 / served.length;
}

function billedUsd({ cost }: TenantResult): number {
  const { inputTokensUsd, cachedInputTokensUsd, outputTokensUsd, adaptersUsd } = cost;
  return inputTokensUsd + cachedInputTokensUsd + outputTokensUsd + (adaptersUsd ?? 0);
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}

function ratio(part: number, whole: number): number | null {
  return whole > 0 ? part / whole : null;
}
