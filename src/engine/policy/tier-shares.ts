/**
 * Between tiers: weighted shares of service with a guaranteed minimum, borrowing of what others leave, and reclaim. A tier's
 * counter grows by its service over its guaranteed share. The highest waiting tier goes first as long as it is not further
 * ahead of the one with the least than its lead: what the pool serves in one share window. So a burst passes, and a backlogged
 * tier that was overtaken has its share again after at most that much of the others' service.
 */
import { emptyBatch, emptyCost } from "../../replica/step-model.ts";
import type { PlatformConfig, PoolConfig } from "../config.ts";
import { guaranteedShares } from "./guarantees.ts";
import type { PoolView } from "./policy.ts";
import { ServiceCounters } from "./service-counters.ts";

/**
 * Room that the lowest tier leaves the tiers above it to grow into, as a share of the slots these hold; assumed. More
 * room means fewer preemptions, and more slots empty while all tiers have work.
 */
const GROWTH_ROOM = 0.1;

export class TierShares {
  readonly counters: ServiceCounters;
  readonly #platform: PlatformConfig;
  readonly #pool: PoolConfig;
  #guarantees: readonly number[];
  /** How far each tier may run ahead for every replica that serves. */
  #leadsEach: readonly number[];
  /** The lowest tier that anybody is in. */
  #lowest: number;

  constructor(platform: PlatformConfig, pool: PoolConfig) {
    this.#platform = platform;
    this.#pool = pool;
    this.#guarantees = guaranteedShares(platform, pool);
    this.#leadsEach = leadsEachOf(platform, pool, this.#guarantees);
    this.#lowest = lowestTier(platform);
    this.counters = new ServiceCounters(this.#guarantees);
  }

  /** Platform or pool have changed in place. */
  reloaded(): void {
    this.#guarantees = guaranteedShares(this.#platform, this.#pool);
    this.#leadsEach = leadsEachOf(this.#platform, this.#pool, this.#guarantees);
    this.#lowest = lowestTier(this.#platform);
    this.counters.reweight(this.#guarantees);
  }

  /** The highest waiting tier that is not too far ahead of the one with the least service. */
  next(view: PoolView): number {
    const queues = view.backlogged;
    let least = Infinity;
    for (const queue of queues) {
      if (!queue.isPassedOver) least = Math.min(least, this.counters.at(queue.tier));
    }
    let best = Infinity;
    for (const queue of queues) {
      if (queue.isPassedOver || queue.tier >= best) continue;
      if (this.#isWithinLead(view, queue.tier, least)) best = queue.tier;
    }
    return best;
  }

  /**
   * Whether a tier that is short of slots may have those that the other holds beyond its guarantee. Whoever has led any that waits
   * far enough may not: it is not its turn, so what it pushed out would be next for every slot that comes free, and be
   * pushed out again; and a small pool, whose slots are whole, would take them back and forth.
   */
  mayTakeFrom(view: PoolView, tier: number, other: number): boolean {
    if (!this.isBelowGuarantee(view, tier) || !this.#isAboveGuarantee(view, other)) return false;
    let least = this.counters.at(other);
    for (const queue of view.backlogged) least = Math.min(least, this.counters.at(queue.tier));
    return this.#isWithinLead(view, tier, least);
  }

  /** Whether the tier holds less of what is bound than its guarantee. */
  isBelowGuarantee(view: PoolView, tier: number): boolean {
    return boundShare(view, tier) < this.#guarantees[tier]!;
  }

  #isAboveGuarantee(view: PoolView, tier: number): boolean {
    return boundShare(view, tier) > this.#guarantees[tier]!;
  }

  #isWithinLead({ servingReplicas }: PoolView, tier: number, least: number): boolean {
    return this.counters.at(tier) - least <= servingReplicas * this.#leadsEach[tier]!;
  }

  /** Slots per replica that the tier leaves free: the lowest one, beyond its guarantee, while others above it run. */
  reservedSlots(view: PoolView, tier: number): number {
    if (tier !== this.#lowest) return 0;
    let above = 0;
    for (let higher = 0; higher < tier; higher++) above += view.boundByTier[higher]!;
    if (above === 0 || this.isBelowGuarantee(view, tier)) return 0;
    return Math.floor((GROWTH_ROOM * above) / Math.max(1, view.servingReplicas));
  }
}

/** The service of one share window of one replica with full batches, over each tier's guarantee. */
function leadsEachOf(
  { policy }: PlatformConfig,
  pool: PoolConfig,
  guarantees: readonly number[],
): number[] {
  const cost = emptyCost();
  const decodes = pool.maxNumSeqs;
  pool.stepModel.cost({ ...emptyBatch(), decodes }, cost);
  const steps = (policy.shareWindowNs * 1000) / cost.totalPs;
  const service = steps * decodes * policy.outputTokenWeight;
  return guarantees.map((share) => service / share);
}

function lowestTier({ tenants }: PlatformConfig): number {
  return tenants.reduce((lowest, { tier }) => Math.max(lowest, tier), 0);
}

function boundShare(view: PoolView, tier: number): number {
  let total = 0;
  for (const bound of view.boundByTier) total += bound;
  return total === 0 ? 0 : view.boundByTier[tier]! / total;
}
