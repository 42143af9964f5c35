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

function gpu(name: string) {
  return GPUS.get(name)!.spec;
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

  it("keeps a scale and a zero of 20 bits for every 128 values of int4", () => {
    const [whole, packed] = [
      weightBytes(model("llama-3.1-8b")),
      weightBytes(model("llama-3.1-8b", "int4")),
    ];
    // 32 layers of 2 x 4,096 x (4,096 + 1,024) and 3 x 4,096 x 14,336 values.
    const values = 32 * (2 * 4096 * 5120 + 3 * 4096 * 14_336);
    expect(whole - packed).toBe(values * (2 - (4 + 20 / 128) / 8));
    // The AWQ files of hugging-quants are as large (recollected); without scales they would be 0.14 GB smaller.
    expect(packed / 1e9).toBeCloseTo(5.73, 2);
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

  it.each([
    ["Qwen/Qwen2.5-32B-Instruct", 32_768],
    ["qwen2.5-32b", 32_768],
    ["Qwen/Qwen2.5-32B", 131_072],
    ["Qwen/Qwen2.5-72B-Instruct", 32_768],
    ["Qwen/Qwen2.5-7B", 131_072],
    ["Qwen/Qwen2.5-3B", 32_768],
    ["Qwen/QwQ-32B", 40_960],
    ["Qwen/Qwen3-30B-A3B", 40_960],
    ["Qwen/Qwen3-Coder-30B-A3B-Instruct", 262_144],
    ["Qwen/Qwen3-235B-A22B-Instruct-2507", 262_144],
    ["google/gemma-3-1b-it", 32_768],
    ["google/gemma-3-27b-it", 131_072],
  ])("%s takes %d tokens, as its own config.json says", (name, tokens) => {
    expect(modelNamed(name)!.shape.maxContextTokens).toBe(tokens);
  });

  it("differs in context alone between checkpoints of one model", () => {
    for (const { shape, checkpoints } of MODELS.values()) {
      for (const [id] of checkpoints) {
        const own = modelNamed(id)!.shape;
        expect({ ...own, maxContextTokens: shape.maxContextTokens }).toEqual(shape);
      }
    }
  });

  it("has read most entries in stored copies, and says of which parts it has not", () => {
    const recollected = [...MODELS.values()].filter(({ source }) =>
      source.includes("recollected; its sum"),
    );
    expect(recollected.map(({ shape }) => shape.name)).toEqual(["glm-4.5-air", "bloom-176b"]);
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
  // What vendors say of two GPUs together, from other sheets than the figures: a slip in one of them breaks the relation.
  it("H200 is an H100 with 4.8 instead of 3.35 TB/s and 141 instead of 80 GB", () => {
    const [more, less] = [gpu("h200"), gpu("h100-sxm")];
    expect({ ...more, name: "", memoryBytes: 0, memoryBytesPerS: 0 }).toEqual({
      ...less,
      name: "",
      memoryBytes: 0,
      memoryBytesPerS: 0,
    });
    // NVIDIA's H200 page: 1.4 times the bandwidth, nearly twice the capacity.
    expect(more.memoryBytesPerS / less.memoryBytesPerS).toBeCloseTo(4.8 / 3.35, 9);
    expect(more.memoryBytes / less.memoryBytes).toBeCloseTo(141 / 80, 1);
  });

  it("A100 of 80 GB is one of 40 GB with 1.3 times the bandwidth", () => {
    const [more, less] = [gpu("a100-80gb"), gpu("a100-40gb")];
    expect(more.flopsPerS).toEqual(less.flopsPerS);
    expect(more.memoryBytesPerS / less.memoryBytesPerS).toBeCloseTo(1.31, 2);
    expect(more.memoryBytes / less.memoryBytes).toBeCloseTo(2, 1);
  });

  it.each([
    // Memory transfers per second times bus width: 5.2 Gbps on 5,120 bits of HBM3, 6.25 on 6,144 of HBM3E, and so on.
    ["h100-sxm", 5.23, 5120],
    ["h200", 6.25, 6144],
    ["a100-80gb", 3.19, 5120],
    ["a100-40gb", 2.43, 5120],
    ["b200", 7.7, 8192],
    ["mi300x", 5.2, 8192],
    ["l40s", 18, 384],
    ["l4", 12.5, 192],
    ["a10g", 12.5, 384],
    ["h100-pcie", 3.19, 5120],
    ["h100-nvl", 5.23, 6144],
  ])("%s has the bandwidth of %d Gbps on %d bits", (name, gbps, bits) => {
    expect(Math.abs((gbps * 1e9 * bits) / 8 / gpu(name).memoryBytesPerS - 1)).toBeLessThan(0.03);
  });

  it.each([
    // Dense BF16 FLOP per SM and clock (NVIDIA's architecture white papers), SMs, boost clock in MHz.
    ["a100-80gb", 2048, 108, 1410],
    ["h100-sxm", 4096, 132, 1830],
    ["h100-pcie", 4096, 114, 1620],
    ["l40s", 1024, 142, 2490],
    ["l4", 1024, 58, 2040],
  ])("%s multiplies as fast as %d FLOP a clock on %d SMs at %d MHz", (name, flops, sms, mhz) => {
    expect(Math.abs((flops * sms * mhz * 1e6) / gpu(name).flopsPerS.bf16 - 1)).toBeLessThan(0.03);
  });

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
