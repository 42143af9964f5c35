/** Utilization from step meters: busy time, model FLOPs utilization (MFU), memory bandwidth, KV cache, batch. */
import type { PoolConfig } from "../engine/config.ts";
import { multiplyPrecision } from "../replica/hardware.ts";
import { type MeterReading, busyUntil, provisionedUntil } from "../replica/port.ts";
import type { UtilizationBlock } from "./results.ts";

/** One replica's readings and the pool it belongs to. */
export interface Metered {
  readonly meter: MeterReading;
  readonly config: PoolConfig;
}

/** Utilization of any set of replicas over the time they were provisioned until their pool's account was closed; GPUs weigh alike. */
export function utilization<R extends Metered>(
  replicas: readonly R[],
  endNsOf: (replica: R) => number,
): UtilizationBlock {
  const sums = { busy: 0, provisioned: 0, flops: 0, peakFlops: 0, bytes: 0, peakBytes: 0 };
  let kvBlockNs = 0;
  let kvCapacityNs = 0;
  let sequences = 0;
  let steps = 0;
  for (const replica of replicas) {
    const { meter, config } = replica;
    const endNs = endNsOf(replica);
    const { gpu, model, stepModel, gpusPerReplica } = config;
    const busyNs = busyUntil(meter, endNs);
    const provisionedNs = provisionedUntil(meter, endNs);
    const seconds = (provisionedNs * gpusPerReplica) / 1e9;
    sums.busy += busyNs * gpusPerReplica;
    sums.provisioned += provisionedNs * gpusPerReplica;
    sums.flops += meter.tokens * stepModel.flopsPerToken;
    sums.peakFlops += seconds * gpu.flopsPerS[multiplyPrecision(model)];
    sums.bytes +=
      meter.steps * stepModel.weightBytesPerStep +
      meter.contextTokens * stepModel.contextTokenBytes;
    sums.peakBytes += seconds * gpu.memoryBytesPerS;
    kvBlockNs += meter.kvBlockNs;
    kvCapacityNs += busyNs * config.kvBlocks;
    sequences += meter.sequences;
    steps += meter.steps;
  }
  return {
    busy: ratio(sums.busy, sums.provisioned),
    mfu: ratio(sums.flops, sums.peakFlops),
    memoryBandwidth: ratio(sums.bytes, sums.peakBytes),
    kvBlocks: ratio(kvBlockNs, kvCapacityNs),
    meanBatch: ratio(sequences, steps),
  };
}

/** Of the time in steps that came to an end, the part in steps larger than any measured. */
export function extrapolatedShare(replicas: readonly Metered[]): number {
  const extrapolatedNs = replicas.reduce((sum, { meter }) => sum + meter.extrapolatedNs, 0);
  const busyNs = replicas.reduce((sum, { meter }) => sum + meter.busyNs - meter.lostNs, 0);
  return ratio(extrapolatedNs, busyNs);
}

function ratio(part: number, whole: number): number {
  return whole > 0 ? part / whole : 0;
}
