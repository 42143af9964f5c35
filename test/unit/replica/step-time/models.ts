/** Shapes and a GPU with round numbers, for step times worked by hand. */
import type { GpuSpec, ModelSpec } from "../../../../src/replica/hardware.ts";
import type { EngineOverheads, KernelShares } from "../../../../src/replica/step-time/shares.ts";

/** The shape of Llama-3.1-8B. */
export const DENSE: ModelSpec = {
  name: "8B",
  layers: 32,
  hiddenSize: 4_096,
  attention: { kind: "grouped", heads: 32, kvHeads: 8, headSize: 128, window: undefined },
  feedForward: { size: 14_336, matrices: 3, mixture: undefined },
  vocabulary: 128_256,
  tiedEmbeddings: false,
  otherParameters: 0,
  maxContextTokens: 131_072,
  precision: "bf16",
  kvPrecision: "bf16",
};

/** The shape of DeepSeek-V3: latent attention, three dense layers, one shared expert. */
export const LATENT_MIXTURE: ModelSpec = {
  ...DENSE,
  name: "latent",
  layers: 61,
  hiddenSize: 7_168,
  attention: {
    kind: "latent",
    heads: 128,
    kvLoraRank: 512,
    ropeHeadSize: 64,
    nopeHeadSize: 128,
    valueHeadSize: 128,
    qLoraRank: 1_536,
  },
  feedForward: {
    size: 18_432,
    matrices: 3,
    mixture: {
      layers: 58,
      experts: 256,
      expertsPerToken: 8,
      expertSize: 2_048,
      sharedSize: 2_048,
    },
  },
  vocabulary: 129_280,
  precision: "fp8",
};

/** 1,000 TFLOP/s, 4 TB/s: a byte takes 0.25 ps, a FLOP 0.001 ps. */
export const GPU: GpuSpec = {
  name: "round",
  flopsPerS: { bf16: 1_000e12, fp8: 2_000e12 },
  memoryBytes: 80e9,
  memoryBytesPerS: 4e12,
  nvlinkBytesPerS: 500e9,
  pcieBytesPerS: 50e9,
};

/** Half of every peak, and no launches. */
export const HALF: KernelShares = {
  bf16: { floorPs: 0, reads: 0.5, compute: 0.5 },
  fp8: { floorPs: 0, reads: 0.5, compute: 0.5 },
  experts: {
    few: { floorPs: 0, reads: 0.5, compute: 0.5 },
    many: { floorPs: 0, reads: 0.5, compute: 0.5 },
  },
  decode: { bf16: { floorPs: 0, reads: 0.5 }, fp8: { floorPs: 0, reads: 0.5 } },
  decodeUneven: { share: 0, most: 0 },
  promptCompute: 0.5,
  promptReads: 0.5,
};

export const NO_OVERHEADS: EngineOverheads = {
  layerPs: 0,
  elementwisePasses: 0,
  pieceLayerPs: 0,
  eagerLayerPs: 0,
};
