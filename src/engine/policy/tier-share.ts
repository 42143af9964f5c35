/**
 * The source document's split of a batch by tier (50/30/20 by default), tenants taking turns within a tier, with its
 * faults mended: shares are ratios of running requests rather than rounded slots, and what one tier leaves flows on.
 */
import { grownFloats } from "../../base/grow.ts";
import type { PlatformConfig } from "../config.ts";
import { PLAIN_POLICY, type Policy, bestQueue } from "./policy.ts";

export function tierShare(platform: PlatformConfig): Policy {
  let lastTurn: Float64Array = new Float64Array(platform.tenants.length);
  let turn = 0;
  return {
    ...PLAIN_POLICY,
    next(pool) {
      const load = (tier: number): number => {
        const { weight } = platform.tiers[tier]!;
        return weight > 0 ? pool.boundByTier[tier]! / weight : Infinity;
      };
      return bestQueue(pool, (a, b) => {
        if (a.tier === b.tier) return lastTurn[a.tenant]! < lastTurn[b.tenant]!;
        const difference = load(a.tier) - load(b.tier);
        return difference < 0 || (!(difference > 0) && a.tier < b.tier);
      });
    },
    bound(request) {
      turn += 1;
      lastTurn[request.tenant] = turn;
    },
    reloaded() {
      lastTurn = grownFloats(lastTurn, platform.tenants.length);
    },
  };
}
