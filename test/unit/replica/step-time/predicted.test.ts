/** Step times put together by hand from kernels, and how they move with batch, context and parallelism. */
import { describe, expect, test } from "vitest";
import type { Parallelism } from "../../../../src/replica/hardware.ts";
import {
  type StepBatch,
  type StepModel,
  emptyBatch,
  emptyCost,
} from "../../../../src/replica/step-model.ts";
import { machineOf, matmulPs } from "../../../../src/replica/step-time/kernels.ts";
import { headMatrix, layerMatrices } from "../../../../src/replica/step-time/layers.ts";
import {
  type PredictedInput,
  capturedTokens,
  predictedStepModel,
} from "../../../../src/replica/step-time/predicted.ts";
import type { EngineOverheads } from "../../../../src/replica/step-time/shares.ts";
import { activeWeightBytes, weightBytes } from "../../../../src/replica/weights.ts";
import { DENSE, GPU, HALF, LATENT_MIXTURE, NO_OVERHEADS } from "./models.ts";

const ALONE: Parallelism = { tensorParallel: 1, dataParallel: 1, expertParallel: false };

function build(given: Partial<PredictedInput> = {}): StepModel {
  return predictedStepModel({
    model: DENSE,
    gpu: GPU,
    parallel: ALONE,
    maxNumSeqs: 256,
    shares: HALF,
    overheads: NO_OVERHEADS,
    ...given,
  });
}

function cost(model: StepModel, batch: Partial<StepBatch>) {
  const result = emptyCost();
  model.cost({ ...emptyBatch(), ...batch }, result);
  return result;
}

function matricesPs(rows: number): number {
  const machine = machineOf(GPU, HALF);
  return layerMatrices(DENSE, 1).reduce(
    (sum, matrix) => sum + matrix.count * matmulPs(machine, rows, matrix),
    0,
  );
}

function headPs(sequences: number): number {
  return matmulPs(machineOf(GPU, HALF), sequences, headMatrix(DENSE, 1));
}

describe("a decode step", () => {
  test("of one reads all weights but the embedding table: 15 GB at half of 4 TB/s", () => {
    const { totalPs, attentionPs } = cost(build(), { decodes: 1 });
    expect(totalPs).toBe(Math.round(matricesPs(1) + headPs(1)));
    const readPs = (weightBytes(DENSE) - 128_256 * 4_096 * 2) * 0.5;
    expect(totalPs / readPs).toBeCloseTo(1, 3);
    expect(attentionPs).toBe(0);
  });

  test("takes 65,536 ps more per context token: 131,072 bytes at half of 4 TB/s", () => {
    expect(cost(build(), { decodes: 3, contextTokens: 600 })).toMatchObject({
      contextTokenPs: 65_536,
      steps: Infinity,
    });
  });

  test("of nine runs the CUDA graph of sixteen", () => {
    expect(cost(build(), { decodes: 9 }).totalPs).toBe(Math.round(matricesPs(16) + headPs(9)));
  });

  test.each([
    [1, 1],
    [3, 4],
    [5, 8],
    [250, 256],
    [257, 272],
  ])("of %i tokens is padded to %i", (tokens, captured) => {
    expect(capturedTokens(tokens)).toBe(captured);
  });

  test("gains what the engine adds to every layer", () => {
    const overheads = { ...NO_OVERHEADS, layerPs: 10e6 };
    const decode = { ...HALF.decode, bf16: { floorPs: 5e6, reads: 0.5 } };
    const shares = { ...HALF, decode };
    const more = cost(build({ overheads, shares }), { decodes: 1 }).totalPs;
    expect(more - cost(build(), { decodes: 1 }).totalPs).toBeCloseTo(32 * 15e6, -1);
  });
});

/** What these overheads add to a step of a prompt of 300 tokens. */
function addedPs(overheads: EngineOverheads, maxNumSeqs: number): number {
  const batch = { prefills: 1, prefillTokens: 300 };
  const withLaunches = cost(build({ overheads, maxNumSeqs }), batch).totalPs;
  return withLaunches - cost(build({ maxNumSeqs }), batch).totalPs;
}

