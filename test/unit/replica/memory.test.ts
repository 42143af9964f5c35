/** Replica memory against what vLLM reported, and against sizes worked by hand. */
import { describe, expect, it } from "vitest";
import type { ModelSpec, Parallelism, WeightPrecision } from "../../../src/replica/hardware.ts";
import { replicaMemory, smallestFit } from "../../../src/replica/memory.ts";
import { kvBytesPerGpuAndLayer, weightBytesPerGpu } from "../../../src/replica/sharding.ts";
import { weightBytes } from "../../../src/replica/weights.ts";
import { GPUS } from "../../../src/scenario/catalogue/gpus.ts";
import { MODELS } from "../../../src/scenario/catalogue/models.ts";

const GIB = 1024 * 1024 * 1024;
const ONE_GPU: Parallelism = { tensorParallel: 1, dataParallel: 1, expertParallel: false };

function model(name: string, precision: WeightPrecision = "bf16"): ModelSpec {
  return { ...MODELS.get(name)!.shape, precision, kvPrecision: "bf16" };
}

function inputOf(
  spec: ModelSpec,
  given: {
    gpu?: string;
    parallel?: Partial<Parallelism>;
    share?: number;
    seqs?: number;
    tokens?: number;
  } = {},
) {
  return {
    model: spec,
    gpu: GPUS.get(given.gpu ?? "h100-sxm")!.spec,
    parallel: { ...ONE_GPU, ...given.parallel },
    gpuMemoryUtilization: given.share ?? 0.9,
    adapterBudgetBytes: 0,
    blockTokens: 16,
    maxNumSeqs: given.seqs ?? 128,
    maxNumBatchedTokens: given.tokens ?? 2048,
  };
}

function kvBlocks(...args: Parameters<typeof inputOf>): number {
  const memory = replicaMemory(inputOf(...args));
  return memory.kind === "fits" ? memory.kvBlocks : 0;
}

function kvGibPerGpu(...args: Parameters<typeof inputOf>): number {
  const { parallel } = inputOf(...args);
  const memory = replicaMemory(inputOf(...args));
  if (memory.kind !== "fits") return 0;
  return (memory.kvBlocks * memory.blockBytes) / parallel.tensorParallel / GIB;
}

describe("vLLM's KV cache", () => {
  it.each([
    // vLLM 0.15.1 on H100, share 0.9, 128 sequences, 2,048 tokens a step: public load tests of inference-sim/training.
    ["llama-2-7b", 1, 7462],
    ["llama-2-70b", 4, 31_356],
    ["mixtral-8x7b", 2, 27_510],
    ["codellama-34b", 2, 26_602],
  ])("of %s on %i H100 is within 0.1 %% of its %i blocks", (name, tensorParallel, measured) => {
    const blocks = kvBlocks(model(name), { parallel: { tensorParallel } });
    expect(Math.abs(blocks / measured - 1)).toBeLessThan(0.001);
  });

  it.each([
    // llm-d/llm-d-benchmark, empirical-vllm-memory-results.md: 1,024 sequences, 8,192 tokens a step on H100.
    ["llama-3.1-8b", "bf16", [1, 0.9], 51.38],
    ["llama-3.3-70b", "fp8", [2, 0.9], 32.0],
    ["qwen3-0.6b", "bf16", [1, 0.9], 64.45],
    ["qwen3-32b", "bf16", [1, 0.9], 4.45],
    ["gpt-oss-120b", "mxfp4", [1, 0.95], 3.33],
  ] as const)("of %s in %s on %j of H100 is within 0.15 GiB", (name, precision, on, measured) => {
    const [tensorParallel, share] = on;
    const given = { parallel: { tensorParallel }, share, seqs: 1024, tokens: 8192 };
    expect(Math.abs(kvGibPerGpu(model(name, precision), given) - measured)).toBeLessThan(0.15);
  });

  it("of a small model on an L40S: 33.37 GiB", () => {
    const given = { gpu: "l40s", share: 0.85, seqs: 256, tokens: 4096 };
    expect(Math.abs(kvGibPerGpu(model("qwen2.5-1.5b"), given) - 33.37)).toBeLessThan(0.1);
  });
});

describe("weights of one GPU", () => {
  it("are all of them on one, and half of what is split on two", () => {
    const spec = model("llama-3.1-8b");
    const norms = 2 * 65 * 4096;
    expect(weightBytesPerGpu(spec, ONE_GPU)).toBe(weightBytes(spec));
    const two = weightBytesPerGpu(spec, { ...ONE_GPU, tensorParallel: 2 });
    expect(two).toBe((weightBytes(spec) - norms) / 2 + norms);
  });

  it("hold copies of KV heads when there are more GPUs than heads", () => {
    // 8 KV heads on 16 GPUs: each holds one of 128 columns for keys and for values, twice its even share.
    const spec = model("llama-3.1-70b");
    const copies = 2 * 80 * 8192 * (8 * 128) * (1 / 16);
    const norms = 2 * 161 * 8192;
    const expected = (weightBytes(spec) - norms) / 16 + norms + 2 * copies;
    expect(weightBytesPerGpu(spec, { ...ONE_GPU, tensorParallel: 16 })).toBe(expected);
    expect(kvBytesPerGpuAndLayer(spec, 16)).toBe(2 * 128 * 2);
    expect(kvBytesPerGpuAndLayer(spec, 8)).toBe(2 * 128 * 2);
    expect(kvBytesPerGpuAndLayer(spec, 4)).toBe(2 * 2 * 128 * 2);
  });

  it("keep a latent vector whole on every GPU", () => {
    expect(kvBytesPerGpuAndLayer(model("deepseek-v3"), 8)).toBe(576 * 2);
  });

  it("spread experts over all groups, and attention over one: DeepSeek-V3 on 8 GPUs", () => {
    const spec = model("deepseek-v3", "fp8");
    const spread = weightBytesPerGpu(spec, {
      tensorParallel: 1,
      dataParallel: 8,
      expertParallel: true,
    });
    const split = weightBytesPerGpu(spec, { ...ONE_GPU, tensorParallel: 8 });
    const expert = 3 * 7168 * 2048;
    // Both hold an eighth of 256 experts in 58 layers; the groups of one GPU hold all the rest.
    const experts = 58 * 32 * expert;
    expect(spread - experts).toBe(weightBytes(spec) - 8 * experts);
    expect(split - experts).toBeLessThan((spread - experts) / 5);
  });

  it("count whole experts: 8 over 3 GPUs are 3 on the fullest", () => {
    const spec = model("mixtral-8x7b");
    const whole = weightBytesPerGpu(spec, {
      tensorParallel: 1,
      dataParallel: 3,
      expertParallel: true,
    });
    const rest = weightBytes(spec) - 2 * 32 * 8 * 3 * 4096 * 14_336;
    expect(whole).toBe(rest + 2 * 32 * 3 * 3 * 4096 * 14_336);
  });
});

