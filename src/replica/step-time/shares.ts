/**
 * The fitted constants of the step-time model: which share of a data-sheet peak a kernel reaches, what a launch costs, what
 * the engine adds around kernels. Nothing in here belongs to a model, and `npm run fit` prints every constant again, with
 * its error. Kernel constants differ by GPU generation. Unless said otherwise they were fitted to the operator tables of
 * vLLM 0.14 (NVIDIA ai-dynamo/aiconfigurator, commit 095f58a); generations without a table take what fits all of them.
 */
import type { GpuArchitecture, Precision } from "../hardware.ts";

/** What kernels reach on one generation of GPUs. Shares are of the data sheet's dense rate or bandwidth. */
export interface KernelShares {
  /**
   * Matrix products by what they multiply in. Those in FP8 quantize their input first: in the tables by kernels that pass
   * over it 5 to 13 times, in an engine by one, or by the kernel before (QUANTIZE_PS).
   */
  readonly bf16: MatmulShares;
  readonly fp8: MatmulShares;
  /**
   * The fused mixture-of-experts kernel, of up to 16 experts and of more: routing and several launches; shares as above, of the
   * precision's own rate.
   */
  readonly experts: Readonly<Record<"few" | "many", MatmulShares>>;
  /** Attention of decoding sequences, by what the cache is kept in: launch, and share of bandwidth. */
  readonly decode: Readonly<Record<Precision, DecodeShares>>;
  /** The same of uneven contexts, with grouped queries. */
  readonly decodeUneven: UnevenShares;
  /** Attention of prompt chunks: share of BF16 FLOP/s, and of bandwidth for queries, keys, values and results. */
  readonly promptCompute: number;
  readonly promptReads: number;
}

export interface DecodeShares {
  readonly floorPs: number;
  readonly reads: number;
}

export interface MatmulShares {
  /** Launch. */
  readonly floorPs: number;
  /** Share of bandwidth, and of FLOP/s. */
  readonly reads: number;
  readonly compute: number;
}

/**
 * What uneven contexts cost beyond their sum: a share of the tokens by which they fall short of the longest in the batch, and no
 * more than `most` of the sum.
 */
export interface UnevenShares {
  readonly share: number;
  readonly most: number;
}

/**
 * Every sequence takes as long as the longest, until splitting long ones pays. The share is what two overloaded load tests on H100
 * ask for (1.1 and 1.4; all of it is the most that makes sense), the bound what whole steps on another GPU leave of it (0.3
 * to 0.5 with the constants of all tables). docs/model.md has the errors of either alone.
 */
const UNEVEN: UnevenShares = { share: 1, most: 0.5 };

/**
 * What a product in FP8 takes to launch beyond one in BF16: the kernel that quantizes its input. The tables' takes 8 us (H100, a
 * matrix of 1024 x 1024), and nobody's engine runs it. Load tests of Llama-4-Scout, predicted from the other models, are as far off
 * with 4.3 us as with 9 (4.3 % both; 6.9 % with none), and the model has attention in FP8 that llm-compressor's recipe for it leaves
 * in BF16, so the least of these.
 */
const QUANTIZE_PS = 4.3e6;

/**
 * All tables together; few experts as between A100 and H100, for on L40S the kernel is not tuned for them. Many small experts
 * have rows too few to fill a tile, of which compute cannot be told: it is that of few, or 0.25.
 */
const ALL_TABLES: KernelShares = {
  bf16: { floorPs: 3.39e6, reads: 0.774, compute: 0.774 },
  fp8: { floorPs: 3.39e6 + QUANTIZE_PS, reads: 0.822, compute: 0.626 },
  experts: {
    few: { floorPs: 48e6, reads: 0.88, compute: 0.28 },
    many: { floorPs: 62e6, reads: 0.884, compute: 0.25 },
  },
  decode: { bf16: { floorPs: 12.7e6, reads: 0.803 }, fp8: { floorPs: 12.6e6, reads: 0.819 } },
  decodeUneven: UNEVEN,
  promptCompute: 0.522,
  promptReads: 0.914,
};

