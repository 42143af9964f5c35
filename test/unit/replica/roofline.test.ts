/** Hand-worked step times of the roofline for a round-numbered GPU, and how they move with batch and parallelism. */
import { describe, expect, test } from "vitest";
import type { GpuSpec, ModelSpec } from "../../../src/replica/hardware.ts";
import { rooflineStepModel } from "../../../src/replica/roofline.ts";
import type { StepModel } from "../../../src/replica/step-model.ts";
import { activeWeightBytes, weightBytes } from "../../../src/replica/weights.ts";

/** Exactly 8e9 parameters: (32 x (10,240 + 3 x 14,336) + 65 + 249,124) x 4,096. */
const MODEL: ModelSpec = {
  name: "8B",
  layers: 32,
  hiddenSize: 4_096,
  attention: { kind: "grouped", heads: 32, kvHeads: 8, headSize: 128, window: undefined },
  feedForward: { size: 14_336, matrices: 3, mixture: undefined },
  vocabulary: 249_124,
  tiedEmbeddings: true,
  otherParameters: 0,
  maxContextTokens: 131_072,
  precision: "bf16",
  kvPrecision: "bf16",
};

const GPU: GpuSpec = {
  name: "round",
  flopsPerS: { bf16: 1_000e12, fp8: 0 },
  memoryBytes: 80e9,
  memoryBytesPerS: 4e12,
  nvlinkBytesPerS: 450e9,
  pcieBytesPerS: 64e9,
};

/** 0.5 ms of host work and 32 layers of 11 us. */
const OVERHEAD_PS = 852e6;
/** 16 GB at 82 % of 4 TB/s; 16 GFLOP a token at 88 % of 1,000 TFLOP/s. */
const WEIGHTS_PS = (16e9 / (4e12 * 0.82)) * 1e12;
const TOKEN_PS = (16e9 / (1_000e12 * 0.88)) * 1e12;

function decode(model: StepModel, decodes: number) {
  const cost = { totalPs: 0, fixedPs: 0, attentionPs: 0 };
  model.cost({ decodes, prefills: 0, prefillTokens: 0, prefillPairs: 0 }, cost);
  return cost;
}

function prefill(model: StepModel, tokens: number) {
  const cost = { totalPs: 0, fixedPs: 0, attentionPs: 0 };
  const prefillPairs = (tokens * (tokens + 1)) / 2;
  model.cost({ decodes: 0, prefills: 1, prefillTokens: tokens, prefillPairs }, cost);
  return cost;
}

/** A step that waits for these bytes. */
function readingPs(bytes: number): number {
  return Math.round(OVERHEAD_PS + (bytes / (4e12 * 0.82)) * 1e12);
}

function build(given: { model?: Partial<ModelSpec>; gpu?: Partial<GpuSpec>; gpus?: number } = {}) {
  return rooflineStepModel({
    model: { ...MODEL, ...given.model },
    gpu: { ...GPU, ...given.gpu },
    parallel: { tensorParallel: given.gpus ?? 1, dataParallel: 1, expertParallel: false },
  });
}

describe("sizes", () => {
  test("the model is round", () => {
    expect(weightBytes(MODEL)).toBe(16e9);
  });

  test("context slope: 131,072 bytes at 93 % of 4 TB/s are 35,234.4 ps", () => {
    expect(build().contextTokenPs).toBe(35_234);
  });
});

describe("one GPU", () => {
  test("a lone decode waits for the weights: 0.852 + 4.878 ms", () => {
    const { totalPs, fixedPs, attentionPs } = decode(build(), 1);
    expect(totalPs).toBe(5_730_048_780);
    expect(totalPs).toBe(Math.round(OVERHEAD_PS + WEIGHTS_PS));
    expect(fixedPs).toBeCloseTo(OVERHEAD_PS + WEIGHTS_PS - TOKEN_PS, 0);
    expect(attentionPs).toBe(0);
  });

  test("decodes are free until computing takes longer than reading: 268 of them", () => {
    const model = build();
    expect(WEIGHTS_PS / TOKEN_PS).toBeCloseTo(268.3, 1);
    expect(decode(model, 268).totalPs).toBe(decode(model, 1).totalPs);
    expect(decode(model, 269).totalPs).toBe(Math.round(OVERHEAD_PS + 269 * TOKEN_PS));
    expect(decode(model, 269).fixedPs).toBe(OVERHEAD_PS);
  });

  test("a prompt of 2,048: 37.24 ms of layers and 2.00 ms of attention", () => {
    const { totalPs, attentionPs } = prefill(build(), 2_048);
    // 2,098,176 pairs x 4 x 32 heads x 128 x 32 layers FLOP at 55 % of peak.
    expect(attentionPs).toBeCloseTo(((2_098_176 * 524_288) / (1_000e12 * 0.55)) * 1e12, 0);
    expect(attentionPs / 1e9).toBeCloseTo(2.0, 2);
    expect(totalPs).toBe(Math.round(OVERHEAD_PS + 2_048 * TOKEN_PS + attentionPs));
  });

  test("totals are integers and never fall as the batch grows", () => {
    const model = build({ model: { vocabulary: 152_063 } });
    let last = 0;
    for (let decodes = 1; decodes <= 600; decodes++) {
      const { totalPs, fixedPs } = decode(model, decodes);
      expect(Number.isInteger(totalPs)).toBe(true);
      expect(totalPs).toBeGreaterThanOrEqual(last);
      expect(fixedPs).toBeLessThanOrEqual(totalPs);
      last = totalPs;
    }
  });

  test("a mixture of experts reads only what its tokens reach, up to everything", () => {
    const experts = {
      layers: 32,
      experts: 8,
      expertsPerToken: 1,
      expertSize: 14_336,
      sharedSize: 0,
    };
    const feedForward = { size: 0, matrices: 3, mixture: experts } as const;
    const active = activeWeightBytes({ ...MODEL, feedForward });
    const all = weightBytes({ ...MODEL, feedForward });
    const mixture = build({ model: { feedForward } });
    expect(all / active).toBeGreaterThan(5);
    expect(decode(mixture, 1).totalPs).toBe(readingPs(active));
    expect(decode(mixture, 4).totalPs).toBe(readingPs(active * 4));
    expect(decode(mixture, 8).totalPs).toBe(readingPs(all));
    expect(decode(mixture, 9).totalPs).toBe(readingPs(all));
  });

  test("refuses a precision that the GPU does not have", () => {
    expect(() => build({ model: { precision: "fp8" } })).toThrow("cannot run this precision");
  });
});

describe("two GPUs", () => {
  test("halve the reading and add 64 all-reduces", () => {
    // A ring of two moves the message of 8,192 bytes once over each link.
    const linkPs = ((64 * 8_192) / 450e9) * 1e12;
    const { totalPs } = decode(build({ gpus: 2 }), 1);
    expect(totalPs).toBe(Math.round(OVERHEAD_PS + 640e6 + WEIGHTS_PS / 2 + linkPs));
    expect(build({ gpus: 2 }).contextTokenPs).toBe(17_617);
  });

  test("talk over PCIe where there is no NVLink", () => {
    const withLink = prefill(build({ gpus: 2 }), 1_024).totalPs;
    const without = prefill(build({ gpus: 2, gpu: { nvlinkBytesPerS: 0 } }), 1_024).totalPs;
    const bytes = 64 * 8_192 * 1_024;
    const expected = bytes * (1 / 64e9 - 1 / 450e9) * 1e12;
    expect(Math.abs(without - withLink - expected)).toBeLessThan(2);
  });
});
