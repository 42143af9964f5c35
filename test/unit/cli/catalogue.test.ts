/** `tenantry gpus` and `models` end to end, and scenarios that name a config.json. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { GPUS } from "../../../src/scenario/catalogue/gpus.ts";
import { MODELS } from "../../../src/scenario/catalogue/models.ts";

const MAIN = join(import.meta.dirname, "../../../src/cli/main.ts");
const folder = mkdtempSync(join(tmpdir(), "tenantry-catalogue-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function tenantry(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], {
    encoding: "utf8",
    cwd: folder,
  });
  return { status, stdout, stderr };
}

/** Keys of a small Qwen3, as its config.json has them. */
const CONFIG = {
  architectures: ["Qwen3ForCausalLM"],
  head_dim: 128,
  hidden_size: 1024,
  intermediate_size: 3072,
  max_position_embeddings: 40_960,
  model_type: "qwen3",
  num_attention_heads: 16,
  num_hidden_layers: 28,
  num_key_value_heads: 8,
  tie_word_embeddings: true,
  use_sliding_window: false,
  vocab_size: 151_936,
};

function scenario(model: string, more = ""): string {
  const path = join(folder, "scenario.yaml");
  writeFileSync(
    path,
    `version: 2
name: config
platform:
  pools:
    all: { model: ${model}, gpu: l4, replicas: 1${more} }
  tenants:
    shop: { tier: silver }
workload:
  shop: { arrivals: { process: poisson, rate: 5/s }, promptTokens: 100, outputTokens: 20 }
simulation: { duration: 5s, audit: { requests: 0 } }
`,
  );
  return path;
}

function put(name: string, value: unknown): string {
  const path = join(folder, name);
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, typeof value === "string" ? value : JSON.stringify(value));
  return path;
}

/** What a run says of its tiers. */
function tiersOf(model: string): string {
  const { stdout } = tenantry("simulate", scenario(model), "--json", "--out", "out");
  const results: { tiers: object } = JSON.parse(stdout);
  return JSON.stringify(results.tiers);
}

function checked(model: string, more: string): string {
  return tenantry("check", scenario(model, more)).stdout;
}

