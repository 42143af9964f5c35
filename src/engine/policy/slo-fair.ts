/**
 * The default policy. Between tiers: guaranteed shares with bounded leads (tier-shares.ts). Between tenants of a tier: virtual
 * token counters. Within a tenant: the earliest first-token deadline, and among requests past hope the shortest prefill, with
 * ageing. Who may push out whom is preemption.ts, whose prompt is computed first prefill-order.ts.
 */
import { LatencyForecast } from "../allocation/latency-forecast.ts";
import type { PlatformConfig, PoolConfig } from "../config.ts";
import type { Request } from "../request.ts";
import { PLAIN_POLICY, type Policy, arrivedBefore, bestQueue } from "./policy.ts";
import { preemptionRule } from "./preemption.ts";
import { prefillOrder } from "./prefill-order.ts";
import { roomForOthers } from "./running-shares.ts";
import { ServiceCounters, serviceAccount } from "./service-counters.ts";
import { TierShares } from "./tier-shares.ts";

/** A prompt token counts as much as this much waiting when the hopeless are put in order: 1,000 tokens as 2 s; assumed. */
const AGEING_NS_PER_TOKEN = 2_000_000;

export function sloFair(platform: PlatformConfig, pool: PoolConfig): Policy {
  const forecast = new LatencyForecast(pool);
  const weights = () => platform.tenants.map(({ weight }) => weight);
  const shares = new TierShares(platform, pool);
  const tiers = shares.counters;
  const tenants = new ServiceCounters(weights());
  const account = serviceAccount(platform, (tenant, service) => {
    tiers.charge(platform.tenants[tenant]!.tier, service);
    tenants.charge(tenant, service);
  });

  /** Whether the request, started now on an idle replica, could still have its first token in time. */
  const isInReach = (request: Request<unknown>, nowNs: number) =>
    nowNs + forecast.shortestPrefillNs(request.promptTokens) <= request.deadlineNs;

  const preemption = preemptionRule({ platform, pool, shares, tenants, isInReach });

  return {
    ...PLAIN_POLICY,
    service: account,
    before: deadlineBefore,
    isHopeless: (request, nowNs) =>
      Number.isNaN(request.firstTokenNs) && !isInReach(request, nowNs),
    hopelessBefore: agedShortestBefore,
    prefillDueNs: prefillOrder(platform, pool, (tier) => tiers.weightOf(tier)),
    next(view) {
      const tier = shares.next(view);
      return bestQueue(view, (a, b) => {
        if (a.tier !== b.tier) return a.tier === tier || (b.tier !== tier && a.tier < b.tier);
        const difference = tenants.at(a.tenant) - tenants.at(b.tenant);
        return difference < 0 || (difference === 0 && a.tenant < b.tenant);
      });
    },
    reservedSlots: (view, request) =>
      Math.max(shares.reservedSlots(view, request.tier), roomForOthers(view, request)),
    ...preemption,
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
      shares.reloaded();
      tenants.reweight(weights());
    },
  };
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
