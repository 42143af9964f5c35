/**
 * What breaks in a platform of another size or shape: a smaller one breaks as well, so faults move on to what is there; and no
 * pool is lost for good as a whole, for its requests would wait for ever. Random failures stay what they are.
 */
import type { PoolConfig } from "../engine/config.ts";
import { nodeReplicas, nodesOf } from "../scenario/nodes.ts";
import { isOfOneReplica, isOverlapping, lostForGood } from "../scenario/resolve/faults.ts";
import type { FaultConfig } from "../scenario/scenario.ts";

/**
 * Faults for pools of these sizes: a replica or machine that is no longer there passes its fault on, counting round. Where two
 * of a kind would then strike one replica at once, the later one is left out; so is one that would take a pool's last
 * replica for good.
 */
export function faultsWithin(
  faults: readonly FaultConfig[],
  pools: readonly PoolConfig[],
): FaultConfig[] {
  const kept: FaultConfig[] = [];
  for (const fault of faults) {
    const pool = pools[fault.pool]!;
    const moved = movedInto(fault, pool);
    if (kept.some((other) => isOverlapping(other, moved))) continue;
    const lost = [...kept, moved]
      .filter((other) => other.pool === fault.pool)
      .reduce((sum, other) => sum + lostForGood(other, pool), 0);
    if (lostForGood(moved, pool) === 0 || lost < pool.replicas) kept.push(moved);
  }
  return kept;
}

function movedInto(fault: FaultConfig, pool: PoolConfig): FaultConfig {
  if (isOfOneReplica(fault)) return { ...fault, replica: fault.replica % pool.replicas };
  if (fault.kind === "node") return { ...fault, node: fault.node % nodesOf(pool) };
  if (fault.kind === "random" || "share" in fault.count) return fault;
  return { ...fault, count: { replicas: Math.min(fault.count.replicas, pool.replicas) } };
}

/** The fault as faults of single replicas, where its replicas are known beforehand: those of a pool of fixed size. */
export function asSingleFaults(fault: FaultConfig, pool: PoolConfig): FaultConfig[] {
  if (fault.kind !== "node" && fault.kind !== "lose") return [fault];
  const { atNs, downForNs } = fault;
  const crash = (replica: number): FaultConfig => {
    return { kind: "crash", pool: fault.pool, replica, atNs, downForNs };
  };
  if (fault.kind === "node") return nodeReplicas(pool, fault.node).map(crash);
  const { count } = fault;
  const lost = "replicas" in count ? count.replicas : Math.ceil(count.share * pool.replicas);
  return Array.from({ length: lost }, (_, place) => crash(pool.replicas - lost + place));
}
