/**
 * What a GPU and a model are, as far as step times and memory are concerned: data-sheet figures and the shape of the
 * network. The catalogue that fills these records, with the source of every figure, is scenario/catalogue.
 */

export type Precision = "bf16" | "fp8";

export interface GpuSpec {
  readonly name: string;
  /** Dense (not sparse) tensor-core rate per precision, FLOP/s. */
  readonly flopsPerS: { readonly bf16: number; readonly fp8: number };
  readonly memoryBytes: number;
  readonly memoryBytesPerS: number;
  /** One direction, to the other GPUs of its node; 0 means they talk over PCIe. */
  readonly nvlinkBytesPerS: number;
  /** One direction, host to device: what loading an adapter is bound by. */
  readonly pcieBytesPerS: number;
}

export interface ModelSpec {
  readonly name: string;
  readonly parameters: number;
  /** Parameters used per token: fewer than `parameters` for a mixture of experts. */
  readonly activeParameters: number;
  readonly layers: number;
  readonly hiddenSize: number;
  readonly attentionHeads: number;
  readonly kvHeads: number;
  readonly headSize: number;
  /** Longest context the model takes, prompt and output together, tokens. */
  readonly maxContextTokens: number;
  /** Of the weights; the KV cache is kept in BF16. */
  readonly precision: Precision;
}
