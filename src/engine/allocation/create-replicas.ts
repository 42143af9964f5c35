/** The engine's view of every replica of a platform, pool by pool: their index is their number in every call. */
import { assert } from "../../base/assert.ts";
import type { MeterReading } from "../../replica/port.ts";
import type { PlatformConfig } from "../config.ts";
import type { AdapterOwner } from "../tenant.ts";
import { LatencyForecast } from "./latency-forecast.ts";
import { poolReplicas } from "./pool-replicas.ts";
import { type PoolLoad, ReplicaView } from "./replica-view.ts";

/** `meters` has one reading per replica, in the order of the pools; `adapters` says whose each adapter is. */
export function createReplicas<Origin>(
  platform: PlatformConfig,
  meters: readonly MeterReading[],
  adapters: readonly AdapterOwner[],
): ReplicaView<Origin>[] {
  const forecasts = platform.pools.map((pool) => new LatencyForecast(pool));
  const loads = platform.pools.map((): PoolLoad => ({ bound: 0 }));
  return poolReplicas(platform.pools).map((place) => {
    const { index, pool, config } = place;
    const meter = meters[index];
    assert(meter !== undefined, "fewer meters than replicas");
    const [forecast, poolLoad] = [forecasts[pool]!, loads[pool]!];
    const isOwnersAdapter = (adapter: number) =>
      config.owner !== undefined && adapters[adapter]!.tenant === config.owner;
    return new ReplicaView<Origin>({ ...place, meter, forecast, poolLoad, isOwnersAdapter });
  });
}
