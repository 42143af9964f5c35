/** Contexts of different lengths: by hand, against the rule written down step by step, and as far as a line holds. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { GroupedAttention, ModelSpec } from "../../../../src/replica/hardware.ts";
import {
  type StepBatch,
  type StepModel,
  emptyBatch,
  emptyCost,
} from "../../../../src/replica/step-model.ts";
import { type ContextLayers, addContext } from "../../../../src/replica/step-time/attention.ts";
import { predictedStepModel } from "../../../../src/replica/step-time/predicted.ts";
import { DENSE, GPU, HALF, LATENT_MIXTURE, NO_OVERHEADS } from "./models.ts";

/** A token of context takes 65,536 ps in all 32 layers. */
const GROUPED: GroupedAttention = {
  kind: "grouped",
  heads: 32,
  kvHeads: 8,
  headSize: 128,
  window: undefined,
};
const WINDOWED = { ...GROUPED, window: { tokens: 100, layers: 16 } };

function build(attention: ModelSpec["attention"], model = DENSE): StepModel {
  return predictedStepModel({
    model: { ...model, attention },
    gpu: GPU,
    parallel: { tensorParallel: 1, dataParallel: 1, expertParallel: false },
    maxNumSeqs: 256,
    shares: { ...HALF, decodeUneven: { share: 1, most: 0.5 } },
    overheads: NO_OVERHEADS,
  });
}

/** What the batch takes beyond one without contexts, apart from its slope. */
function costOf(model: StepModel, batch: Partial<StepBatch>) {
  const cost = emptyCost();
  model.cost({ ...emptyBatch(), decodes: batch.decodes! }, cost);
  const { totalPs, fixedPs } = cost;
  model.cost({ ...emptyBatch(), ...batch }, cost);
  const waitPs = cost.totalPs - totalPs;
  expect(cost.fixedPs - fixedPs).toBeCloseTo(waitPs, 0);
  return { waitPs, contextTokenPs: cost.contextTokenPs, steps: cost.steps };
}

describe("three sequences with 600 tokens of context", () => {
  const model = build(GROUPED);

  test("of which the longest has 240 wait as if all had: 120 tokens more", () => {
    const batch = { decodes: 3, contextTokens: 600, longestContextTokens: 240 };
    expect(costOf(model, batch)).toEqual({
      waitPs: 120 * 65_536,
      contextTokenPs: 65_536,
      steps: Infinity,
    });
  });

  test("of which the longest has 500 take half again, until 900 tokens are half of all", () => {
    const batch = { decodes: 3, contextTokens: 600, longestContextTokens: 500 };
    expect(costOf(model, batch)).toEqual({ waitPs: 0, contextTokenPs: 98_304, steps: 400 });
  });

  test.each([
    ["every head has its own keys", build({ ...GROUPED, kvHeads: 32 }), 262_144],
    ["nobody says how long the longest is", model, 65_536],
  ])("take their sum where %s", (_, step, contextTokenPs) => {
    const longestContextTokens = step === model ? 0 : 500;
    const batch = { decodes: 3, contextTokens: 600, longestContextTokens };
    expect(costOf(step, batch)).toEqual({ waitPs: 0, contextTokenPs, steps: Infinity });
  });
});

test("only models with grouped queries ask for the longest context", () => {
  const asks = [GROUPED, WINDOWED, { ...GROUPED, kvHeads: 32 }].map(
    (attention) => build(attention).readsLongestContext,
  );
  expect(asks).toEqual([true, true, false]);
  expect(build(LATENT_MIXTURE.attention, LATENT_MIXTURE).readsLongestContext).toBe(false);
});

describe("where half of the layers look back 100 tokens, four sequences with 350", () => {
  const model = build(WINDOWED);

  test("wait in all layers while the longest is short of the window: five more steps", () => {
    const batch = { decodes: 4, contextTokens: 350, longestContextTokens: 95 };
    expect(costOf(model, batch)).toEqual({
      waitPs: 30 * 65_536,
      contextTokenPs: 65_536,
      steps: 5,
    });
  });

  test("take a full window each once the longest has passed it", () => {
    const batch = { decodes: 4, contextTokens: 350, longestContextTokens: 120 };
    expect(costOf(model, batch)).toEqual({
      waitPs: (130 + 400) * 32_768,
      contextTokenPs: 32_768,
      steps: 13,
    });
  });
});

const layers: fc.Arbitrary<ContextLayers> = fc
  .record({
    windowTokens: fc.oneof(fc.constant(Infinity), fc.integer({ min: 1, max: 3_000 })),
    contextPs: fc.integer({ min: 1, max: 100_000 }),
    share: fc.constantFrom(0, 0.276, 1),
    most: fc.constantFrom(0, 0.1, 0.5, 1.5),
  })
  .map(({ windowTokens, contextPs, share, most }) => ({
    windowTokens,
    contextPs,
    unevenPs: Math.round(share * contextPs),
    mostUnevenPs: Math.round(most * contextPs),
  }));

/** The rule, of contexts one by one: a window holds so many of their tokens on average, and of the longest. */
function rulePs(given: ContextLayers, contexts: readonly number[]): number {
  const filled = given.windowTokens * contexts.length;
  const sum = Math.min(
    contexts.reduce((total, context) => total + context, 0),
    filled,
  );
  const gap = Math.min(contexts.length * Math.max(...contexts), filled) - sum;
  return given.contextPs * sum + Math.min(given.unevenPs * gap, given.mostUnevenPs * sum);
}

function linePs(given: ContextLayers, contexts: readonly number[]) {
  const cost = emptyCost();
  const contextTokens = contexts.reduce((total, context) => total + context, 0);
  const longestContextTokens = Math.max(...contexts);
  const batch = { ...emptyBatch(), decodes: contexts.length, contextTokens, longestContextTokens };
  addContext(given, batch, cost);
  const at = (step: number) =>
    cost.totalPs + cost.contextTokenPs * (contextTokens + step * contexts.length);
  return { at, steps: cost.steps };
}

test("a line says what the rule says of each step, for as many steps as it claims", () => {
  const contexts = fc.array(fc.integer({ min: 1, max: 4_000 }), { minLength: 1, maxLength: 40 });
  const ends = { bounded: 0, unbounded: 0 };
  fc.assert(
    fc.property(layers, contexts, (given, lengths) => {
      const { at, steps } = linePs(given, lengths);
      ends[steps === Infinity ? "unbounded" : "bounded"] += 1;
      expect(steps).toBeGreaterThanOrEqual(1);
      for (const step of new Set([0, 1, 7, Math.min(steps, 5_000) - 1])) {
        if (step >= steps) continue;
        const later = lengths.map((length) => length + step);
        expect(at(step)).toBe(rulePs(given, later));
      }
    }),
    { seed: 20_261_125, numRuns: 3_000 },
  );
  expect(ends.bounded).toBeGreaterThan(500);
  expect(ends.unbounded).toBeGreaterThan(500);
});
