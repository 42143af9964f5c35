/** The highest tier always first, first come first served within it: what starves the lowest tier under load. */
import {
  type Policy,
  arrivedBefore,
  bestQueue,
  headArrivedBefore,
  isCheaperVictim,
} from "./policy.ts";

export function strictPriority(): Policy {
  return {
    before: arrivedBefore,
    next: (pool) =>
      bestQueue(pool, (a, b) => a.tier < b.tier || (a.tier === b.tier && headArrivedBefore(a, b))),
    isVictimBefore: isCheaperVictim,
    isUrgent: () => false,
    mayYield: () => false,
    activated() {},
    bound() {},
    left() {},
    emptied() {},
    reloaded() {},
  };
}
