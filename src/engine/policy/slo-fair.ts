/**
 * The default policy. Between tiers: weighted shares of service by counters, where a higher tier may run ahead of its
 * share by a bounded amount, so that its bursts go first and nobody starves. Between tenants of a tier: virtual token
 * counters. Within a tenant: the earliest first-token deadline, so a request that was evicted goes before later ones.
 * Preemption only for a tier that has less than its guaranteed share and a head that is running out of time.
 */
import type { PlatformConfig, PoolConfig } from "../config.ts";
import type { Request } from "../request.ts";
import { type Policy, type PoolView, bestQueue, isCheaperVictim } from "./policy.ts";
import { ServiceCounters, expectedService, usedService } from "./service-counters.ts";

/** A head is running out of time once this share of its TTFT target has passed. */
const URGENT_SHARE = 0.5;

export function sloFair(platform: PlatformConfig, pool: PoolConfig): Policy {
  let guarantees = guaranteedShares(platform, pool);
  const tenantWeights = () => platform.tenants.map(({ weight }) => weight);
  const tiers = new ServiceCounters(guarantees);
  const tenants = new ServiceCounters(tenantWeights());
  // One full step of every replica: what a burst of a higher tier may take before shares bind.
  const lead = () => pool.maxNumBatchedTokens * pool.replicas * platform.policy.inputTokenWeight;

  function charge(request: Request<unknown>, service: number): void {
    tiers.charge(request.tier, service);
    tenants.charge(request.tenant, service);
  }

  return {
    before: deadlineBefore,
    next(view) {
      const tier = nextTier(view, tiers, (index) => lead() / guarantees[index]!);
      return bestQueue(view, (a, b) => {
        if (a.tier !== b.tier) return a.tier === tier || (b.tier !== tier && a.tier < b.tier);
        const difference = tenants.at(a.tenant) - tenants.at(b.tenant);
        return difference < 0 || (difference === 0 && a.tenant < b.tenant);
      });
    },
    isVictimBefore: isCheaperVictim,
    isUrgent(view, nowNs, waiting) {
      const budgetNs = waiting.deadlineNs - waiting.arrivalNs;
      if (nowNs - waiting.arrivalNs < URGENT_SHARE * budgetNs) return false;
      return boundShare(view, waiting.tier) < guarantees[waiting.tier]!;
    },
    mayYield(view, { waiting, victim }) {
      if (victim.tier <= waiting.tier) return false;
      if (victim.preemptions >= platform.policy.maxPreemptions) return false;
      return boundShare(view, victim.tier) > guarantees[victim.tier]!;
    },
    activated({ backlogged }, queue) {
      let leastTier = Infinity;
      let leastTenant = Infinity;
      let tierWasIdle = true;
      for (const other of backlogged) {
        if (other === queue) continue;
        if (other.tier !== queue.tier) {
          leastTier = Math.min(leastTier, tiers.at(other.tier));
          continue;
        }
        tierWasIdle = false;
        leastTenant = Math.min(leastTenant, tenants.at(other.tenant));
      }
      if (tierWasIdle) tiers.lift(queue.tier, leastTier);
      tenants.lift(queue.tenant, leastTenant);
    },
    bound(request) {
      request.chargedService = expectedService(platform, request);
      charge(request, request.chargedService);
    },
    left(request, outputTokens) {
      charge(request, usedService(platform, request, outputTokens) - request.chargedService);
      request.chargedService = 0;
    },
    emptied(queue) {
      tiers.departed(queue.tier);
      tenants.departed(queue.tenant);
    },
    reloaded() {
      guarantees = guaranteedShares(platform, pool);
      tiers.reweight(guarantees);
      tenants.reweight(tenantWeights());
    },
  };
}

/** The pool's own shares where it states them, else the tiers' weights; never 0, so that every counter can move. */
function guaranteedShares(platform: PlatformConfig, pool: PoolConfig): number[] {
  const stated = pool.tierShares.some((share) => share > 0);
  const shares = platform.tiers.map(({ weight }, tier) =>
    stated ? pool.tierShares[tier]! : weight,
  );
  const total = shares.reduce((sum, share) => sum + share, 0);
  const smallest = 0.001;
  return shares.map((share) => Math.max(smallest, total > 0 ? share / total : 1 / shares.length));
}

/** The highest waiting tier that is not too far ahead of the one with the least service. */
function nextTier(
  view: PoolView,
  counters: ServiceCounters,
  leadOf: (tier: number) => number,
): number {
  let least = Infinity;
  for (const queue of view.backlogged) {
    if (!queue.isPassedOver) least = Math.min(least, counters.at(queue.tier));
  }
  let best = Infinity;
  for (const queue of view.backlogged) {
    if (queue.isPassedOver || queue.tier >= best) continue;
    if (counters.at(queue.tier) - least <= leadOf(queue.tier)) best = queue.tier;
  }
  return best;
}

function boundShare(view: PoolView, tier: number): number {
  const total = view.boundByTier.reduce((sum, bound) => sum + bound, 0);
  return total === 0 ? 0 : view.boundByTier[tier]! / total;
}

function deadlineBefore(a: Request<unknown>, b: Request<unknown>): boolean {
  if (a.deadlineNs !== b.deadlineNs) return a.deadlineNs < b.deadlineNs;
  return a.arrivalNs < b.arrivalNs || (a.arrivalNs === b.arrivalNs && a.number < b.number);
}
