/**
 * In which order a replica computes prompts under slo-fair: a prompt may be held up until its tier's target, and then for as
 * long as it takes at its tier's share of the replica. So prompts of higher tiers go first, then short ones, and none waits for
 * ever, for those that come later are due later.
 */
import { PrefillTime } from "../allocation/prefill-time.ts";
import type { PlatformConfig, PoolConfig } from "../config.ts";
import type { Policy } from "./policy.ts";

/** `shareOf`: what a tier is guaranteed of the pool. A tier without a target may be held up for a share window. */
export function prefillOrder(
  platform: PlatformConfig,
  pool: PoolConfig,
  shareOf: (tier: number) => number,
): Policy["prefillDueNs"] {
  const prefill = new PrefillTime(pool);
  return ({ tier, arrivalNs, deadlineNs, promptTokens, outputTokens }, nowNs) => {
    const targetNs = Math.min(deadlineNs - arrivalNs, platform.policy.shareWindowNs);
    return nowNs + targetNs + prefill.aloneNs(promptTokens + outputTokens) / shareOf(tier);
  };
}
