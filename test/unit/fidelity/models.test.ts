/** Measured runs name GPUs and models in many ways, and mean the catalogue's. */
import { describe, expect, test } from "vitest";
import { gpuOf, modelName, modelOf } from "../../../fidelity/models.ts";
import { GPUS } from "../../../src/scenario/catalogue/gpus.ts";

describe("a GPU is found by", () => {
  test("its name and its vendor's title, in any case and spacing", () => {
    for (const [name, { title }] of GPUS) {
      const written = [name, name.toUpperCase(), name.replaceAll("-", "_"), title];
      expect(written.map(gpuOf)).toEqual(written.map(() => name));
    }
  });

  test.each([
    ["L40S", "l40s"],
    ["NVIDIA L40S", "l40s"],
    ["A100-80GB", "a100-80gb"],
    ["A100", "a100-80gb"],
    ["NVIDIA A100-SXM4-80GB", "a100-80gb"],
    ["NVIDIA A100-SXM4-40GB", "a100-40gb"],
    ["H100", "h100-sxm"],
    ["NVIDIA H100 80GB HBM3", "h100-sxm"],
    ["H100-80GB-SXM", "h100-sxm"],
    ["NVIDIA H200", "h200"],
    ["AMD Instinct MI300X", "mi300x"],
  ])("%s", (written, name) => {
    expect(gpuOf(written)).toBe(name);
  });

  test("nothing that leaves more than one open: it stays as it is, to be refused", () => {
    for (const written of ["H1000", "A100 80GB PCIe", ""]) expect(gpuOf(written)).toBe(written);
  });
});

test("a model is found by its name and that of Hugging Face, in any case", () => {
  const written = ["llama-3.1-70b", "Llama-3.1-70B", "meta-llama/LLAMA-3.1-70B-instruct"];
  expect(written.map((model) => modelName({ model: modelOf(model) }))).toEqual(
    written.map(() => "llama-3.1-70b"),
  );
  expect(modelName({ model: modelOf("no/Body") })).toBe("no/Body");
});