describe("prompts", () => {
  const overheads = { ...NO_OVERHEADS, pieceLayerPs: 2e6, eagerLayerPs: 7e6 };

  test("of 2,048 tokens: matrices, and attention at half of 1,000 TFLOP/s", () => {
    const prefillPairs = (2_048 * 2_049) / 2;
    const took = cost(build(), { prefills: 1, prefillTokens: 2_048, prefillPairs });
    // 2,098,176 pairs x 4 x 32 heads x 128 x 32 layers.
    expect(took.attentionPs).toBeCloseTo(2_098_176 * 524_288 * 0.002, 0);
    const promptBytes = (2 * 32 + 2 * 8) * 128 * 2;
    const ps = matricesPs(2_048) + headPs(1) + 2_048 * 32 * promptBytes * 0.5 + took.attentionPs;
    expect(took.totalPs).toBe(Math.round(ps));
  });

  test("break the CUDA graph into pieces, and leave it beyond its largest size", () => {
    expect(addedPs(overheads, 256)).toBeCloseTo(32 * 2e6, -1);
    expect(addedPs(overheads, 128)).toBeCloseTo(32 * 7e6, -1);
  });

  test("share with decodes the cost of a step beyond the graphs, which decodes alone have too", () => {
    const maxNumSeqs = 1_024;
    const added = (batch: Partial<StepBatch>) =>
      cost(build({ overheads, maxNumSeqs }), batch).totalPs -
      cost(build({ maxNumSeqs }), batch).totalPs;
    expect(added({ decodes: 512 })).toBe(0);
    expect(added({ decodes: 513 })).toBeCloseTo(32 * 7e6, -1);
    const prompt = { prefills: 1, prefillTokens: 1, prefillPairs: 1 };
    expect(added({ decodes: 513, ...prompt })).toBeCloseTo(32 * 7e6, -1);
  });

  test("slow the decodes they share a step with", () => {
    const model = build();
    const alone = cost(model, { decodes: 32 }).totalPs;
    const shared = cost(model, { decodes: 32, prefills: 1, prefillTokens: 2_016 }).totalPs;
    expect(shared).toBeGreaterThan(4 * alone);
  });
});

test("totals are integers that divide into parts of at least nothing, and never fall as the batch grows", () => {
  for (const model of [build(), build({ model: LATENT_MIXTURE })]) {
    let last = 0;
    for (let decodes = 1; decodes <= 600; decodes++) {
      const { totalPs, fixedPs } = cost(model, { decodes });
      expect(Number.isInteger(totalPs)).toBe(true);
      expect(totalPs).toBeGreaterThanOrEqual(last);
      expect(fixedPs).toBeGreaterThan(0);
      expect(fixedPs).toBeLessThan(totalPs);
      last = totalPs;
    }
  }
});

describe("a mixture of experts", () => {
  const model = { ...LATENT_MIXTURE, precision: "bf16" } as const;

  test("reads a lone token's experts, and all of them for many tokens", () => {
    const step = build({ model });
    const embedding = 129_280 * 7_168 * 2;
    const least = (activeWeightBytes(model) - embedding) * 0.5;
    // Routers, of a thousandth, are left out.
    expect(cost(step, { decodes: 1 }).totalPs / least).toBeCloseTo(1, 2);
    const most = (weightBytes(model) - embedding) * 0.5;
    expect(cost(step, { decodes: 256 }).totalPs / most).toBeGreaterThan(0.99);
    expect(cost(step, { decodes: 256 }).totalPs / most).toBeLessThan(1.1);
  });

  test("in two groups shares its experts and halves contexts", () => {
    const parallel = { tensorParallel: 1, dataParallel: 2, expertParallel: true };
    const one = build({ model });
    const two = build({ model, parallel });
    const slopeOf = (step: StepModel) =>
      cost(step, { decodes: 8, contextTokens: 80 }).contextTokenPs;
    expect(slopeOf(two)).toBeCloseTo(slopeOf(one) / 2, -1);
    expect(cost(two, { decodes: 64 }).totalPs).toBeLessThan(
      0.6 * cost(one, { decodes: 64 }).totalPs,
    );
    // A lone prompt is one group's alone.
    const prompt = { prefills: 1, prefillTokens: 512, prefillPairs: 131_328 };
    expect(cost(two, prompt).attentionPs).toBe(cost(one, prompt).attentionPs);
  });
});

