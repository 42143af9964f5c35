/**
 * Who may push out whom under slo-fair: a tier that has less than its guaranteed share, and whose turn it would be, for a head
 * that can still be saved, from a lower tier that has more than its own; and within a tier a tenant that has less than its share running and waits, from
 * one who is far ahead of it. A bounded number of times per request; recomputed work is nobody's charge.
 */
import type { PlatformConfig, PoolConfig } from "../config.ts";
import type { Request } from "../request.ts";
import type { Policy, PoolView } from "./policy.ts";
import { isBelowShare } from "./running-shares.ts";
import type { ServiceCounters } from "./service-counters.ts";
import type { TierShares } from "./tier-shares.ts";

/** A head is running out of time once this share of its TTFT target has passed; assumed. */
const URGENT_SHARE = 0.5;
/**
 * Steps of prompts by which a tenant must be ahead of another of its tier before its requests yield to the other's. Measured on
 * the chat arena's trace (reports/lmsys-arena.md): 1 serves light clients 13.8x faster than fcfs at 99.9 % of its throughput, 2
 * 11.5x at 100.6 %, 4 11.2x at 100.6 %.
 */
const YIELDING_STEPS = 1;

interface Given {
  readonly platform: PlatformConfig;
  readonly pool: PoolConfig;
  readonly shares: TierShares;
  readonly tenants: ServiceCounters;
  /** Whether the request could still have its first token in time. */
  readonly isInReach: (request: Request<unknown>, nowNs: number) => boolean;
}

export function preemptionRule(given: Given): Pick<Policy, "isUrgent" | "mayYield"> {
  const { platform, pool, shares, tenants, isInReach } = given;

  const isTierDue = (view: PoolView, nowNs: number, waiting: Request<unknown>) =>
    isInReach(waiting, nowNs) && shares.isBelowGuarantee(view, waiting.tier);

  const isFarAhead = (tenant: number, other: number) =>
    tenants.at(tenant) - tenants.at(other) >
    YIELDING_STEPS * pool.maxNumBatchedTokens * platform.policy.inputTokenWeight;

  return {
    isUrgent(view, nowNs, waiting) {
      const budgetNs = waiting.deadlineNs - waiting.arrivalNs;
      if (nowNs - waiting.arrivalNs < URGENT_SHARE * budgetNs) return false;
      return isTierDue(view, nowNs, waiting) || isBelowShare(view, waiting);
    },
    mayYield(view, { nowNs, waiting, victim }) {
      if (victim.preemptions >= platform.policy.maxPreemptions) return false;
      if (victim.tier < waiting.tier) return false;
      if (victim.tier > waiting.tier) {
        return isInReach(waiting, nowNs) && shares.mayTakeFrom(view, waiting.tier, victim.tier);
      }
      // Among equals only who has had his first token yields.
      if (!victim.isPrefilled || !isBelowShare(view, waiting)) return false;
      return isFarAhead(victim.tenant, waiting.tenant);
    },
  };
}
