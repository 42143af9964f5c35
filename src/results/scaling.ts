/** What was provisioned of a pool, and what its autoscaling did and saved. */
import type { Engine } from "../engine/engine.ts";
import { provisionedUntil } from "../replica/port.ts";
import type { Collector } from "./collector.ts";
import { usd } from "./money.ts";
import type { ScalingBlock } from "./results.ts";

export const NS_PER_HOUR = 3.6e12;

interface Run {
  readonly engine: Engine<unknown>;
  readonly collector: Collector;
  readonly poolEndsNs: readonly number[];
}

/** Time its replicas were provisioned until its account was closed, summed. */
export function provisionedNsOf({ engine, poolEndsNs }: Run, pool: number): number {
  return engine.schedulers[pool]!.replicas.reduce(
    (sum, { meter }) => sum + provisionedUntil(meter, poolEndsNs[pool]!),
    0,
  );
}

/** Null for a pool of fixed size. */
export function scalingBlock(run: Run, pool: number): ScalingBlock | null {
  const { replicas, autoscale, gpusPerReplica, gpuHourNanoUsd } =
    run.collector.platform.pools[pool]!;
  if (autoscale === undefined) return null;
  const endNs = run.poolEndsNs[pool]!;
  const provisionedNs = provisionedNsOf(run, pool);
  const savedGpuHours = ((replicas * endNs - provisionedNs) * gpusPerReplica) / NS_PER_HOUR;
  const { scaleOuts, scaleIns } = run.collector.pools[pool]!;
  return {
    min: autoscale.min,
    max: replicas,
    meanReplicas: endNs > 0 ? provisionedNs / endNs : autoscale.initial,
    scaleOuts,
    scaleIns,
    savedGpuHours,
    savedUsd: usd(savedGpuHours * gpuHourNanoUsd),
  };
}
