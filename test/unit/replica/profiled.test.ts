/** Hand-worked step times of a measured profile, its split by cause, and what must hold for any profile. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { profiledStepModel, type StepProfile } from "../../../src/replica/profiled.ts";
import { type StepBatch, type StepModel, emptyCost } from "../../../src/replica/step-model.ts";

const NO_FIGURES = { flopsPerToken: 0, weightBytesPerStep: 0, contextTokenBytes: 0 };
const NOBODY: StepBatch = {
  decodes: 0,
  contextTokens: 0,
  prefills: 0,
  prefillTokens: 0,
  prefillPairs: 0,
};

function cost(model: StepModel, batch: Partial<StepBatch>) {
  const result = emptyCost();
  model.cost({ ...NOBODY, ...batch }, result);
  return result;
}

/** Decoding takes 10,000 ps up to 4 sequences and 200 more per sequence up to 8; prompts bend at 100 and 200 tokens. */
const PROFILE: StepProfile = {
  decode: {
    points: [
      { at: 1, ps: 10_000 },
      { at: 4, ps: 10_000 },
      { at: 8, ps: 10_800 },
    ],
  },
  prefill: {
    points: [
      { at: 100, ps: 0 },
      { at: 200, ps: 1_000 },
      { at: 400, ps: 5_000 },
    ],
  },
  chunkPs: 50,
  pairPs: 0.5,
  contextTokenPs: 3,
};
const MODEL = profiledStepModel(PROFILE, NO_FIGURES);

describe("profiledStepModel", () => {
  test.each([
    // Flat below the first point, interpolated between, and beyond the last by the last octave: 800 ps over 4 to 8.
    [1, 10_000],
    [3, 10_000],
    [5, 10_200],
    [8, 10_800],
    [18, 10_800 + 10 * 200],
  ])("%i decoding sequences", (decodes, totalPs) => {
    expect(cost(MODEL, { decodes }).totalPs).toBe(totalPs);
  });

  test.each([
    [60, 10_050],
    [150, 10_550],
    // 300 tokens: 1,000 and half of the last piece's 4,000.
    [300, 13_050],
    // The last octave, 200 to 400, rises by 20 a token.
    [500, 10_050 + 5_000 + 2_000],
  ])("a prompt of %i tokens alone", (prefillTokens, totalPs) => {
    expect(cost(MODEL, { prefills: 1, prefillTokens }).totalPs).toBe(totalPs);
  });

  test("a mixed step adds both, and divides by cause", () => {
    const batch = { decodes: 5, prefills: 2, prefillTokens: 300, prefillPairs: 9_001 };
    // 10,200 + 2 x 50 + 3,000, of which 305 tokens own 20 each; attention 9,001 x 0.5 is rounded with the rest.
    expect(cost(MODEL, batch)).toEqual({
      totalPs: 17_801,
      fixedPs: 13_300 - 305 * 20,
      attentionPs: 4_500.5,
      contextTokenPs: 3,
      steps: Infinity,
    });
  });

  test("tokens own no more than there is to divide", () => {
    const steep = profiledStepModel(
      { ...PROFILE, prefill: { points: [0, 1_000].map((ps, at) => ({ at: 1 + at, ps })) } },
      NO_FIGURES,
    );
    expect(cost(steep, { decodes: 18 })).toMatchObject({
      totalPs: 12_800,
      fixedPs: 0,
      attentionPs: 0,
    });
  });

  test.each([
    ["a step would take no time", { decode: { points: [{ at: 1, ps: 0 }] } }],
    ["a coefficient is negative", { pairPs: -1 }],
    [
      "a curve falls",
      {
        prefill: {
          points: [
            { at: 1, ps: 5 },
            { at: 2, ps: 4 },
          ],
        },
      },
    ],
    ["a curve has no points", { prefill: { points: [] } }],
  ])("refuses: %s", (message, given) => {
    expect(() => profiledStepModel({ ...PROFILE, ...given }, NO_FIGURES)).toThrow(message);
  });

  test("more work never takes less time, and parts never exceed the whole", () => {
    const rise = fc.record({ by: fc.integer({ min: 1, max: 700 }), ps: fc.nat(5_000_000) });
    const curve = (first: number) =>
      fc.array(rise, { maxLength: 6 }).map((rises) => {
        let at = 1;
        let ps = first;
        return {
          points: [{ at, ps }, ...rises.map((one) => ({ at: (at += one.by), ps: (ps += one.ps) }))],
        };
      });
    const profile: fc.Arbitrary<StepProfile> = fc.record({
      decode: curve(7),
      prefill: curve(0),
      chunkPs: fc.nat(3_000),
      pairPs: fc.double({ min: 0, max: 40, noNaN: true }),
      contextTokenPs: fc.nat(90_000),
    });
    const batch: fc.Arbitrary<StepBatch> = fc.record({
      decodes: fc.nat(3_000),
      contextTokens: fc.nat(1_000_000),
      prefills: fc.integer({ min: 1, max: 30 }),
      prefillTokens: fc.integer({ min: 30, max: 9_000 }),
      prefillPairs: fc.nat(1_000_000),
    });
    fc.assert(
      fc.property(
        profile,
        batch,
        fc.constantFrom("decodes", "prefills", "prefillTokens", "prefillPairs"),
        (given, some, more) => {
          const model = profiledStepModel(given, NO_FIGURES);
          const { totalPs, fixedPs, attentionPs } = cost(model, some);
          expect(Number.isInteger(totalPs) && totalPs > 0).toBe(true);
          expect(Math.min(fixedPs, attentionPs)).toBeGreaterThanOrEqual(0);
          expect(fixedPs + attentionPs).toBeLessThanOrEqual(totalPs + 0.5 + 1e-9 * totalPs);
          expect(cost(model, { ...some, [more]: some[more] + 1 }).totalPs).toBeGreaterThanOrEqual(
            totalPs,
          );
          const alone = { ...some, prefills: 0, prefillTokens: 0, prefillPairs: 0 };
          expect(cost(model, alone).totalPs).toBeLessThanOrEqual(totalPs);
        },
      ),
    );
  });
});
