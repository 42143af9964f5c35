/**
 * What is running of each tenant of a tier, against what is due to it among those that have anything running: who has less may
 * push out others (preemption.ts), and who has more leaves them room to grow, so that a flood does not make its neighbours
 * wait for a slot.
 */
import type { Request } from "../request.ts";
import type { PoolView } from "./policy.ts";

/** A tenant is far over its share from this multiple of what is due to it; assumed. Below, order alone keeps shares. */
const FAR_OVER = 1.5;
/** Room for the tenants within their share, as a share of the slots that these hold; assumed. */
const GROWTH_ROOM = 0.5;

/** Whether the request's tenant has less running than is due to it. */
export function isBelowShare(view: PoolView, { tenant, tier }: Request<unknown>): boolean {
  return view.boundByTenant[tenant]! < dueSlots(view, tenant, tier);
}

/** Slots of each replica that serves that a tenant far over its share leaves free while others of its tier run. */
export function roomForOthers(view: PoolView, { tenant, tier }: Request<unknown>): number {
  const own = view.boundByTenant[tenant]!;
  const others = view.boundByTier[tier]! - own;
  if (others === 0 || own <= FAR_OVER * dueSlots(view, tenant, tier)) return 0;
  return Math.floor((GROWTH_ROOM * others) / Math.max(1, view.servingReplicas));
}

/** The tenant's share by weight of all that its tier has running. */
function dueSlots(view: PoolView, tenant: number, tier: number): number {
  const { tenants } = view.platform;
  const { weight } = tenants[tenant]!;
  let weights = weight;
  for (const [other, config] of tenants.entries()) {
    const isRunning = other !== tenant && view.boundByTenant[other]! > 0;
    if (isRunning && config.tier === tier) weights += config.weight;
  }
  return (view.boundByTier[tier]! * weight) / weights;
}
