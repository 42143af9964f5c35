/** The catalogue and replica memory against published counts, vLLM's logs and hand-worked sizes. */
import { describe, expect, it } from "vitest";
import type { ModelSpec } from "../../../src/replica/hardware.ts";
import { kvBytesPerToken } from "../../../src/replica/kv-size.ts";
import { replicaMemory } from "../../../src/replica/memory.ts";
import { activeParameterCount, parameterCount, weightBytes } from "../../../src/replica/weights.ts";
import { GPUS } from "../../../src/scenario/catalogue/gpus.ts";
import { adapterBytes, MODELS } from "../../../src/scenario/catalogue/models.ts";

const GIB = 1024 * 1024 * 1024;

function model(name: string, precision: "bf16" | "fp8" = "bf16"): ModelSpec {
  return { ...MODELS.get(name)!, precision, kvPrecision: "bf16" };
}

describe("models", () => {
  it.each([
    // Billions, from the model cards.
    ["llama-3.1-8b", 8.03, 8.03],
    ["llama-3.1-70b", 70.6, 70.6],
    ["llama-2-7b", 6.74, 6.74],
    ["llama-2-70b", 69.0, 69.0],
    ["qwen2.5-0.5b", 0.494, 0.494],
    ["qwen2.5-7b", 7.62, 7.62],
    ["qwen2.5-32b", 32.8, 32.8],
    ["qwen2.5-72b", 72.7, 72.7],
    ["qwen3-8b", 8.19, 8.19],
    ["qwen3-32b", 32.8, 32.8],
    ["mistral-7b", 7.24, 7.24],
    ["mixtral-8x7b", 46.7, 12.9],
  ])("%s has %f B parameters, %f B active", (name, total, active) => {
    const spec = model(name);
    expect(Math.abs(parameterCount(spec) / 1e9 / total - 1)).toBeLessThan(0.005);
    expect(Math.abs(activeParameterCount(spec) / 1e9 / active - 1)).toBeLessThan(0.005);
  });

  it.each([
    ["llama-3.1-8b", 131_072],
    ["llama-3.1-70b", 327_680],
    ["llama-2-7b", 524_288],
    ["qwen2.5-0.5b", 12_288],
    ["qwen2.5-7b", 57_344],
    ["qwen2.5-32b", 262_144],
    ["qwen3-8b", 147_456],
    ["mixtral-8x7b", 131_072],
  ])("%s keeps %d bytes of KV cache per token", (name, bytes) => {
    expect(kvBytesPerToken(model(name))).toBe(bytes);
  });

  it("agrees with vLLM's log of Qwen2-7B: 24.83 GiB hold 464,848 tokens", () => {
    const tokens = (24.83 * GIB) / kvBytesPerToken(model("qwen2.5-7b"));
    expect(Math.abs(tokens / 464_848 - 1)).toBeLessThan(0.001);
  });

  it("sizes a rank-16 adapter of Llama-3.1-8B at 80 MiB", () => {
    // Per layer: q and o 2*16*(4096+4096), k and v 2*16*(4096+1024), feed-forward 3*16*(4096+14336) = 1,310,720 values.
    expect(adapterBytes(MODELS.get("llama-3.1-8b")!, 16)).toBe(1_310_720 * 32 * 2);
    expect(adapterBytes(MODELS.get("llama-3.1-8b")!, 16)).toBe(80 * 1024 * 1024);
  });

  it("adapts only the attention of a mixture of experts", () => {
    // Per layer: 2*16*8192 + 2*16*5120 = 425,984 values.
    expect(adapterBytes(MODELS.get("mixtral-8x7b")!, 16)).toBe(425_984 * 32 * 2);
  });
});

describe("GPUs", () => {
  it.each([...GPUS.values()])("$name is plausible", (gpu) => {
    expect(gpu.flopsPerS.bf16).toBeGreaterThan(5e13);
    // Dense FP8 is about twice dense BF16, or absent.
    const ratio = gpu.flopsPerS.fp8 / gpu.flopsPerS.bf16;
    expect(ratio === 0 || (ratio > 1.9 && ratio < 2.1)).toBe(true);
    expect(gpu.memoryBytes / GIB).toBeGreaterThan(22);
    expect(gpu.memoryBytes / GIB).toBeLessThanOrEqual(192);
    expect(gpu.memoryBytesPerS / gpu.memoryBytes).toBeGreaterThan(10);
    expect(gpu.nvlinkBytesPerS === 0 || gpu.nvlinkBytesPerS > gpu.pcieBytesPerS).toBe(true);
  });

  it("knows which have no FP8", () => {
    const without = [...GPUS.values()].filter((gpu) => gpu.flopsPerS.fp8 === 0);
    expect(without.map((gpu) => gpu.name)).toEqual(["a10g", "a100-40gb", "a100-80gb"]);
  });
});

describe("replica memory", () => {
  const common = { gpuMemoryUtilization: 0.9, adapterBudgetBytes: 0, blockTokens: 16 };

  it("agrees with vLLM on Llama-2-7B on one A100-80GB: 7,351 blocks", () => {
    const memory = replicaMemory({
      ...common,
      model: model("llama-2-7b"),
      gpu: GPUS.get("a100-80gb")!,
      tensorParallel: 1,
    });
    expect(memory).toMatchObject({ kind: "fits", blockBytes: 8 * 1024 * 1024 });
    expect(memory.kind === "fits" && Math.abs(memory.kvBlocks / 7351 - 1) < 0.001).toBe(true);
  });

  it("divides weights and adapters over the GPUs, reserves on each, and works by hand", () => {
    // 70B in FP8 on 2 H100: 68,451,041,280 B in layers, 2 * (2,101,346,304 + 1,318,912) B of embeddings and norms, so
    // 2 * 72 GiB - 72,656,371,712 B - 1 GiB of adapters - 2 * 2 GiB = 76,593,741,824 B, in blocks of 16 * 327,680 B =
    // 5,242,880 B: 14,609.1.
    const memory = replicaMemory({
      ...common,
      adapterBudgetBytes: GIB,
      model: model("llama-3.1-70b", "fp8"),
      gpu: GPUS.get("h100-sxm")!,
      tensorParallel: 2,
    });
    expect(memory).toEqual({ kind: "fits", kvBlocks: 14_609, blockBytes: 5_242_880 });
  });

  it("copies KV heads when there are more GPUs than heads", () => {
    const memory = replicaMemory({
      ...common,
      model: model("llama-3.1-70b"),
      gpu: GPUS.get("h100-sxm")!,
      tensorParallel: 16,
    });
    expect(memory).toMatchObject({ blockBytes: 2 * 5_242_880 });
  });

  it("says what is needed and what there is", () => {
    const memory = replicaMemory({
      ...common,
      model: model("llama-3.1-70b"),
      gpu: GPUS.get("h100-sxm")!,
      tensorParallel: 1,
    });
    expect(memory).toEqual({
      kind: "too-small",
      neededBytesPerGpu: weightBytes(model("llama-3.1-70b")) + 2 * GIB + 5_242_880,
      availableBytesPerGpu: 72 * GIB,
    });
  });
});
