/** Which replicas a machine of a pool holds: GPUs are numbered through, and a replica of several GPUs may span machines. */
import type { PoolConfig } from "../engine/config.ts";

/** Machines the pool's GPUs fill, the last perhaps in part. */
export function nodesOf({ replicas, tensorParallel, gpusPerNode }: PoolConfig): number {
  return Math.ceil((replicas * tensorParallel) / gpusPerNode);
}

/** Replicas, counted within the pool, that have a GPU in the machine. */
export function nodeReplicas(
  { replicas, tensorParallel, gpusPerNode }: PoolConfig,
  node: number,
): number[] {
  const first = Math.floor((node * gpusPerNode) / tensorParallel);
  const end = Math.ceil(((node + 1) * gpusPerNode) / tensorParallel);
  return Array.from({ length: Math.min(end, replicas) - first }, (_, place) => first + place);
}
