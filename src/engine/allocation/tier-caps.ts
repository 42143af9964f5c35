/** Hard caps per tier, for pools that do not lend what a tier leaves; they follow the replicas that serve. A gate of its own, whatever the policy. */
import type { PoolConfig } from "../config.ts";

/** Most requests of each tier that may be bound at once: all, unless shares are hard caps. However small, a share is a slot. */
export function tierCaps(pool: PoolConfig, servingReplicas: number): number[] {
  const slots = pool.maxNumSeqs * servingReplicas;
  return pool.tierShares.map((share) =>
    pool.borrowing || pool.owner !== undefined
      ? Infinity
      : Math.max(share > 0 ? 1 : 0, Math.floor(share * slots)),
  );
}
