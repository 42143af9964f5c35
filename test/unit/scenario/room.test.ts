/** Pools whose model does not fit, or not as asked: what is blamed, and that what is advised would help. */
import { describe, expect, it } from "vitest";
import { type Loaded, loadScenario } from "../../../src/scenario/load.ts";
import { SMALL } from "./example.ts";

const POOL = "platform.pools.shared";

/** The small scenario with keys of its shared pool set. */
function loadWith(keys: Readonly<Record<string, string | number | boolean>>): Loaded {
  const overrides = Object.entries(keys).map(([key, value]) => `${POOL}.${key}=${value}`);
  return loadScenario(SMALL, { fileName: "small.yaml", overrides });
}

function problemWith(keys: Parameters<typeof loadWith>[0]) {
  const loaded = loadWith(keys);
  if (loaded.kind !== "invalid") throw new Error("the pool was taken");
  expect(loaded.problems).toHaveLength(1);
  return loaded.problems[0]!;
}

function warningsWith(keys: Parameters<typeof loadWith>[0]): readonly string[] {
  const loaded = loadWith(keys);
  if (loaded.kind === "invalid") throw new Error(loaded.problems[0]!.message);
  return loaded.warnings.map(({ path, message }) => `${path}: ${message}`);
}

describe("what does not fit", () => {
  it.each([
    [
      "weights, however many blocks are stated",
      { model: "llama-3.1-70b", gpu: "l4", numGpuBlocksOverride: 5000 },
      "tensorParallel",
      /needs 157\.2 GiB per GPU .* and has 22\.0 GiB: tensorParallel: 8 would fit$/u,
    ],
    [
      "blocks beyond what memory can hold",
      { numGpuBlocksOverride: 100_000_000 },
      "numGpuBlocksOverride",
      /take 195328\.8 GiB of each h100-sxm, which has 79\.2 GiB: expected at most 32207$/u,
    ],
    [
      "a share of nothing",
      { gpuMemoryUtilization: 0 },
      "gpuMemoryUtilization",
      /and has 0\.0 GiB \(0% of 79\.2 GiB\): gpuMemoryUtilization: 0\.9 would fit$/u,
    ],
    [
      "activations of too many sequences",
      { maxNumSeqs: 16_384, maxNumBatchedTokens: 16_384 },
      "maxNumSeqs",
      /activations 74\.9 GiB.*: maxNumSeqs: 8192 would fit$/u,
    ],
    [
      "what needs two GPUs, or half the bytes",
      { model: "llama-3.1-70b" },
      "tensorParallel",
      /: tensorParallel: 2 or precision: fp8 would fit$/u,
    ],
    [
      "what no machine of such GPUs holds",
      { model: "llama-3.1-405b", gpu: "l4" },
      "gpu",
      /no tensorParallel makes it fit on the 8 GPUs of a machine \(gpusPerNode\); gpu: h200 with tensorParallel: 8 would$/u,
    ],
    [
      "what no small machine of any GPU holds",
      { model: "llama-3.1-405b", gpu: "l4", gpusPerNode: 2 },
      "gpu",
      /on the 2 GPUs of a machine \(gpusPerNode\), nor on those of any other GPU in the catalogue$/u,
    ],
    [
      "MXFP4 without experts",
      { precision: "mxfp4" },
      "precision",
      /^mxfp4 packs experts alone, and llama-3\.1-8b is dense: expected bf16, fp8 or int4$/u,
    ],
  ])("%s", (_what, keys, key, message) => {
    expect(problemWith(keys)).toMatchObject({ path: `${POOL}.${key}` });
    expect(problemWith(keys).message).toMatch(message);
  });

  it("is told as many blocks as there is room for, and takes those", () => {
    expect(warningsWith({ numGpuBlocksOverride: 32_207 })).toEqual([]);
    expect(problemWith({ numGpuBlocksOverride: 32_208 }).message).toContain("at most 32207");
  });

  it.each([
    { model: "llama-3.1-70b", tensorParallel: 2 },
    { model: "llama-3.1-70b", precision: "fp8" },
    { model: "llama-3.1-405b", gpu: "h200", tensorParallel: 8 },
    { maxNumSeqs: 8192, maxNumBatchedTokens: 16_384 },
  ])("fits as advised: %j", (keys) => {
    expect(loadWith(keys)).toMatchObject({ kind: "loaded" });
  });
});

describe("what fits, with a word", () => {
  it.each([
    { model: "llama-3.1-405b", tensorParallel: 16 },
    { tensorParallel: 4, gpusPerNode: 2 },
    { model: "deepseek-v3", gpu: "h200", dataParallel: 16, expertParallel: true },
  ])("replicas across machines: %j", (keys) => {
    expect(warningsWith(keys).join()).toMatch(
      /Parallel: a replica of \d+ GPUs spans 2 machines of \d+ \(gpusPerNode\), and links between machines are not modelled/u,
    );
  });

  it("FP8 weights on a GPU without FP8: a byte each, multiplied in BF16", () => {
    const keys = { gpu: "a100-80gb", precision: "fp8" };
    expect(warningsWith(keys).join()).toMatch(/precision: a100-80gb has no fp8.*\(w8a16\)/u);
    const loaded = loadWith(keys);
    const pool = loaded.kind === "loaded" ? loaded.scenario.platform.pools[0]! : undefined;
    expect(pool).toMatchObject({ model: { precision: "w8a16" } });
    const half = loadWith({ ...keys, precision: "bf16" });
    const more = half.kind === "loaded" ? half.scenario.platform.pools[0]!.kvBlocks : 0;
    // 7.0 billion parameters of layers at a byte less, in blocks of 2 MiB.
    expect(pool!.kvBlocks - more).toBe(Math.floor(6_979_321_856 / 2_097_152));
  });
});
