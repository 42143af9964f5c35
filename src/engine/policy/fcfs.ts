/** First come, first served over all tenants: the baseline that any burst can capture. Evicts the newest. */
import { type Policy, arrivedBefore, bestQueue, headArrivedBefore } from "./policy.ts";

export function fcfs(): Policy {
  return {
    before: arrivedBefore,
    next: (pool) => bestQueue(pool, headArrivedBefore),
    isVictimBefore: (a, b) => arrivedBefore(b, a),
    isUrgent: () => false,
    mayYield: () => false,
    activated() {},
    bound() {},
    left() {},
    emptied() {},
    reloaded() {},
  };
}