describe("lists", () => {
  test.each(["gpus", "models"])("%s fit 80 columns and name everything", (command) => {
    const { status, stdout } = tenantry(command);
    expect(status).toBe(0);
    for (const line of stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
    const names = command === "gpus" ? [...GPUS.keys()] : [...MODELS.keys()];
    for (const name of names) expect(stdout).toContain(name);
  });

  test("are there for programs, with sources", () => {
    const gpus: { figures: { bf16: object } }[] = JSON.parse(tenantry("gpus", "--json").stdout);
    expect(gpus).toHaveLength(GPUS.size);
    expect(gpus[0]!.figures.bf16).toEqual({
      value: 70e12,
      source: expect.stringContaining("data"),
    });
    const models: { source: string }[] = JSON.parse(tenantry("models", "--json").stdout);
    expect(models).toHaveLength(MODELS.size);
    for (const { source } of models) expect(source).not.toBe("");
  });
});

describe("one", () => {
  test("GPU tells every figure's source", () => {
    const { stdout } = tenantry("gpus", "l40s");
    expect(stdout).toContain("362.05 TFLOPS, dense: data sheet, as in ai-dynamo/aiconfigurator");
    expect(stdout).toContain("44.39 GiB in total as the runtime reports");
  });

  test("model tells its shape, its source, and the fewest GPUs that hold it", () => {
    const { stdout } = tenantry("models", "qwen/qwen3-32b-fp8");
    for (const line of stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
    expect(stdout).toContain("64 query and 8 key-value heads of 128");
    expect(stdout).toMatch(/a100-80gb \(w8a16\)\s+1\s+1\s+32\.0/u);
    expect(stdout).toMatch(/h100-sxm\s+1\s+1\s+32\.0/u);
  });

  test("model on one GPU says where memory goes, why not, and what would fit", () => {
    const { stdout } = tenantry("models", "qwen3-32b", "--gpu", "l4");
    for (const line of stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
    expect(stdout).toMatch(/^1 .*none\s+needs 62\.6$/mu);
    expect(stdout).toContain("The smallest that fits is tensorParallel: 4.");
    const none = tenantry("models", "llama-3.1-405b", "--gpu", "l4").stdout;
    expect(none).toContain("fits on no 8 x l4 of a machine: the nearest that holds it is 8 x h200");
    const packed = tenantry("models", "deepseek-v3", "--gpu", "l4").stdout;
    expect(packed).not.toContain("fp8 would");
    const node = tenantry("models", "qwen3-32b", "--gpu", "l4", "--gpus-per-node", "2").stdout;
    expect(node).toMatch(/fits on no 2 x l4 of a machine: precision: fp8 would fit/u);
  });

  test("model can be asked about groups of GPUs that share experts", () => {
    const asked = ["models", "deepseek-v3", "--data-parallel", "8", "--expert-parallel"];
    const { stdout } = tenantry(...asked, "--gpu", "h200");
    for (const line of stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
    // Each of the eight holds attention and shared layers whole, 12.6 GB, and 32 experts of 58 layers, 81.7 GB.
    expect(stdout).toMatch(/^8 x 1\s+9\d\.\d/mu);
    const dense = tenantry("models", "qwen3-32b", "--data-parallel", "2", "--gpu", "h200");
    expect(dense.status).toBe(2);
    expect(dense.stderr).toContain("is dense: its data-parallel ranks have nothing in common");
  });

  test.each([
    [["gpus", "h100"], "unknown GPU 'h100'", "did you mean 'h100-sxm'?"],
    [["models", "lama-3.1-8b"], "unknown model 'lama-3.1-8b'", "llama-3.1-8b"],
    [["models", "qwen3-8b", "--gpu", "l5"], "unknown GPU 'l5'", "l4"],
    [["models", "qwen3-8b", "--precision", "fp4"], "--precision fp4: expected one of bf16", ""],
    [["gpus", "h1000"], "unknown GPU 'h1000'", "did you mean 'h100-sxm'?"],
    [["models", "qwen3-8b", "--precision", "mxfp4"], "mxfp4 packs experts alone", "is dense"],
    [["models", "deepseek-v3", "--data-parallel", "9", "--gpu", "l4"], "more than the 8 GPUs", ""],
    [["models", "--gpu", "l4"], "name a model too", ""],
  ])("%j ends with a message", (args, message, hint) => {
    const { status, stderr } = tenantry(...args);
    expect(status).toBe(2);
    expect(stderr).toContain(message);
    expect(stderr).toContain(hint);
    expect(stderr).not.toContain("    at ");
  });
});

describe("a config.json", () => {
  test("is a model by itself", () => {
    const { stdout } = tenantry("models", put("own/config.json", CONFIG));
    expect(stdout).toMatch(/^own$/mu);
    expect(stdout).toContain("0.596 billion");
  });

  test.each([
    ["named by its file", "{ config: small/config.json }", "small"],
    ["named by its folder", "{ config: small }", "small"],
    ["named by another file", "{ config: tiny.json }", "tiny"],
    ["with a name of its own", "{ config: small, name: mine }", "mine"],
  ])("serves a pool, %s", (_how, model, name) => {
    put("small/config.json", CONFIG);
    put("tiny.json", CONFIG);
    const { status, stdout, stderr } = tenantry("check", scenario(model));
    expect(stderr).toBe("");
    expect(status).toBe(0);
    expect(stdout).toContain(`of ${name} bf16 on 1 x l4`);
  });

  test("makes the same run as the catalogue's entry", () => {
    put("qwen3-0.6b/config.json", CONFIG);
    expect(tiersOf("{ config: qwen3-0.6b }")).toBe(tiersOf("qwen3-0.6b"));
  });

  test("in FP8 makes the pool FP8, unless it says otherwise", () => {
    put("fp8/config.json", { ...CONFIG, quantization_config: { quant_method: "fp8" } });
    expect(checked("{ config: fp8 }", "")).toContain("of fp8 fp8 on");
    expect(checked("{ config: fp8 }", ", precision: bf16")).toContain("of fp8 bf16 on");
  });

  test.each([
    ["that is not there", "nowhere/config.json", "cannot read nowhere/config.json"],
    ["that is no JSON", "broken.json", "broken.json: this is no JSON"],
    ["that lacks a key", "lacking.json", "lacking.json: hidden_size: is missing"],
    ["of an encoder", "bert.json", "bert.json: model_type: bert does not generate"],
    [
      "of an unknown quantization",
      "nf4.json",
      "the checkpoint's quantization 'bitsandbytes' is not known",
    ],
    [
      "of a quantization in one word",
      "word.json",
      "word.json: quantization_config: expected a map",
    ],
  ])("%s is refused with a message", (_what, path, message) => {
    const { hidden_size: _, ...lacking } = CONFIG;
    put("broken.json", "{ nonsense");
    put("lacking.json", lacking);
    put("bert.json", { model_type: "bert" });
    put("nf4.json", { ...CONFIG, quantization_config: { quant_method: "bitsandbytes" } });
    put("word.json", { ...CONFIG, quantization_config: "fp8" });
    // The catalogue's command says the same as the scenario's.
    const commands = [
      ["check", scenario(`{ config: ${path} }`)],
      ...(existsSync(join(folder, path)) ? [["models", path]] : []),
    ];
    for (const args of commands) {
      const { status, stdout, stderr } = tenantry(...args);
      expect(status).toBe(2);
      expect(stdout).toBe("");
      expect(stderr).toContain(message);
      expect(stderr).not.toContain("    at ");
    }
  });
});
