/** The catalogue against published counts, and its figures against each other. */
import { describe, expect, it } from "vitest";
import type { ModelSpec, WeightPrecision } from "../../../src/replica/hardware.ts";
import { kvBytesPerToken } from "../../../src/replica/kv-size.ts";
import { activeParameterCount, parameterCount, weightBytes } from "../../../src/replica/weights.ts";
import { adapterBytes } from "../../../src/scenario/catalogue/adapters.ts";
import { GPUS } from "../../../src/scenario/catalogue/gpus.ts";
import { modelNamed, MODELS } from "../../../src/scenario/catalogue/models.ts";

const GIB = 1024 * 1024 * 1024;

function model(name: string, precision: WeightPrecision = "bf16"): ModelSpec {
  return { ...MODELS.get(name)!.shape, precision, kvPrecision: "bf16" };
}

function windowOf(name: string) {
  const { attention } = model(name);
  return attention.kind === "grouped" ? attention.window : undefined;
}

describe("models", () => {
  it.each([...MODELS])("%s adds up to the parameters published", (name, { published }) => {
    const spec = model(name);
    const [total, active] = published;
    expect(Math.abs(parameterCount(spec) / 1e9 / total - 1)).toBeLessThan(0.005);
    if (active === undefined) {
      expect(spec.feedForward.mixture).toBeUndefined();
      return;
    }
    // Cards count a token's parameters with both embeddings, with the output head alone, or with neither.
    const embedding = spec.vocabulary * spec.hiddenSize;
    const counts = [0, 1, 2].map((left) => (activeParameterCount(spec) - left * embedding) / 1e9);
    expect(Math.min(...counts.map((count) => Math.abs(count / active - 1)))).toBeLessThan(0.03);
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
    // (512 + 64) x 2 bytes x 61 layers: one vector for 128 heads.
    ["deepseek-v3", 70_272],
    ["gpt-oss-20b", 49_152],
    // 2 x 48 layers x 8 heads x 128 x 2 bytes.
    ["llama-4-scout", 196_608],
  ])("%s keeps %d bytes of KV cache per token", (name, bytes) => {
    expect(kvBytesPerToken(model(name))).toBe(bytes);
    expect(kvBytesPerToken({ ...model(name), kvPrecision: "fp8" })).toBe(bytes / 2);
  });

  it("agrees with vLLM's log of Qwen2-7B: 24.83 GiB hold 464,848 tokens", () => {
    const tokens = (24.83 * GIB) / kvBytesPerToken(model("qwen2.5-7b"));
    expect(Math.abs(tokens / 464_848 - 1)).toBeLessThan(0.001);
  });

  it("knows which layers have a window", () => {
    expect(windowOf("llama-3.1-8b")).toBeUndefined();
    expect(windowOf("qwen2.5-7b")).toBeUndefined();
    expect(windowOf("mistral-7b")).toEqual({ tokens: 4096, layers: 32 });
    expect(windowOf("gpt-oss-20b")).toEqual({ tokens: 128, layers: 12 });
    // Every sixth of 62 layers sees everything, and every fourth of 48.
    expect(windowOf("gemma-3-27b")).toEqual({ tokens: 1024, layers: 52 });
    expect(windowOf("llama-4-scout")).toEqual({ tokens: 8192, layers: 36 });
  });

  it("halves what layers take in FP8, and leaves embeddings and routers in BF16", () => {
    const [whole, half] = [
      weightBytes(model("mixtral-8x7b")),
      weightBytes(model("mixtral-8x7b", "fp8")),
    ];
    // 2 x 32,000 x 4,096 of embeddings, 32 x 8 x 4,096 of routers, 65 x 4,096 of norms.
    const kept = 2 * (2 * 32_000 * 4096 + 32 * 8 * 4096 + 65 * 4096);
    expect(whole - kept).toBe(2 * (half - kept));
  });

  it("packs the experts of gpt-oss-120b alone: 4.25 bits of each of 114.66 billion", () => {
    const packed = 128 * 36 * 3 * 2880 * 2880;
    const saved = weightBytes(model("gpt-oss-120b")) - weightBytes(model("gpt-oss-120b", "mxfp4"));
    expect(saved).toBeCloseTo(packed * (2 - 4.25 / 8), -3);
  });

  it("finds checkpoints by the names of their repositories, and how they store weights", () => {
    expect(modelNamed("Qwen/Qwen3-32B-FP8")).toMatchObject({ precision: "fp8" });
    expect(modelNamed("qwen/qwen3-32b")!.entry).toBe(MODELS.get("qwen3-32b"));
    expect(modelNamed("deepseek-v3")!.precision).toBe("fp8");
    expect(modelNamed("gpt-oss-20b")!.precision).toBe("mxfp4");
    expect(modelNamed("Qwen/Qwen9-900B")).toBeUndefined();
  });

  it.each([
    // As measured load tests and step times name them.
    "meta-llama/Llama-2-7b-hf",
    "meta-llama/Llama-2-70b-hf",
    "meta-llama/Llama-3.1-70B-Instruct",
    "mistralai/Mixtral-8x7B-v0.1",
    "mistralai/Mistral-Nemo-Instruct-2407",
    "codellama/CodeLlama-34b-Instruct-hf",
    "RedHatAI/Llama-4-Scout-17B-16E-Instruct-FP8-dynamic",
    "Qwen/Qwen2.5-7B-Instruct",
    "Qwen/Qwen3-32B",
    "01-ai/Yi-34B",
    "bigscience/bloom",
    "qwen3-14b",
    "llama-3.1-8b",
  ])("%s can be named", (name) => {
    expect(modelNamed(name)).toBeDefined();
  });

  it("gives no repository to two models", () => {
    const ids = [...MODELS.values()].flatMap(({ checkpoints }) => checkpoints.map(([id]) => id));
    expect(new Set(ids.map((id) => id.toLowerCase())).size).toBe(ids.length);
  });

  it("says where every entry is from", () => {
    for (const { source } of MODELS.values()) expect(source).toMatch(/config|card/u);
  });
});

