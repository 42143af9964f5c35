/**
 * What a GPU and a model are, as far as step times and memory are concerned: data-sheet figures and the shape of the
 * network. Sizes that follow from a shape (parameters, bytes) are computed in weights.ts and kv-size.ts. The catalogue
 * that fills these records, with the source of every figure, is scenario/catalogue.
 */

/** What matrix multiplications run in, and what the KV cache is kept in. */
export type Precision = "bf16" | "fp8";

/**
 * How weights are stored. `w8a16` (FP8 on a GPU that cannot multiply in it), `int4` (AWQ, GPTQ) and `mxfp4` (experts only,
 * the rest stays BF16) are unpacked on the way to BF16 multiplications.
 */
export type WeightPrecision = Precision | "w8a16" | "int4" | "mxfp4";

/** GPUs of one generation run the same kernels and reach about the same shares of their data sheets. */
export type GpuArchitecture = "ampere" | "ada" | "hopper" | "blackwell";

export interface GpuSpec {
  readonly name: string;
  /** Undefined for a GPU that a scenario describes by its rates alone, and for generations nobody measured. */
  readonly architecture?: GpuArchitecture | undefined;
  /** Dense (not sparse) tensor-core rate per precision, FLOP/s; 0 where the GPU has none. */
  readonly flopsPerS: { readonly bf16: number; readonly fp8: number };
  readonly memoryBytes: number;
  readonly memoryBytesPerS: number;
  /** One direction, to the other GPUs of its node; 0 means they talk over PCIe. */
  readonly nvlinkBytesPerS: number;
  /** GPUs that its NVLink joins, where those are not all of the node: larger groups talk over PCIe. */
  readonly nvlinkGpus?: number | undefined;
  /** One direction, host to device: what loading an adapter is bound by. */
  readonly pcieBytesPerS: number;
}

export interface ModelSpec {
  readonly name: string;
  readonly layers: number;
  /** Width of the residual stream. */
  readonly hiddenSize: number;
  readonly attention: AttentionSpec;
  readonly feedForward: FeedForwardSpec;
  /** Rows of the embedding table and columns of the output head. */
  readonly vocabulary: number;
  /** Whether input embedding and output head are one matrix. */
  readonly tiedEmbeddings: boolean;
  /** Resident, and not part of a text step: the vision tower of a multimodal model. 0 for most. */
  readonly otherParameters: number;
  /** Longest context the model takes, prompt and output together, tokens. */
  readonly maxContextTokens: number;
  readonly precision: WeightPrecision;
  readonly kvPrecision: Precision;
}

export type AttentionSpec = GroupedAttention | LatentAttention;

/** Multi-head (kvHeads = heads), grouped-query or multi-query attention (kvHeads = 1). */
export interface GroupedAttention {
  readonly kind: "grouped";
  /** Query heads. */
  readonly heads: number;
  /** Heads whose keys and values are cached. */
  readonly kvHeads: number;
  readonly headSize: number;
  /** Layers that look back only so far; undefined where every layer sees the whole context. */
  readonly window: AttentionWindow | undefined;
}

export interface AttentionWindow {
  readonly tokens: number;
  /** Layers with the window; the others see the whole context. */
  readonly layers: number;
}

/** Multi-head latent attention (DeepSeek): one compressed vector per token is cached for all heads. */
export interface LatentAttention {
  readonly kind: "latent";
  readonly heads: number;
  /** Width of the compressed keys and values. */
  readonly kvLoraRank: number;
  /** Width of the part of a key that carries the position: one for all heads, cached beside the compressed vector. */
  readonly ropeHeadSize: number;
  /** Width of the rest of a head's key, and of its value. */
  readonly nopeHeadSize: number;
  readonly valueHeadSize: number;
  /** Width of the compressed queries; 0 where queries are not compressed. */
  readonly qLoraRank: number;
}

export interface FeedForwardSpec {
  /** Width of the feed-forward network of dense layers; 0 where every layer is a mixture. */
  readonly size: number;
  /** Gate, up and down (SwiGLU, GeGLU), or up and down alone. Holds for experts too. */
  readonly matrices: 2 | 3;
  /** Undefined for a dense model. */
  readonly mixture: MixtureSpec | undefined;
}

export interface MixtureSpec {
  /** Layers that are mixtures; the others are dense (DeepSeek's first ones). */
  readonly layers: number;
  /** Routed experts per layer, and how many of them a token uses. */
  readonly experts: number;
  readonly expertsPerToken: number;
  readonly expertSize: number;
  /** Width of what every token passes besides, all shared experts together; 0 where there are none. */
  readonly sharedSize: number;
}

/** How one replica is spread over GPUs; the names are those of vLLM's flags. */
export interface Parallelism {
  /** GPUs that split every matrix among them. */
  readonly tensorParallel: number;
  /** Groups of such GPUs, each with its own sequences, which share the experts of a mixture; 1 for a dense model. */
  readonly dataParallel: number;
  /** Whether experts are kept whole and spread over all GPUs of the replica, instead of each being split over them. */
  readonly expertParallel: boolean;
}

/** GPUs of one replica. */
export function gpuCount({ tensorParallel, dataParallel }: Parallelism): number {
  return tensorParallel * dataParallel;
}

/** What the matrices of a model are multiplied in. */
export function multiplyPrecision(model: ModelSpec): Precision {
  return model.precision === "fp8" ? "fp8" : "bf16";
}
