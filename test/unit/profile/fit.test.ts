/** Profiles from steps of known coefficients, clean, noisy and spoilt; and from steps that cannot make one. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { drawNormal, randomStream } from "../../../src/base/random.ts";
import { phaseErrors, splitRows } from "../../../src/profile/errors.ts";
import { fitProfile, profileModel } from "../../../src/profile/fit.ts";
import { predictMs, type StepRow } from "../../../src/profile/step-row.ts";
import { KNOWN, measuredRows } from "./measured.ts";

const PS_PER_MS = 1e9;

function expectKnown(rows: readonly StepRow[], tolerance: number): void {
  const { profile } = fitProfile(rows, "steps.csv");
  const near = (value: number, wanted: number): void => {
    expect(Math.abs(value / wanted - 1)).toBeLessThan(tolerance);
  };
  near(profile.contextTokenPs, KNOWN.contextTokenPs);
  near(profile.pairPs, KNOWN.pairPs);
  // The same as known at every step there is, and between.
  const model = profileModel(profile);
  const known = profileModel(KNOWN);
  for (const row of measuredRows()) near(predictMs(model, row), predictMs(known, row));
  const between = { prefills: 2, prefillTokens: 3000, prefillPairs: 4e6, decodes: 20 };
  const row = { ...between, contextTokens: 7000, ms: 0 };
  near(predictMs(model, row), predictMs(known, row));
}

describe("fitProfile finds known coefficients", () => {
  test("from one step of each kind", () => {
    expectKnown(measuredRows(), 1e-3);
  });

  test("from steps with 3 % of noise", () => {
    const random = randomStream(7, "noise");
    expectKnown(
      measuredRows(12, (ms) => ms * (1 + 0.03 * drawNormal(random))),
      0.06,
    );
  });

  test("when one step in twelve has the time of another", () => {
    const rows = measuredRows(4, (ms, at) =>
      at % 12 === 5 ? (at % 24 === 5 ? 4 * ms : ms / 5) : ms,
    );
    expectKnown(rows, 0.01);
    const { farOff, notes } = fitProfile(rows, "steps.csv");
    expect(farOff).toHaveLength(Math.ceil((rows.length - 5) / 12));
    expect(farOff[0]!.line).toBe(7);
    expect(notes).toEqual([]);
  });

  test("when one kind of step fills most of the table", () => {
    const busy = measuredRows(1).filter((row) => row.decodes === 32 && row.prefills === 0);
    expectKnown([...measuredRows(), ...Array.from({ length: 500 }, () => busy).flat()], 1e-3);
  });

  test("and says what was measured", () => {
    expect(fitProfile(measuredRows(), "steps.csv").measured).toEqual({
      decodes: { least: 1, most: 64 },
      contextPerDecode: { least: 200, most: 4000 },
      prefillTokens: { least: 64, most: 8192 },
    });
  });
});

test("errors of rows held out are those of the noise", () => {
  const random = randomStream(3, "noise");
  const rows = measuredRows(20, (ms) => ms * (1 + 0.05 * drawNormal(random)));
  const { kept, held } = splitRows(rows, 0.5, 1);
  expect(kept.length + held.length).toBe(rows.length);
  expect(Math.abs(held.length / rows.length - 0.5)).toBeLessThan(0.05);
  const judge = profileModel(fitProfile(kept, "steps.csv").profile);
  const errors = phaseErrors(judge, held, { judge, stepsOf: () => 1 });
  expect(errors.map(({ phase }) => phase)).toEqual(["prefill", "decode", "mixed"]);
  // The mean of |N(0, 5 %)| is 4 %.
  for (const { mean, meanOfAll, farOff } of errors) {
    expect(farOff).toBe(0);
    expect(mean).toBe(meanOfAll);
    expect(mean!).toBeGreaterThan(0.03);
    expect(mean!).toBeLessThan(0.05);
  }
});

test("errors leave out, for every model, what is far off the judging one", () => {
  const rows = measuredRows(1, (ms, at) => (at === 0 ? 10 * ms : ms)).slice(0, 4);
  const judge = profileModel(KNOWN);
  const slow = profileModel({
    ...KNOWN,
    decode: { points: KNOWN.decode.points.map(({ at, ps }) => ({ at, ps: 2 * ps })) },
    contextTokenPs: 2 * KNOWN.contextTokenPs,
  });
  const [error] = phaseErrors(slow, rows, { judge, stepsOf: () => 3 });
  // Three rows take half of what the slow model says; the fourth ten times its true time: 2 / 10 - 1.
  expect(error).toMatchObject({ phase: "decode", rows: 12, farOff: 3 });
  expect(error!.mean).toBeCloseTo(1, 9);
  expect(error!.meanOfAll).toBeCloseTo((3 * 1 + 0.8) / 4, 9);
  expect(error!.median).toBeCloseTo(1, 9);
});

const decodeOnly = measuredRows().filter(({ prefills }) => prefills === 0);
const promptOnly = measuredRows().filter(({ prefills }) => prefills > 0);

function timed(ms: (row: StepRow) => number): readonly StepRow[] {
  return measuredRows(3).map((row) => ({ ...row, ms: ms(row) }));
}

describe("steps that make no profile", () => {
  test.each<readonly [string, readonly StepRow[], RegExp]>([
    ["nothing", [], /^steps\.csv: no steps that only decode: expected at least 6; measure/],
    ["decoding alone", decodeOnly, /no steps that compute prompt tokens.*measure prompts of/],
    ["prompts alone", promptOnly, /no steps that only decode: expected at least 6/],
    ["three decode steps", [...promptOnly, ...decodeOnly.slice(0, 3)], /only 3 steps that only/],
    [
      "one batch size",
      [
        ...promptOnly,
        ...decodeOnly.filter(({ decodes }) => decodes === 8),
        ...decodeOnly.slice(9, 12),
      ],
      /all 6 steps that only decode are of one size; measure decode batches of several sizes/,
    ],
    [
      "seconds",
      timed(({ ms }) => ms / 1000),
      /less than 0\.0\d+ ms, which looks like seconds: expected milliseconds/,
    ],
    [
      "microseconds",
      timed(({ ms }) => ms * 1000),
      /which looks like microseconds: expected milliseconds/,
    ],
    [
      "one context",
      measuredRows().map((row) => ({ ...row, contextTokens: row.decodes * 1000 })),
      /context per decoding sequence is 1000 tokens throughout.*measure each batch size at contexts/,
    ],
    [
      "times that fall with the batch",
      timed(({ ms, decodes, prefills }) => (prefills === 0 ? 30 - decodes / 3 : ms)),
      /^steps\.csv:\d+: steps of about \d+ decoding sequences take \d+ % less than those of 1/,
    ],
    [
      "times that fall with the prompt",
      timed(({ ms, prefillTokens, prefills }) => (prefills > 0 ? 200 - prefillTokens / 90 : ms)),
      /steps of about \d+ prompt tokens take \d+ % less than those of \d+, all else alike/,
    ],
    [
      "times by chance",
      measuredRows(3, (_, at) => 5 * 9 ** ((at * 0.618) % 1)),
      /steps took more than 1\.5 times as long as steps like them, or less than 1\/1\.5/,
    ],
  ])("%s", (_what, rows, message) => {
    expect(() => fitProfile(rows, "steps.csv")).toThrow(message);
  });
});

describe("what is odd, and no reason to refuse", () => {
  test("a fall by a fifth is told", () => {
    const { notes } = fitProfile(
      timed(({ ms, decodes, prefills }) => (prefills === 0 && decodes < 3 ? ms * 1.25 : ms)),
      "steps.csv",
    );
    expect(notes.join()).toMatch(
      /^Steps of about \d+ decoding sequences take \d+ % less .* the curve lies between\.$/,
    );
  });

  test("prompts of a few lengths alone say nothing of attention", () => {
    const rows = measuredRows().filter(
      ({ prefills, prefillTokens, prefillPairs }) =>
        prefills === 0 || (prefillTokens < 4096 && prefillPairs < prefillTokens * prefillTokens),
    );
    const { profile, notes } = fitProfile(rows, "steps.csv");
    expect(profile.pairPs).toBe(0);
    expect(notes.join()).toContain("What prompt attention costs could not be told");
    // The curve holds it, so that these prompts come out right all the same.
    const model = profileModel(profile);
    for (const row of rows.filter(({ decodes }) => decodes === 0)) {
      expect(Math.abs(predictMs(model, row) / row.ms - 1)).toBeLessThan(0.02);
    }
  });

  test("context that costs nothing is told", () => {
    const { profile, notes } = fitProfile(
      timed((row) => row.ms - (row.contextTokens * KNOWN.contextTokenPs) / PS_PER_MS),
      "steps.csv",
    );
    expect(profile.contextTokenPs).toBeLessThan(10);
    expect(notes.join()).toContain("No cost of context was found");
  });
});

test("whatever the noise, curves never fall and every step takes time", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1e6 }),
      fc.double({ min: 0, max: 0.12, noNaN: true }),
      (seed, noise) => {
        const random = randomStream(seed, "noise");
        const rows = measuredRows(2, (ms) => ms * Math.max(0.3, 1 + noise * drawNormal(random)));
        const { profile } = fitProfile(rows, "steps.csv");
        for (const { points } of [profile.decode, profile.prefill]) {
          for (const [at, point] of points.entries()) {
            expect(point.ps).toBeGreaterThanOrEqual(points[at - 1]?.ps ?? 0);
          }
        }
        expect(
          Math.min(profile.chunkPs, profile.pairPs, profile.contextTokenPs),
        ).toBeGreaterThanOrEqual(0);
        expect(profile.decode.points[0]!.ps).toBeGreaterThan(0);
      },
    ),
    { numRuns: 30 },
  );
});
