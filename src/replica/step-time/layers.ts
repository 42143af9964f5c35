/**
 * Which kernels one step of a model runs on one GPU of a tensor-parallel group: the matrices of its layers, with how
 * often each comes, and what attention reads and computes per token. Shapes only; kernels.ts says how long they take.
 */
import {
  type AttentionSpec,
  type GroupedAttention,
  type LatentAttention,
  type ModelSpec,
  multiplyPrecision,
} from "../hardware.ts";
import { bytesPerParameter } from "../weights.ts";
import { BYTES_PER_BF16, type Matrix } from "./kernels.ts";

/** A matrix that `count` layers have. */
export interface LayerMatrix extends Matrix {
  readonly count: number;
}

/** All matrices of the layers but routed experts, as one GPU holds them. */
export function layerMatrices(model: ModelSpec, tensorParallel: number): LayerMatrix[] {
  const { hiddenSize, layers, feedForward, attention } = model;
  const { mixture } = feedForward;
  const denseLayers = layers - (mixture?.layers ?? 0);
  const shapes = attentionShapes(attention, hiddenSize, tensorParallel).map((shape) => ({
    count: layers,
    ...shape,
  }));
  for (const { count, width } of [
    { count: denseLayers, width: feedForward.size },
    { count: mixture?.layers ?? 0, width: mixture?.sharedSize ?? 0 },
  ]) {
    if (count === 0 || width === 0) continue;
    const columns = ((feedForward.matrices - 1) * width) / tensorParallel;
    shapes.push({ count, inner: hiddenSize, columns });
    shapes.push({ count, inner: width / tensorParallel, columns: hiddenSize });
  }
  const bytesPerWeight = bytesPerParameter(model).matrices;
  const precision = multiplyPrecision(model);
  return shapes.map((shape) => ({ ...shape, bytesPerWeight, precision }));
}

/** The output head, in BF16 whatever the layers are stored in. */
export function headMatrix(model: ModelSpec, tensorParallel: number): Matrix {
  return {
    inner: model.hiddenSize,
    columns: model.vocabulary / tensorParallel,
    bytesPerWeight: BYTES_PER_BF16,
    precision: "bf16",
  };
}

/** What attention of one layer reads and computes on one GPU. */
export interface AttentionWork {
  /** Bytes of keys and values of a context token, read by each decoding sequence. */
  readonly contextBytes: number;
  /** FLOPs of a decoding sequence per token of its context. */
  readonly contextFlops: number;
  /** FLOPs per query-key pair of a prompt chunk; bytes of queries, keys, values and results per prompt token. */
  readonly pairFlops: number;
  readonly promptBytes: number;
}

export function attentionWork(
  { attention, kvPrecision }: Pick<ModelSpec, "attention" | "kvPrecision">,
  tensorParallel: number,
): AttentionWork {
  const bytesPerValue = kvPrecision === "fp8" ? 1 : BYTES_PER_BF16;
  return attention.kind === "grouped"
    ? groupedWork(attention, tensorParallel, bytesPerValue)
    : latentWork(attention, tensorParallel, bytesPerValue);
}

/** Values per token that pass between kernels of a layer: norms, residual, rotary embedding, activation. */
export function elementwiseValues(model: ModelSpec, tensorParallel: number): number {
  const { attention, hiddenSize, feedForward } = model;
  const { mixture } = feedForward;
  const inMixture = mixture === undefined ? 0 : mixture.layers / model.layers;
  const routed =
    mixture === undefined ? 0 : mixture.expertSize * mixture.expertsPerToken + mixture.sharedSize;
  const width = feedForward.size * (1 - inMixture) + routed * inMixture;
  // Two norms read and write the residual and its branch; the activation reads two widths and writes one; rotary
  // embedding and the KV cache's own kernel read and write queries, keys and values.
  return 8 * hiddenSize + (3 * width + 4 * projectedWidth(attention)) / tensorParallel;
}

interface Shape {
  readonly count: number;
  readonly inner: number;
  readonly columns: number;
}

function attentionShapes(
  attention: AttentionSpec,
  hiddenSize: number,
  tensorParallel: number,
): Omit<Shape, "count">[] {
  if (attention.kind === "grouped") {
    const { heads, kvHeads, headSize } = attention;
    const kvOfGpu = Math.max(1, kvHeads / tensorParallel);
    const columns = (heads / tensorParallel + 2 * kvOfGpu) * headSize;
    return [
      { inner: hiddenSize, columns },
      { inner: (heads * headSize) / tensorParallel, columns: hiddenSize },
    ];
  }
  const { kvLoraRank, ropeHeadSize, nopeHeadSize, valueHeadSize, qLoraRank } = attention;
  const heads = attention.heads / tensorParallel;
  const queries = heads * (nopeHeadSize + ropeHeadSize);
  const compressedKv = kvLoraRank + ropeHeadSize;
  const expandAndOutput = [
    { inner: kvLoraRank, columns: heads * (nopeHeadSize + valueHeadSize) },
    { inner: heads * valueHeadSize, columns: hiddenSize },
  ];
  if (qLoraRank === 0) {
    return [
      { inner: hiddenSize, columns: queries },
      { inner: hiddenSize, columns: compressedKv },
      ...expandAndOutput,
    ];
  }
  return [
    { inner: hiddenSize, columns: qLoraRank + compressedKv },
    { inner: qLoraRank, columns: queries },
    ...expandAndOutput,
  ];
}

/** Queries, keys and values of a token, over all GPUs. */
function projectedWidth(attention: AttentionSpec): number {
  if (attention.kind === "grouped") {
    return (attention.heads + 2 * attention.kvHeads) * attention.headSize;
  }
  const { heads, nopeHeadSize, ropeHeadSize, valueHeadSize } = attention;
  return heads * (2 * (nopeHeadSize + ropeHeadSize) + valueHeadSize);
}

function groupedWork(
  attention: GroupedAttention,
  tensorParallel: number,
  bytesPerValue: number,
): AttentionWork {
  const heads = attention.heads / tensorParallel;
  const kvHeads = Math.max(1, attention.kvHeads / tensorParallel);
  const { headSize } = attention;
  return {
    contextBytes: 2 * kvHeads * headSize * bytesPerValue,
    contextFlops: 4 * heads * headSize,
    pairFlops: 4 * heads * headSize,
    promptBytes: (2 * heads + 2 * kvHeads) * headSize * BYTES_PER_BF16,
  };
}

/**
 * Decoding reads the compressed vector, whole on every GPU, and attends to it with every head (the expansion is absorbed
 * into queries and results); a prompt is expanded to full keys and values first, as vLLM does.
 */
function latentWork(
  attention: LatentAttention,
  tensorParallel: number,
  bytesPerValue: number,
): AttentionWork {
  const { kvLoraRank, ropeHeadSize, nopeHeadSize, valueHeadSize } = attention;
  const heads = attention.heads / tensorParallel;
  const keySize = nopeHeadSize + ropeHeadSize;
  return {
    contextBytes: (kvLoraRank + ropeHeadSize) * bytesPerValue,
    contextFlops: 2 * heads * (2 * kvLoraRank + ropeHeadSize),
    pairFlops: 2 * heads * (keySize + valueHeadSize),
    promptBytes: 2 * heads * (keySize + valueHeadSize) * BYTES_PER_BF16,
  };
}