describe("adapters", () => {
  it("of rank 16 on Llama-3.1-8B take 80 MiB", () => {
    // Per layer: q and o 2*16*(4096+4096), k and v 2*16*(4096+1024), feed-forward 3*16*(4096+14336) = 1,310,720 values.
    expect(adapterBytes(model("llama-3.1-8b"), 16)).toBe(1_310_720 * 32 * 2);
    expect(adapterBytes(model("llama-3.1-8b"), 16)).toBe(80 * 1024 * 1024);
  });

  it("change only the attention of a mixture of experts", () => {
    // Per layer: 2*16*8192 + 2*16*5120 = 425,984 values.
    expect(adapterBytes(model("mixtral-8x7b"), 16)).toBe(425_984 * 32 * 2);
  });

  it("reach every projection of latent attention", () => {
    // q 2048+3072, compressed 2048+576, expanded 512+4096, o 2048+2048; 27 layers, 2 bytes.
    expect(adapterBytes(model("deepseek-v2-lite"), 8)).toBe(8 * 16_448 * 27 * 2);
  });
});

describe("GPUs", () => {
  it.each([...GPUS.values()])("$title is plausible", ({ spec, figures }) => {
    expect(spec.flopsPerS.bf16).toBeGreaterThan(5e13);
    // Dense FP8 is about twice dense BF16, or absent.
    const ratio = spec.flopsPerS.fp8 / spec.flopsPerS.bf16;
    expect(ratio === 0 || (ratio > 1.9 && ratio < 2.1)).toBe(true);
    expect(spec.memoryBytes / GIB).toBeGreaterThan(22);
    expect(spec.memoryBytes / GIB).toBeLessThanOrEqual(192);
    expect(spec.memoryBytesPerS / spec.memoryBytes).toBeGreaterThan(10);
    expect(spec.nvlinkBytesPerS === 0 || spec.nvlinkBytesPerS > spec.pcieBytesPerS).toBe(true);
    for (const { source } of Object.values(figures)) expect(source).not.toBe("");
  });

  it("knows which have no FP8", () => {
    const without = [...GPUS.values()].filter(({ spec }) => spec.flopsPerS.fp8 === 0);
    expect(without.map(({ spec }) => spec.name)).toEqual(["a10g", "a100-40gb", "a100-80gb"]);
  });
});