/** Per context token, picoseconds. */
function latentSlopePs(kvPrecision: "bf16" | "fp8"): number {
  const model = { ...LATENT_MIXTURE, kvPrecision };
  return cost(build({ model }), { decodes: 8, contextTokens: 80 }).contextTokenPs;
}

test("latent attention computes where a cache in FP8 is read sooner than 128 heads attend to it", () => {
  // 61 layers: 1,152 bytes at half of 4 TB/s; 2 x 128 heads x 1,088 FLOPs at half of 1,000 TFLOP/s, which FP8 does not halve.
  expect(latentSlopePs("bf16")).toBe(61 * 576);
  expect(latentSlopePs("fp8")).toBe(Math.round(61 * 557.056));
});

test("groups give each other their tokens over the link: 64 tokens in 58 layers", () => {
  const parallel = { tensorParallel: 1, dataParallel: 2, expertParallel: true };
  const over = (nvlinkBytesPerS: number) =>
    cost(build({ model: LATENT_MIXTURE, parallel, gpu: { ...GPU, nvlinkBytesPerS } }), {
      decodes: 64,
    }).totalPs;
  // 917,504 bytes at 0.52 of 500 GB/s; half as fast a link takes that again.
  const transferPs = 58 * 917_504 * (2 / 0.52);
  expect((over(250e9) - over(500e9)) / transferPs).toBeCloseTo(1, 5);
});

describe("a sliding window", () => {
  const attention = {
    kind: "grouped",
    heads: 32,
    kvHeads: 8,
    headSize: 128,
    window: { tokens: 100, layers: 16 },
  } as const;
  const model = build({ model: { ...DENSE, attention } });

  test("reads like full attention until contexts fill it, for as many steps", () => {
    expect(cost(model, { decodes: 4, contextTokens: 350 })).toMatchObject({
      contextTokenPs: 65_536,
      // 350 + 4 x 12 tokens are still below 4 x 100; a thirteenth step begins beyond.
      steps: 13,
    });
  });

  test("reads its fill from there on, in its layers alone", () => {
    const before = cost(model, { decodes: 4, contextTokens: 399 });
    const after = cost(model, { decodes: 4, contextTokens: 400 });
    expect(after).toMatchObject({ contextTokenPs: 32_768, steps: Infinity });
    expect(after.totalPs - before.totalPs).toBe(400 * 32_768);
    expect(after.fixedPs - before.fixedPs).toBe(400 * 32_768);
  });

  test("bounds the pairs of a prompt", () => {
    const prompt = { prefills: 1, prefillTokens: 1_000, prefillPairs: 500_500 };
    const whole = cost(build(), prompt).attentionPs;
    expect(cost(model, prompt).attentionPs / whole).toBeCloseTo(0.5 + 0.5 * (100_000 / 500_500), 9);
  });
});

test("two GPUs halve matrices and contexts, and reduce twice a layer", () => {
  const parallel = { ...ALONE, tensorParallel: 2 };
  const { totalPs, contextTokenPs } = cost(build({ parallel }), { decodes: 1 });
  const one = cost(build(), { decodes: 1 });
  expect(contextTokenPs).toBe(32_768);
  // 64 messages of 8 KB take hardly more than their latency.
  const reducePs = totalPs - one.totalPs / 2;
  expect(reducePs / 64).toBeGreaterThan(4e6);
  expect(reducePs / 64).toBeLessThan(6e6);
});

test("refuses a precision that the GPU does not have", () => {
  const gpu = { ...GPU, flopsPerS: { bf16: 1e15, fp8: 0 } };
  expect(() => build({ gpu, model: { ...DENSE, precision: "fp8" } })).toThrow(
    "cannot run this precision",
  );
});
