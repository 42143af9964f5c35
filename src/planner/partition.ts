/**
 * The static partition: every shared pool split into one pool per tier, first come first served within each, so that tiers share
 * and lend nothing; parts have a fixed size, for an autoscaled pool its largest. It is what sharing is measured against. Dedicated pools, and shared ones that nobody sends to,
 * stay, and lend nothing.
 */
import { assert } from "../base/assert.ts";
import type { PoolConfig } from "../engine/config.ts";
import { isOfOneReplica } from "../scenario/resolve/faults.ts";
import type { FaultConfig, Scenario } from "../scenario/scenario.ts";
import { asSingleFaults } from "./variant-faults.ts";

/** One pool after the split. */
export interface Part {
  /** The pool it comes from, and the tier it serves; undefined for a pool that stays whole. */
  readonly from: number;
  readonly tier: number | undefined;
  readonly replicas: number;
}

/** The pools after the split, in order: a shared pool's parts stand where it stood. */
export function partsOf({ platform, clients }: Scenario): Part[] {
  return platform.pools.flatMap((pool, from): Part[] => {
    const tiers = [...platform.tiers.keys()].filter((tier) =>
      clients.some((one) => one.pool === from && platform.tenants[one.tenant]!.tier === tier),
    );
    if (pool.owner !== undefined || tiers.length === 0) {
      return [{ from, tier: undefined, replicas: pool.replicas }];
    }
    const shares = tiers.map((tier) => pool.tierShares[tier]!);
    const counts = divided(pool.replicas, shares);
    return tiers.map((tier, at) => ({ from, tier, replicas: counts[at]! }));
  });
}

/** Whether the split is one: no pool needed more replicas than it had to give every tier one. */
export function isDivisible({ platform }: Scenario, parts: readonly Part[]): boolean {
  return platform.pools.every((pool, from) => {
    const own = parts.filter((part) => part.from === from);
    return own.reduce((sum, { replicas }) => sum + replicas, 0) === pool.replicas;
  });
}

/**
 * `whole` divided by shares, largest remainders first (the earlier of equals), everyone at least 1: the sum is `whole`
 * unless there are more takers than that.
 */
export function divided(whole: number, shares: readonly number[]): number[] {
  const sum = shares.reduce((total, share) => total + share, 0);
  const spare = Math.max(0, whole - shares.length);
  const exact = shares.map((share) => (sum > 0 ? (spare * share) / sum : spare / shares.length));
  const counts = exact.map((value) => 1 + Math.floor(value));
  let left = spare - counts.reduce((total, count) => total + count - 1, 0);
  const byRemainder = [...exact.keys()].toSorted(
    (a, b) => (exact[b]! % 1) - (exact[a]! % 1) || a - b,
  );
  for (const index of byRemainder) {
    if (left <= 0) break;
    counts[index]! += 1;
    left -= 1;
  }
  return counts;
}

/** The scenario on the split platform. */
export function partitioned(scenario: Scenario): Scenario {
  const { platform, clients, faults } = scenario;
  const parts = partsOf(scenario);
  /** Where a tier finds what was pool `from`; a tier that sends nothing there may have no part, and is given the first. */
  const placeOf = (from: number, tier: number): number => {
    const own = parts.findIndex((part) => part.from === from && part.tier === tier);
    return own === -1 ? parts.findIndex((part) => part.from === from) : own;
  };
  const tierOf = (tenant: number): number => platform.tenants[tenant]!.tier;
  return {
    ...scenario,
    platform: {
      ...platform,
      policy: { ...platform.policy, name: "fcfs" },
      pools: parts.map((part) => partPool(scenario, part)),
      tenants: platform.tenants.map((tenant) => ({
        ...tenant,
        pools: tenant.pools.map((pool) => placeOf(pool, tenant.tier)),
      })),
    },
    clients: clients.map((client) => ({
      ...client,
      pool: placeOf(client.pool, tierOf(client.tenant)),
    })),
    faults: faults
      .flatMap((fault) => asSingleFaults(fault, platform.pools[fault.pool]!))
      .flatMap((fault) => faultsOfParts(parts, fault)),
  };
}

function partPool({ platform }: Scenario, { from, tier, replicas }: Part): PoolConfig {
  const pool = platform.pools[from]!;
  if (tier === undefined) return { ...pool, lend: false };
  return {
    ...pool,
    name: `${pool.name}-${platform.tiers[tier]!.name}`,
    replicas,
    autoscale: undefined,
    tierShares: platform.tiers.map((_, index) => (index === tier ? 1 : 0)),
  };
}

/** A fault of one replica strikes its part; random failures go on in all of the pool's. */
function faultsOfParts(parts: readonly Part[], fault: FaultConfig): FaultConfig[] {
  if (isOfOneReplica(fault)) return [{ ...fault, ...struck(parts, fault) }];
  return [...parts.keys()]
    .filter((pool) => parts[pool]!.from === fault.pool)
    .map((pool) => ({ ...fault, pool }));
}

/** The replica of the parts that was replica `replica` of the whole. */
function struck(
  parts: readonly Part[],
  fault: { readonly pool: number; readonly replica: number },
): { pool: number; replica: number } {
  let { replica } = fault;
  let last = -1;
  for (const [pool, part] of parts.entries()) {
    if (part.from !== fault.pool) continue;
    if (replica < part.replicas) return { pool, replica };
    replica -= part.replicas;
    last = pool;
  }
  assert(last !== -1, "every pool has a part");
  return { pool: last, replica };
}
