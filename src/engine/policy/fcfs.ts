/** First come, first served over all tenants: the baseline that any burst can capture. Evicts the newest. */
import {
  PLAIN_POLICY,
  type Policy,
  arrivedBefore,
  bestQueue,
  headArrivedBefore,
} from "./policy.ts";

export function fcfs(): Policy {
  return {
    ...PLAIN_POLICY,
    next: (pool) => bestQueue(pool, headArrivedBefore),
    isVictimBefore: (a, b) => arrivedBefore(b.request, a.request),
  };
}
