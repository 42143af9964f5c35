/** The engine's view of every replica of a platform, pool by pool: their index is their number in every call. */
import { assert } from "../../base/assert.ts";
import type { MeterReading } from "../../replica/port.ts";
import type { PlatformConfig } from "../config.ts";
import type { AdapterOwner } from "../tenant.ts";
import { LatencyForecast } from "./latency-forecast.ts";
import { ReplicaView } from "./replica-view.ts";

/** `meters` has one reading per replica, in the order of the pools; `adapters` says whose each adapter is. */
export function createReplicas<Origin>(
  platform: PlatformConfig,
  meters: readonly MeterReading[],
  adapters: readonly AdapterOwner[],
): ReplicaView<Origin>[] {
  const views: ReplicaView<Origin>[] = [];
  for (const [pool, config] of platform.pools.entries()) {
    const forecast = new LatencyForecast(config);
    const isOwnersAdapter = (adapter: number) =>
      config.owner !== undefined && adapters[adapter]!.tenant === config.owner;
    for (let count = 0; count < config.replicas; count++) {
      const meter = meters[views.length];
      assert(meter !== undefined, "fewer meters than replicas");
      const index = views.length;
      views.push(new ReplicaView({ index, pool, config, meter, forecast, isOwnersAdapter }));
    }
  }
  return views;
}
