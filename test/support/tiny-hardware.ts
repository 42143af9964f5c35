/** Hardware small enough that everything runs out: a tiny model, and pools that state how few KV blocks they have. */

/** 2 (key and value) x 2 layers x 1 head x 64 values x 2 bytes. */
const TINY_TOKEN_BYTES = 512;

/** 512 bytes of KV cache per token. */
export const TINY_MODEL = {
  config: {
    model_type: "llama",
    num_hidden_layers: 2,
    hidden_size: 64,
    num_attention_heads: 1,
    intermediate_size: 64,
    vocab_size: 1,
    max_position_embeddings: 256,
  },
};

/** 1 GB/s to the host. Pools on it say `numGpuBlocksOverride`. */
export const TINY_GPU = {
  bf16: "1TFLOPS",
  memory: "1GiB",
  memoryBandwidth: "1TB/s",
  pcie: "1GB/s",
};

export function blockBytes(blockTokens: number): number {
  return TINY_TOKEN_BYTES * blockTokens;
}
