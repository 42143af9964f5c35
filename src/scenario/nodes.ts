/** Which replicas a machine of a pool holds: GPUs are numbered through, and a replica of several GPUs may span machines. */
import type { PoolConfig } from "../engine/config.ts";

/** Machines the pool's GPUs fill, the last perhaps in part. */
export function nodesOf({ replicas, gpusPerReplica, gpusPerNode }: PoolConfig): number {
  return Math.ceil((replicas * gpusPerReplica) / gpusPerNode);
}

/** Replicas, counted within the pool, that have a GPU in the machine. */
export function nodeReplicas(
  { replicas, gpusPerReplica, gpusPerNode }: PoolConfig,
  node: number,
): number[] {
  const first = Math.floor((node * gpusPerNode) / gpusPerReplica);
  const end = Math.ceil(((node + 1) * gpusPerNode) / gpusPerReplica);
  return Array.from({ length: Math.min(end, replicas) - first }, (_, place) => first + place);
}
