/**
 * The default policy. Between tiers: weighted shares of service by counters, where a higher tier may run ahead of its share
 * by a bounded amount, so that its bursts go first and nobody starves. Between tenants of a tier: virtual token counters.
 * Within a tenant: the earliest first-token deadline, and among requests past hope the shortest prefill, with ageing.
 * Preemption only for a tier that has less than its guaranteed share and a head that can still be saved.
 */
import { LatencyForecast } from "../allocation/latency-forecast.ts";
import type { PlatformConfig, PoolConfig } from "../config.ts";
import type { Request } from "../request.ts";
import {
  PLAIN_POLICY,
  type Policy,
  type PoolView,
  arrivedBefore,
  bestQueue,
  isCheaperVictim,
} from "./policy.ts";
import { ServiceCounters, serviceAccount } from "./service-counters.ts";

/** A head is running out of time once this share of its TTFT target has passed; assumed. */
const URGENT_SHARE = 0.5;
/** A prompt token counts as much as this much waiting when the hopeless are put in order: 1,000 tokens as 2 s; assumed. */
const AGEING_NS_PER_TOKEN = 2_000_000;
/**
 * Room that the lowest tier leaves the tiers above it to grow into, as a share of the slots these hold; assumed. More
 * room means fewer preemptions, and more slots empty while all tiers have work.
 */
const GROWTH_ROOM = 0.1;

export function sloFair(platform: PlatformConfig, pool: PoolConfig): Policy {
  const forecast = new LatencyForecast(pool);
  let guarantees = guaranteedShares(platform, pool);
  const tenantWeights = () => platform.tenants.map(({ weight }) => weight);
  const tiers = new ServiceCounters(guarantees);
  const tenants = new ServiceCounters(tenantWeights());
  const account = serviceAccount(platform, (tenant, service) => {
    tiers.charge(platform.tenants[tenant]!.tier, service);
    tenants.charge(tenant, service);
  });
  let lead = servicePerWindow(platform, pool);
  let lowestTier = lowestTierOf(platform);

  /** Whether the request, started now on an idle replica, could still have its first token in time. */
  function isInReach(request: Request<unknown>, nowNs: number): boolean {
    return nowNs + forecast.shortestPrefillNs(request.promptTokens) <= request.deadlineNs;
  }

  return {
    ...PLAIN_POLICY,
    service: account,
    before: deadlineBefore,
    isHopeless: (request, nowNs) =>
      Number.isNaN(request.firstTokenNs) && !isInReach(request, nowNs),
    hopelessBefore: agedShortestBefore,
    next(view) {
      const tier = nextTier(view, tiers, (index) => lead / guarantees[index]!);
      return bestQueue(view, (a, b) => {
        if (a.tier !== b.tier) return a.tier === tier || (b.tier !== tier && a.tier < b.tier);
        const difference = tenants.at(a.tenant) - tenants.at(b.tenant);
        return difference < 0 || (difference === 0 && a.tenant < b.tenant);
      });
    },
    reservedSlots(view, tier) {
      const above = boundAbove(view, tier);
      if (tier !== lowestTier || above === 0) return 0;
      if (boundShare(view, tier) < guarantees[tier]!) return 0;
      return Math.floor((GROWTH_ROOM * above) / pool.replicas);
    },
    isVictimBefore: isCheaperVictim,
    isUrgent(view, nowNs, waiting) {
      const budgetNs = waiting.deadlineNs - waiting.arrivalNs;
      if (nowNs - waiting.arrivalNs < URGENT_SHARE * budgetNs) return false;
      if (!isInReach(waiting, nowNs)) return false;
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
    bound: (request) => account.bound(request),
    emptied(queue) {
      tiers.departed(queue.tier);
      tenants.departed(queue.tenant);
    },
    reloaded() {
      guarantees = guaranteedShares(platform, pool);
      tiers.reweight(guarantees);
      tenants.reweight(tenantWeights());
      lead = servicePerWindow(platform, pool);
      lowestTier = lowestTierOf(platform);
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

/** Service that the pool gives in one share window with full batches: what a higher tier may take ahead of its share. */
function servicePerWindow({ policy }: PlatformConfig, pool: PoolConfig): number {
  const cost = { totalPs: 0, fixedPs: 0, attentionPs: 0 };
  const decodes = pool.maxNumSeqs;
  pool.stepModel.cost({ decodes, prefills: 0, prefillTokens: 0, prefillPairs: 0 }, cost);
  const steps = (policy.shareWindowNs * 1000) / cost.totalPs;
  return steps * decodes * pool.replicas * policy.outputTokenWeight;
}

/** The lowest tier that anybody is in. */
function lowestTierOf({ tenants }: PlatformConfig): number {
  return tenants.reduce((lowest, { tier }) => Math.max(lowest, tier), 0);
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

function boundAbove(view: PoolView, tier: number): number {
  let above = 0;
  for (let higher = 0; higher < tier; higher++) above += view.boundByTier[higher]!;
  return above;
}

function boundShare(view: PoolView, tier: number): number {
  let total = 0;
  for (const bound of view.boundByTier) total += bound;
  return total === 0 ? 0 : view.boundByTier[tier]! / total;
}

function deadlineBefore(a: Request<unknown>, b: Request<unknown>): boolean {
  if (a.deadlineNs !== b.deadlineNs) return a.deadlineNs < b.deadlineNs;
  return arrivedBefore(a, b);
}

/** The shortest prefill first, where waiting makes up for length: whoever waits long enough goes before any newcomer. */
function agedShortestBefore(a: Request<unknown>, b: Request<unknown>): boolean {
  const agedA = a.arrivalNs + AGEING_NS_PER_TOKEN * a.promptTokens;
  const agedB = b.arrivalNs + AGEING_NS_PER_TOKEN * b.promptTokens;
  if (agedA !== agedB) return agedA < agedB;
  return arrivedBefore(a, b);
}
