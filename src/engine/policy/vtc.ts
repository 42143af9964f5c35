/**
 * Weighted virtual token counters over all tenants alike (Sheng et al., OSDI 2024): the tenant with the least weighted
 * service goes next. A tenant's weight is its tier's times its own. Input and expected output are charged when a request
 * is bound, tokens beyond that as they appear, and trued up when its stay ends; work that is lost is not charged.
 */
import type { PlatformConfig } from "../config.ts";
import { PLAIN_POLICY, type Policy, bestQueue } from "./policy.ts";
import { ServiceCounters, serviceAccount } from "./service-counters.ts";

export function vtc(platform: PlatformConfig): Policy {
  const weights = () =>
    platform.tenants.map(({ tier, weight }) => weight * platform.tiers[tier]!.weight);
  const counters = new ServiceCounters(weights());
  const account = serviceAccount(platform, (tenant, service) => counters.charge(tenant, service));
  return {
    ...PLAIN_POLICY,
    service: account,
    next: (pool) =>
      bestQueue(pool, (a, b) => {
        const difference = counters.at(a.tenant) - counters.at(b.tenant);
        return difference < 0 || (difference === 0 && a.tenant < b.tenant);
      }),
    activated(pool, queue) {
      let least = Infinity;
      for (const { tenant } of pool.backlogged) {
        if (tenant !== queue.tenant) least = Math.min(least, counters.at(tenant));
      }
      counters.lift(queue.tenant, least);
    },
    bound: (request) => account.bound(request),
    emptied: (queue) => counters.departed(queue.tenant),
    reloaded: () => counters.reweight(weights()),
  };
}
