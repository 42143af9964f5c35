/** What `tenantry models` may be asked about a replica: how it is spread over GPUs, and the limits of its batch. */
import type { BatchLimits } from "../replica/activations.ts";
import { InputError } from "./exit-codes.ts";
import { wholeOption } from "./whole-option.ts";

export interface FitOptions {
  readonly dataParallel?: string;
  readonly expertParallel?: boolean;
  readonly gpusPerNode?: string;
  readonly maxNumSeqs?: string;
  readonly maxNumBatchedTokens?: string;
  readonly gpuMemoryUtilization?: string;
}

/** As read, with what a pool has by default. */
export interface ReplicaAsked extends BatchLimits {
  readonly dataParallel: number;
  readonly expertParallel: boolean;
  readonly gpusPerNode: number;
  readonly gpuMemoryUtilization: number;
}

const SEQUENCES = { name: "--max-num-seqs", least: 1, most: 16_384 };
const TOKENS = { name: "--max-num-batched-tokens", least: 1, most: 1_000_000 };
const DATA_PARALLEL = { name: "--data-parallel", least: 1, most: 1024 };
const NODE = { name: "--gpus-per-node", least: 1, most: 1024 };
const USUAL_SHARE = 0.9;
const USUAL_SEQUENCES = 256;
const USUAL_TOKENS = 2048;
const USUAL_NODE = 8;

/** Fails: InputError on what is no number of the kind. */
export function replicaAsked(options: FitOptions): ReplicaAsked {
  const share = Number(options.gpuMemoryUtilization ?? USUAL_SHARE);
  if (!(share > 0 && share <= 1)) {
    throw new InputError(
      `--gpu-memory-utilization ${options.gpuMemoryUtilization}: expected a share such as 0.9`,
    );
  }
  return {
    dataParallel: wholeOption(options.dataParallel, DATA_PARALLEL) ?? 1,
    expertParallel: options.expertParallel === true,
    gpusPerNode: wholeOption(options.gpusPerNode, NODE) ?? USUAL_NODE,
    gpuMemoryUtilization: share,
    maxNumSeqs: wholeOption(options.maxNumSeqs, SEQUENCES) ?? USUAL_SEQUENCES,
    maxNumBatchedTokens: wholeOption(options.maxNumBatchedTokens, TOKENS) ?? USUAL_TOKENS,
  };
}

/** The limits in words, as they stand over a table. */
export function inWords(asked: ReplicaAsked): string {
  const { dataParallel, expertParallel, gpuMemoryUtilization, maxNumSeqs, maxNumBatchedTokens } =
    asked;
  return [
    ...(dataParallel > 1 ? [`data parallel ${dataParallel}`] : []),
    ...(expertParallel ? ["expert parallel"] : []),
    `${gpuMemoryUtilization * 100}%`,
    `${maxNumSeqs} sequences`,
    `${maxNumBatchedTokens} tokens a step`,
  ].join(", ");
}