const KERNEL_SHARES: Readonly<Record<GpuArchitecture, KernelShares>> = {
  /** A100-SXM4-80GB. It has no FP8 units. */
  ampere: {
    bf16: { floorPs: 7.36e6, reads: 0.733, compute: 0.784 },
    fp8: ALL_TABLES.fp8,
    experts: {
      few: { floorPs: 57.4e6, reads: 0.85, compute: 0.324 },
      many: { floorPs: 95.3e6, reads: 0.94, compute: 0.324 },
    },
    // A cache in FP8 was not measured: all tables together read it as well as one in BF16.
    decode: { bf16: { floorPs: 18.6e6, reads: 0.736 }, fp8: { floorPs: 18.6e6, reads: 0.736 } },
    decodeUneven: UNEVEN,
    promptCompute: 0.56,
    promptReads: 0.547,
  },
  /** L40S. The benchmark's queries and results stay in its large cache; a model's share it with weights, hence 1 and not 2.4. */
  ada: {
    bf16: { floorPs: 0, reads: 0.751, compute: 0.719 },
    fp8: { floorPs: 1.68e6, reads: 0.681, compute: 0.489 },
    experts: {
      few: { floorPs: 11.1e6, reads: 0.524, compute: 0.097 },
      many: { floorPs: 161e6, reads: 0.92, compute: 0.25 },
    },
    decode: { bf16: { floorPs: 11.5e6, reads: 0.814 }, fp8: { floorPs: 10.7e6, reads: 0.849 } },
    decodeUneven: UNEVEN,
    promptCompute: 0.462,
    promptReads: 1,
  },
  /** H100-SXM5-80GB. */
  hopper: {
    bf16: { floorPs: 4.21e6, reads: 0.9, compute: 0.84 },
    fp8: { floorPs: 4.21e6 + QUANTIZE_PS, reads: 0.835, compute: 0.778 },
    experts: {
      few: { floorPs: 38.5e6, reads: 0.914, compute: 0.236 },
      many: { floorPs: 37.2e6, reads: 0.844, compute: 0.236 },
    },
    decode: { bf16: { floorPs: 12.1e6, reads: 0.885 }, fp8: { floorPs: 14.2e6, reads: 0.745 } },
    decodeUneven: UNEVEN,
    promptCompute: 0.609,
    promptReads: 0.387,
  },
  /**
   * Not from operator tables but whole engine steps (vLLM 0.20.1, Qwen3-32B; same source, commit 29f42c9), whose GPU is not
   * stated and taken for a B200. Contexts there are very uneven, the longest 3.5 times the mean: no bound was reached.
   */
  blackwell: {
    ...ALL_TABLES,
    bf16: { floorPs: 3.39e6, reads: 0.81, compute: 0.716 },
    decode: { ...ALL_TABLES.decode, bf16: { floorPs: 12.7e6, reads: 0.873 } },
    decodeUneven: { share: 0.276, most: 1.5 },
    promptCompute: 0.475,
  },
};

/** The shares of a GPU of this generation. */
export function kernelShares(architecture: GpuArchitecture | undefined): KernelShares {
  return architecture === undefined ? ALL_TABLES : KERNEL_SHARES[architecture];
}

/** What the engine adds around the kernels above, whatever the GPU. Scheduling is hidden behind the GPU's work. */
export interface EngineOverheads {
  /** Norms, rotary embedding, activation, writing the KV cache: launches per layer, and passes over memory. */
  readonly layerPs: number;
  readonly elementwisePasses: number;
  /** A layer of a step with a prompt chunk: its attention is launched between pieces of the CUDA graph. */
  readonly pieceLayerPs: number;
  /** A layer of a step of more tokens than any captured CUDA graph, prompts or decodes: every kernel is launched from the host. */
  readonly eagerLayerPs: number;
}

export const ENGINE_OVERHEADS: EngineOverheads = {
  // 57 stages of load tests on H100, vLLM 0.15.1. The whole steps named above, on another GPU: 17.1 us.
  layerPs: 17.5e6,
  // Of bandwidth, as matrix products reach it: 1 / 0.83.
  elementwisePasses: 1.2,
  // The whole steps named above: 33 us. TPOT of the load tests hardly tells 12 from 32.
  pieceLayerPs: 32e6,
  // The first hundred prompts of the load tests on H100, which are not cached: 117 us. The whole steps named above: 60 us.
  eagerLayerPs: 110e6,
};

/** All-reduce in a CUDA graph: latency, and what each further GPU adds; share of the link's one-direction bandwidth. */
export interface ReduceShares {
  readonly floorPs: number;
  readonly perGpuPs: number;
  readonly link: number;
  /** Each GPU beyond two shares the same PCIe root: this much of the transfer time again. */
  readonly sharing: number;
}

/** A100 and H100, 2 to 8 GPUs, messages up to 34 MB: 4.70 and 4.22 us, 0.26 and 0.13 us, 0.51 and 0.54. */
export const NVLINK_REDUCE: ReduceShares = {
  floorPs: 4.46e6,
  perGpuPs: 0.19e6,
  link: 0.52,
  sharing: 0,
};

/** L40S, 2 to 8 GPUs. */
export const PCIE_REDUCE: ReduceShares = {
  floorPs: 2.17e6,
  perGpuPs: 3.23e6,
  link: 0.587,
  sharing: 1.566,
};
