/** The shipped constants, by what follows from them for models and GPUs of the catalogue: worked by hand, or as one time against another. */
import { describe, expect, test } from "vitest";
import type { GpuSpec, ModelSpec } from "../../../../src/replica/hardware.ts";
import { type StepBatch, emptyBatch, emptyCost } from "../../../../src/replica/step-model.ts";
import { expertCount } from "../../../../src/replica/step-time/experts.ts";
import { machineOf, matmulPs } from "../../../../src/replica/step-time/kernels.ts";
import { predictedStepModel } from "../../../../src/replica/step-time/predicted.ts";
import { kernelShares } from "../../../../src/replica/step-time/shares.ts";
import { GPUS } from "../../../../src/scenario/catalogue/gpus.ts";
import { DENSE, GPU } from "./models.ts";

function cost(gpu: GpuSpec, batch: Partial<StepBatch>, model: ModelSpec = DENSE) {
  const parallel = { tensorParallel: 1, dataParallel: 1, expertParallel: false };
  const result = emptyCost();
  const step = predictedStepModel({ model, gpu, parallel, maxNumSeqs: 1_024 });
  step.cost({ ...emptyBatch(), ...batch }, result);
  return result;
}

function catalogued(name: string): GpuSpec {
  return GPUS.get(name)!.spec;
}

const HOPPER = catalogued("h100-sxm");

describe("on an H100", () => {
  const batch = { decodes: 8, contextTokens: 8_000 };

  test("a token of context takes 44.2 ns: 131,072 bytes at 0.885 of 3.35 TB/s", () => {
    expect(cost(HOPPER, batch).contextTokenPs / 44_210).toBeCloseTo(1, 3);
  });

  test("one of a cache in FP8 takes 26.3 ns, not half: 65,536 bytes at 0.745", () => {
    const { contextTokenPs } = cost(HOPPER, batch, { ...DENSE, kvPrecision: "fp8" });
    expect(contextTokenPs / 26_259).toBeCloseTo(1, 3);
  });

  test("32 layers beyond the CUDA graphs are launched in 3.5 ms, whoever the tokens are of", () => {
    const of = (decodes: number) => cost(HOPPER, { decodes }).totalPs;
    // A row more computes 0.02 ms longer.
    expect((of(513) - of(512)) / 1e9).toBeGreaterThan(3.4);
    expect((of(513) - of(512)) / 1e9).toBeLessThan(3.9);
    const prompt = { prefills: 1, prefillTokens: 1, prefillPairs: 1 };
    const more = cost(HOPPER, { decodes: 513, ...prompt }).totalPs - of(513);
    expect(more / 1e9).toBeLessThan(0.1);
  });

  test("a prompt beyond them takes 78 us a layer longer than one within", () => {
    const [within, beyond] = [512, 513].map(
      (prefillTokens) => cost(HOPPER, { prefills: 1, prefillTokens }).totalPs,
    );
    expect((beyond! - within!) / 32e6).toBeGreaterThan(75);
    expect((beyond! - within!) / 32e6).toBeLessThan(85);
  });
});

test("on an H100 many small experts are read more slowly than a few large ones", () => {
  const { few, many } = kernelShares("hopper").experts;
  expect(many.reads / few.reads).toBeCloseTo(0.844 / 0.914, 6);
  expect([8, 16, 17, 128].map(expertCount)).toEqual(["few", "few", "many", "many"]);
});

describe("products in FP8", () => {
  const dot = { inner: 1, columns: 1 };
  const launchPs = (gpu: GpuSpec, precision: "bf16" | "fp8") =>
    matmulPs(machineOf(gpu, kernelShares(gpu.architecture)), 1, {
      ...dot,
      bytesPerWeight: 1,
      precision,
    });

  test.each([GPU, HOPPER, catalogued("b200"), catalogued("mi300x")])(
    "launch one quantizing kernel of 4.3 us more on $name",
    (gpu) => {
      expect((launchPs(gpu, "fp8") - launchPs(gpu, "bf16")) / 1e6).toBeCloseTo(4.3, 2);
    },
  );

  test("decode an 8B model sooner than BF16 on one GPU of any kind that has them", () => {
    const able = [...GPUS.values()].filter(({ spec }) => spec.flopsPerS.fp8 > 0);
    expect(able.length).toBeGreaterThan(5);
    for (const { spec } of able) {
      const fp8 = cost(spec, { decodes: 1 }, { ...DENSE, precision: "fp8" });
      expect(fp8.totalPs, spec.name).toBeLessThan(0.9 * cost(spec, { decodes: 1 }).totalPs);
    }
  });
});
