/**
 * What one GPU of a replica holds: its part of the weights, and of a block of KV cache. Tensor parallelism splits
 * matrices by heads and widths and the vocabulary by rows; compressing projections, routers and norms are whole on
 * every GPU. Experts are shared by all GPUs of the replica, in slices or, with expert parallelism, whole ones.
 */
import { gpuCount, type ModelSpec, type Parallelism } from "./hardware.ts";
import { kvBytesPerTokenAndLayer } from "./kv-size.ts";
import { bytesPerParameter, storedBytes, weightCounts } from "./weights.ts";

/** Bytes of weights on the GPU that holds most. */
export function weightBytesPerGpu(model: ModelSpec, parallel: Parallelism): number {
  const { tensorParallel } = parallel;
  const counts = weightCounts(model);
  const split = storedBytes(model, {
    ...counts,
    embedding: counts.embedding / tensorParallel,
    head: counts.head / tensorParallel,
    attention: counts.attention / tensorParallel,
    feedForward: counts.feedForward / tensorParallel,
    experts: expertsPerGpu(model, parallel) * counts.oneExpert * padding(model, parallel),
  });
  const copied = copiedKvParameters(model, tensorParallel) * bytesPerParameter(model).matrices;
  return split + copied + (model.otherParameters * BYTES_PER_BF16) / tensorParallel;
}

/** Bytes of one token of KV cache on each GPU that holds a part of it, per layer. */
export function kvBytesPerGpuAndLayer(model: ModelSpec, tensorParallel: number): number {
  return (kvBytesPerTokenAndLayer(model) * kvCopies(model, tensorParallel)) / tensorParallel;
}

const BYTES_PER_BF16 = 2;

/** Experts of all layers, in whole experts or as many slices as make one. */
function expertsPerGpu({ feedForward }: ModelSpec, parallel: Parallelism): number {
  const { mixture } = feedForward;
  if (mixture === undefined) return 0;
  const perLayer = mixture.experts / gpuCount(parallel);
  return mixture.layers * (parallel.expertParallel ? Math.ceil(perLayer) : perLayer);
}

/** MXFP4 kernels want widths that are multiples of this: gpt-oss's 2,880 take the room of 3,072 (13.47 GiB of vLLM's log). */
const MXFP4_WIDTH = 256;

/** How much larger experts lie in memory than they are. */
function padding({ precision, feedForward }: ModelSpec, parallel: Parallelism): number {
  const { mixture } = feedForward;
  if (precision !== "mxfp4" || mixture === undefined) return 1;
  const width = mixture.expertSize / (parallel.expertParallel ? 1 : gpuCount(parallel));
  return (Math.ceil(width / MXFP4_WIDTH) * MXFP4_WIDTH) / width;
}

/** How often a cached token is kept: more GPUs than KV heads each hold a copy of one; a latent vector is never split. */
function kvCopies({ attention }: ModelSpec, tensorParallel: number): number {
  const heads = attention.kind === "grouped" ? attention.kvHeads : 1;
  return Math.max(1, tensorParallel / heads);
}

/** Projections of keys and values that a GPU holds beyond its even share, because heads are copied. */
function copiedKvParameters(model: ModelSpec, tensorParallel: number): number {
  const { attention, hiddenSize, layers } = model;
  if (attention.kind === "latent") return 0;
  const evenShare =
    (2 * layers * hiddenSize * attention.kvHeads * attention.headSize) / tensorParallel;
  return evenShare * (kvCopies(model, tensorParallel) - 1);
}
