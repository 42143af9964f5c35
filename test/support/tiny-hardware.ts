/** Hardware small enough that everything runs out: a model of 116 kB, and GPUs with room for a handful of KV blocks. */
import { RESERVED_BYTES_PER_GPU } from "../../src/replica/memory.ts";

/** 2 (key and value) x 2 layers x 1 head x 64 values x 2 bytes. */
const TINY_TOKEN_BYTES = 512;
/** 2 layers x (4 projections of 64 x 64, 3 of 64 x 64), 5 norms of 64, one word in and out; 2 bytes each. */
const WEIGHT_BYTES = 2 * (2 * 7 * 64 * 64 + 5 * 64 + 2 * 64);

/** As small as its shape allows; 512 bytes of KV cache per token. */
export const TINY_MODEL = {
  parameters: 1,
  layers: 2,
  hiddenSize: 64,
  attentionHeads: 1,
  kvHeads: 1,
  headSize: 64,
  ffnSize: 64,
  maxContext: 256,
};

export interface TinyPool {
  readonly kvBlocks: number;
  readonly blockTokens: number;
  readonly adapterBytes: number;
}

export function blockBytes(blockTokens: number): number {
  return TINY_TOKEN_BYTES * blockTokens;
}

/** A GPU on which exactly this many KV blocks fit beside the model, the reserve and the adapters. 1 GB/s to the host. */
export function tinyGpu({ kvBlocks, blockTokens, adapterBytes }: TinyPool): object {
  const bytes =
    RESERVED_BYTES_PER_GPU + WEIGHT_BYTES + adapterBytes + kvBlocks * blockBytes(blockTokens);
  return { bf16: "1TFLOPS", memory: `${bytes}B`, memoryBandwidth: "1TB/s", pcie: "1GB/s" };
}
