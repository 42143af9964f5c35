/** The replicas of all pools in the one numbering that engine, meters and backends share, and which of them begin switched off. */
import type { PoolConfig } from "../config.ts";

export interface PoolReplica {
  readonly index: number;
  readonly pool: number;
  readonly config: PoolConfig;
  readonly isOff: boolean;
}

export function poolReplicas(pools: readonly PoolConfig[]): PoolReplica[] {
  const replicas: PoolReplica[] = [];
  for (const [pool, config] of pools.entries()) {
    const initial = config.autoscale?.initial ?? config.replicas;
    for (let place = 0; place < config.replicas; place++) {
      replicas.push({ index: replicas.length, pool, config, isOff: place >= initial });
    }
  }
  return replicas;
}
