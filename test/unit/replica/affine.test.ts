/** Hand-worked step times of the affine model, and what it refuses. */
import { describe, expect, test } from "vitest";
import { affineStepModel } from "../../../src/replica/affine.ts";
import {
  type StepBatch,
  type StepModel,
  emptyBatch,
  emptyCost,
} from "../../../src/replica/step-model.ts";

function cost(model: StepModel, batch: Partial<StepBatch>) {
  const result = emptyCost();
  model.cost({ ...emptyBatch(), ...batch }, result);
  return result;
}

const MODEL = affineStepModel({
  fixedPs: 1_000.4,
  perSequencePs: 99.6,
  perTokenPs: 10,
  contextTokenPs: 2.5,
});

describe("affineStepModel", () => {
  test("rounds its coefficients once, when built", () => {
    // 1,000 + 100 x 3 sequences + 10 x 3 tokens: not 1,000.4 + 298.8 + 30. A context token is 3, not 2.5.
    expect(cost(MODEL, { decodes: 3 })).toEqual({
      totalPs: 1_330,
      fixedPs: 1_300,
      attentionPs: 0,
      contextTokenPs: 3,
      steps: Infinity,
    });
  });

  test("counts prompt tokens like output tokens, and prefilling sequences like decoding ones", () => {
    const batch = { decodes: 2, prefills: 1, prefillTokens: 50, prefillPairs: 1_275 };
    expect(cost(MODEL, batch)).toMatchObject({ totalPs: 1_820, fixedPs: 1_300, attentionPs: 0 });
  });

  test.each([
    ["a coefficient is negative", { fixedPs: 5, perSequencePs: -1 }],
    ["a step would take no time", { fixedPs: 0.4, contextTokenPs: 9 }],
  ])("refuses: %s", (message, given) => {
    const none = { fixedPs: 0, perSequencePs: 0, perTokenPs: 0, contextTokenPs: 0 };
    expect(() => affineStepModel({ ...none, ...given })).toThrow(message);
  });
});
