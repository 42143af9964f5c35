/** The highest tier always first, first come first served within it: what starves the lowest tier under load. */
import { PLAIN_POLICY, type Policy, bestQueue, headArrivedBefore } from "./policy.ts";

export function strictPriority(): Policy {
  return {
    ...PLAIN_POLICY,
    next: (pool) =>
      bestQueue(pool, (a, b) => a.tier < b.tier || (a.tier === b.tier && headArrivedBefore(a, b))),
  };
}
