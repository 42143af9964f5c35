/**
 * How long single kernels take on one GPU: launch, reading and computing, whichever is longer, rounded off where they are
 * alike. Formulas only: which kernels a model's step consists of is layers.ts, the constants are shares.ts. Picoseconds as
 * floating-point numbers; a step's total is rounded once, by predicted.ts.
 */
import type { GpuSpec, Precision } from "../hardware.ts";
import {
  type KernelShares,
  type MatmulShares,
  NVLINK_REDUCE,
  PCIE_REDUCE,
  type ReduceShares,
} from "./shares.ts";

const PS_PER_S = 1e12;
export const BYTES_PER_BF16 = 2;

/** A GPU's data-sheet rates, inverted, and what kernels reach of them. */
export interface Machine {
  readonly shares: KernelShares;
  readonly bytePs: number;
  readonly flopPs: Readonly<Record<Precision, number>>;
}

export function machineOf(gpu: GpuSpec, shares: KernelShares): Machine {
  const { bf16, fp8 } = gpu.flopsPerS;
  return {
    shares,
    bytePs: PS_PER_S / gpu.memoryBytesPerS,
    flopPs: { bf16: PS_PER_S / bf16, fp8: fp8 > 0 ? PS_PER_S / fp8 : Infinity },
  };
}

/**
 * The larger of the two, a fifth more where they are equal: reading and computing overlap, but not fully. The exponent
 * (4) was chosen by leaving GPUs out; square roots keep the result the same on every machine, as Math.pow would not.
 */
export function overlapped(readPs: number, computePs: number): number {
  const read = readPs * readPs;
  const compute = computePs * computePs;
  return Math.sqrt(Math.sqrt(read * read + compute * compute));
}

/** A weight matrix of `inner` x `columns` values on one GPU. */
export interface Matrix {
  readonly inner: number;
  readonly columns: number;
  readonly bytesPerWeight: number;
  /** What it is multiplied in. */
  readonly precision: Precision;
}

/** Multiplies `rows` tokens with a weight matrix. */
export function matmulPs(machine: Machine, rows: number, matrix: Matrix): number {
  const { inner, columns, bytesPerWeight, precision } = matrix;
  const shares: MatmulShares = machine.shares[precision];
  const bytes = inner * columns * bytesPerWeight + rows * (inner + columns) * BYTES_PER_BF16;
  const readPs = (bytes * machine.bytePs) / shares.reads;
  const computePs = (2 * rows * inner * columns * machine.flopPs[precision]) / shares.compute;
  return shares.floorPs + overlapped(readPs, computePs);
}

/** Sums `bytes` over `gpus` GPUs that all end up with the sum: a ring moves 2(g-1)/g of it over each link. */
export function allReducePs(
  gpu: GpuSpec,
  gpus: number,
  bytes: number,
  shares: ReduceShares = isJoined(gpu, gpus) ? NVLINK_REDUCE : PCIE_REDUCE,
): number {
  if (gpus === 1) return 0;
  const linkBytesPerS = isJoined(gpu, gpus) ? gpu.nvlinkBytesPerS : gpu.pcieBytesPerS;
  const moved = (bytes * 2 * (gpus - 1)) / gpus;
  const transferPs = (moved * PS_PER_S) / (linkBytesPerS * shares.link);
  return (
    shares.floorPs + shares.perGpuPs * (gpus - 1) + transferPs * (1 + shares.sharing * (gpus - 2))
  );
}

/** Whether NVLink joins so many GPUs; a ring that crosses PCIe once is as slow as PCIe. */
function isJoined({ nvlinkBytesPerS, nvlinkGpus = Infinity }: GpuSpec, gpus: number): boolean {
  return nvlinkBytesPerS > 0 && gpus <= nvlinkGpus;
}