describe("a replica's memory", () => {
  it("works by hand: Llama-3.1-70B in FP8 on 2 H100", () => {
    const adapterBudgetBytes = GIB;
    const input = {
      ...inputOf(model("llama-3.1-70b", "fp8"), { parallel: { tensorParallel: 2 } }),
      adapterBudgetBytes,
    };
    const memory = replicaMemory(input);
    // Layers 68,451,041,280 B and embeddings 4,202,692,608 B in halves; norms 2,637,824 B on each.
    expect(memory.use.weights).toBe((68_451_041_280 + 4_202_692_608) / 2 + 2_637_824);
    // Trial of the sampler: 38.2 x 128 x 128,256 + 2.56 x 2,048 x 8,192.
    expect(memory.use.activations).toBeCloseTo(38.2 * 128 * 128_256 + 2.56 * 2048 * 8192, 0);
    expect(memory.use.runtime).toBeCloseTo(0.55 * GIB, 0);
    expect(memory.use.adapters).toBe(GIB / 2);
    const used = Object.values(memory.use).reduce((sum, bytes) => sum + bytes, 0);
    // A block of 16 tokens is 5,242,880 B, half of it on each GPU.
    const blocks = Math.floor((memory.availableBytesPerGpu - used) / 2_621_440);
    expect(memory).toMatchObject({ kind: "fits", kvBlocks: blocks, blockBytes: 5_242_880 });
  });

  it("takes the peak of a step where few sequences may run", () => {
    // 0.15 GiB and, per token of 2,048: 2 x 4,096 of residual and 3 x 11,008 of feed-forward, 2 bytes each.
    const { use } = replicaMemory(inputOf(model("llama-2-7b"), { seqs: 1 }));
    expect(use.activations).toBeCloseTo(0.15 * GIB + 2048 * 2 * (2 * 4096 + 3 * 11_008), 0);
  });

  it("adds up the caches of data-parallel groups", () => {
    const spec = model("deepseek-v3", "fp8");
    const parallel = { dataParallel: 8, expertParallel: true };
    const memory = replicaMemory(inputOf(spec, { gpu: "h200", parallel }));
    const alone = replicaMemory(inputOf(spec, { gpu: "h200", parallel: { tensorParallel: 8 } }));
    expect(memory.kind === "fits" && memory.kvBlocks % 8).toBe(0);
    expect(memory).toMatchObject({ blockBytes: 61 * 1152 * 16 });
    // Split over heads, every GPU would hold every token of the one cache.
    expect(alone).toMatchObject({ kind: "fits", blockBytes: 8 * 61 * 1152 * 16 });
  });

  it("sets windows aside where that leaves more blocks, and not where sequences are many", () => {
    const few = replicaMemory(inputOf(model("gpt-oss-20b", "mxfp4"), { seqs: 128 }));
    // 128 sequences of 9 blocks, and a chunk of 128 blocks; 12 layers of 2 KiB a token.
    expect(few.use.windows).toBe((128 * 9 + 128) * 16 * 12 * 2048);
    expect(few).toMatchObject({ kind: "fits", blockBytes: 16 * 12 * 2048 });
    const many = replicaMemory(inputOf(model("gemma-3-27b"), { seqs: 256 }));
    expect(many.use.windows).toBe(0);
    expect(many).toMatchObject({ kind: "fits", blockBytes: 16 * 62 * 16 * 128 * 4 });
  });

  it("says what is needed and what there is, and the least that would fit", () => {
    const input = inputOf(model("llama-3.1-70b"));
    const memory = replicaMemory(input);
    expect(memory.availableBytesPerGpu).toBeCloseTo(0.9 * 79.18 * GIB, 0);
    const used = Object.values(memory.use).reduce((sum, bytes) => sum + bytes, 0);
    expect(memory).toMatchObject({ kind: "too-small", neededBytesPerGpu: used + 5_242_880 });
    expect(smallestFit(input, [1, 2, 4, 8], 8)).toBe(2);
    expect(smallestFit({ ...input, gpuMemoryUtilization: 0.8 }, [1, 2, 4, 8], 8)).toBe(4);
    expect(smallestFit(input, [1], 8)).toBeUndefined();
    expect(smallestFit(input, [1, 2, 4, 8], 1)).toBeUndefined();
  });
});
