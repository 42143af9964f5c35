/**
 * The fixture's pools and its hour in 240 slices: a surge of one tenant that strains the others, slices without a sample,
 * and a replica that is away for a while.
 */
import type { PoolResult, Timeline, UtilizationBlock } from "../../../src/results/results.ts";
import type { TenantSketch } from "./fixture.ts";

export const SLICES = 240;
export const SLICE_SECONDS = 15;

export const UTILIZATION: UtilizationBlock = {
  busy: 0.7634,
  mfu: 0.2817,
  memoryBandwidth: 0.4409,
  kvBlocks: 0.6122,
  meanBatch: 17.42,
};

export const POOLS: readonly PoolResult[] = [
  {
    name: "gold-aurora",
    kind: "dedicated",
    owner: "aurora-bank",
    model: "llama-3.1-8b",
    gpu: "H100-SXM",
    replicas: 4,
    gpusPerReplica: 2,
    utilization: { ...UTILIZATION, busy: 0.6121 },
    gpuHours: 8,
    gpuUsd: 32,
    chargedUsd: 19.587,
    idleUsd: 12.413,
    downUsd: 0,
    bootUsd: 0,
    extrapolatedShare: null,
    scaling: null,
    recomputedUsd: 0,
    recomputedGpuSeconds: 0,
    lentShare: 0.2134,
    requiredGpus: 6,
    adapterLoads: 0,
    adapterHitRate: null,
  },
  {
    name: "shared",
    kind: "shared",
    owner: null,
    model: "llama-3.1-8b",
    gpu: "H100-SXM",
    replicas: 8,
    gpusPerReplica: 2,
    utilization: UTILIZATION,
    gpuHours: 16,
    gpuUsd: 64,
    chargedUsd: 52.21,
    idleUsd: 11.79,
    downUsd: 0,
    bootUsd: 0,
    extrapolatedShare: null,
    scaling: null,
    recomputedUsd: 0,
    recomputedGpuSeconds: 0,
    lentShare: 0,
    requiredGpus: 18,
    adapterLoads: 214,
    adapterHitRate: 0.9863,
  },
];

export function timelineOf(sketches: readonly TenantSketch[]): Timeline {
  const slices = Array.from({ length: SLICES }, (_, slice) => slice);
  return {
    sliceSeconds: SLICE_SECONDS,
    startS: slices.map((slice) => slice * SLICE_SECONDS),
    tenants: sketches.map((sketch, index) => {
      const perS = sketch.arrived / (SLICES * SLICE_SECONDS);
      const surge = (slice: number): number => (index === 4 && slice > 98 && slice < 130 ? 3.2 : 1);
      const strain = (slice: number): number => (index > 1 && slice > 98 && slice < 140 ? 1.7 : 1);
      const tail = (slice: number): number | null =>
        sketch.ttftP99 === null || (index === 1 && slice % 9 === 0)
          ? null
          : sketch.ttftP99 * 0.6 * wave(slice + index * 31) * strain(slice);
      return {
        name: sketch.name,
        arrivedPerS: slices.map((slice) => perS * wave(slice + index) * surge(slice)),
        completedPerS: slices.map(
          (slice) => perS * wave(slice + index - 1) * Math.min(1.6, surge(slice)),
        ),
        rejectedPerS: slices.map((slice) => (surge(slice) > 1 ? perS * 0.4 * wave(slice) : 0)),
        ttftMsP50: slices.map((slice) => scaled(tail(slice), 0.4)),
        ttftMsP99: slices.map(tail),
        queued: slices.map((slice) =>
          Math.round(perS * wave(slice * 3) * (strain(slice) > 1 ? 14 : 0.6)),
        ),
      };
    }),
    pools: POOLS.map((pool, index) => ({
      name: pool.name,
      busy: slices.map((slice) =>
        Math.min(
          1,
          0.62 * wave(slice + index * 17) + (slice > 98 && slice < 140 ? 0.3 * index : 0),
        ),
      ),
      tokensPerS: slices.map((slice) => 9_000 * pool.replicas * wave(slice + index * 17)),
      running: slices.map((slice) => Math.round(60 * wave(slice))),
      queued: slices.map((slice) => Math.round(9 * wave(slice))),
      replicasProvisioned: slices.map(() => pool.replicas),
      replicasNeeded: slices.map(() => null),
      replicasUp: slices.map(
        (slice) => pool.replicas - (index === 1 && slice >= 160 && slice < 167 ? 1 : 0),
      ),
    })),
  };
}

/** Between 0.7 and 1.3, without a pattern that the eye picks up at once. */
export function wave(place: number): number {
  return 1 + 0.18 * Math.sin(place / 11) + 0.12 * Math.sin(place * 1.7 + 0.4);
}

function scaled(value: number | null, factor: number): number | null {
  return value === null ? null : value * factor;
}
