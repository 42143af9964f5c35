/**
 * The interface between a pool's scheduler and its policy: the order of the queues and the choice of victims, nothing else.
 * Gates (quotas, memory, tier caps) and placement are the scheduler's, so every policy obeys them alike. A policy belongs
 * to one pool and may keep counters; it learns of service as the scheduler charges it.
 */
import type { QueueOrder, QueueView } from "../allocation/tenant-queue.ts";
import type { PlatformConfig, PoolConfig } from "../config.ts";
import type { Request } from "../request.ts";

/** What a policy may see of its pool. */
export interface PoolView {
  readonly platform: PlatformConfig;
  readonly config: PoolConfig;
  /** Queues that are not empty. */
  readonly backlogged: readonly QueueView[];
  /** The pool's own replicas that serve: with autoscaling, not all there can be. */
  readonly servingReplicas: number;
  /** Requests bound by the pool's scheduler, on its own replicas and on lent ones, by tier and by tenant. */
  readonly boundByTier: Int32Array;
  readonly boundByTenant: Int32Array;
}

export interface Policy extends QueueOrder {
  /** Counters of service, where the policy keeps any: then it is told of charges, and can share them with other engines. */
  readonly service: ServiceAccount | undefined;
  /** The tenant whose head goes next, among the queues not passed over in this round; undefined when all are. */
  next(pool: PoolView, nowNs: number): number | undefined;
  /** Slots of each of the pool's replicas that this request must leave to others. */
  reservedSlots(pool: PoolView, request: Request<unknown>): number;
  /** When the prompt of a request that is bound now is due: replicas compute prompts in this order. */
  prefillDueNs(request: Request<unknown>, nowNs: number): number;
  /** Whether `a` should be evicted rather than `b` when a replica runs out of KV cache. Total. */
  isVictimBefore(a: Victim, b: Victim): boolean;
  /** Whether a waiting head may push anybody out of a full replica: asked first, for it costs nothing. */
  isUrgent(pool: PoolView, nowNs: number, waiting: Request<unknown>): boolean;
  /** Whether `victim` may be pushed out for an urgent head. */
  mayYield(pool: PoolView, pair: PreemptionPair): boolean;
  /** A tenant's queue was empty and is not any more. */
  activated(pool: PoolView, queue: QueueView): void;
  /** The request is bound. */
  bound(request: Request<unknown>): void;
  /** The tenant's queue has become empty. */
  emptied(queue: QueueView): void;
  /** The platform that the policy was made for has changed in place. */
  reloaded(): void;
}

/** What a policy that counts service does with it. A request is charged for its stay as it is bound (Policy.bound). */
export interface ServiceAccount {
  /** The stay has produced this many tokens so far: what exceeds its charge is charged. */
  delivered(request: Request<unknown>, outputTokens: number): void;
  /** The stay ended after `outputTokens`: the charge becomes what was used. */
  left(request: Request<unknown>, outputTokens: number): void;
  /** Service charged here since the last call, per tenant, for other engines to absorb. */
  takeUnshared(): readonly number[];
  /** Service that another engine charged to each tenant. */
  absorb(service: readonly number[]): void;
}

/** Who may have to leave its replica, and what it would lose: tokens of context to be computed again. */
export interface Victim {
  readonly request: Request<unknown>;
  readonly lostTokens: number;
}

export interface PreemptionPair {
  readonly nowNs: number;
  readonly waiting: Request<unknown>;
  readonly victim: Request<unknown>;
}

/** What a policy without counters, deadlines or preemption leaves out. */
export const PLAIN_POLICY = {
  service: undefined,
  before: arrivedBefore,
  isHopeless: () => false,
  hopelessBefore: arrivedBefore,
  reservedSlots: () => 0,
  // In the order of joining, as servers do that know no better.
  prefillDueNs: (_request, nowNs) => nowNs,
  isVictimBefore: isCheaperVictim,
  isUrgent: () => false,
  mayYield: () => false,
  activated() {},
  bound() {},
  emptied() {},
  reloaded() {},
} satisfies Partial<Policy>;

/** The tenant of the best queue that was not passed over, by a total order on queues. */
export function bestQueue(
  pool: PoolView,
  isBefore: (a: QueueView, b: QueueView) => boolean,
): number | undefined {
  let best: QueueView | undefined;
  for (const queue of pool.backlogged) {
    if (queue.isPassedOver) continue;
    if (best === undefined || isBefore(queue, best)) best = queue;
  }
  return best?.tenant;
}

/** Arrival order, the earlier admitted first at equal times. A request that comes back keeps its place. */
export function arrivedBefore(a: Request<unknown>, b: Request<unknown>): boolean {
  return a.arrivalNs < b.arrivalNs || (a.arrivalNs === b.arrivalNs && a.number < b.number);
}

/** Whether a's head arrived before b's. */
export function headArrivedBefore(a: QueueView, b: QueueView): boolean {
  return arrivedBefore(a.head!, b.head!);
}

/**
 * Lowest tier first, then the one with the fewest preemptions behind it, then whoever does not wait for a first token, then the
 * least work lost, then the newest.
 */
export function isCheaperVictim(first: Victim, second: Victim): boolean {
  const { request: a } = first;
  const { request: b } = second;
  if (a.tier !== b.tier) return a.tier > b.tier;
  if (a.preemptions !== b.preemptions) return a.preemptions < b.preemptions;
  if (a.isPrefilled !== b.isPrefilled) return a.isPrefilled;
  if (first.lostTokens !== second.lostTokens) return first.lostTokens < second.lostTokens;
  return a.number > b.number;
}
