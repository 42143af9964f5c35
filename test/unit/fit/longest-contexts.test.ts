/** Who was in recorded steps, told from sums alone. */
import { expect, test } from "vitest";
import { longestContexts, type RecordedStep } from "../../../fit/longest-contexts.ts";

function step(decodes: number, contextTokens: number, prompts: Partial<RecordedStep> = {}) {
  return { decodes, contextTokens, prefills: 0, prefillTokens: 0, cachedTokens: 0, ...prompts };
}

/** A prompt that fills the step's budget of 200 tokens, which the largest step shows, and is done in the next. */
const FULL = [
  step(0, 0, { prefills: 1, prefillTokens: 200 }),
  step(0, 0, { prefills: 1, prefillTokens: 100, cachedTokens: 200 }),
];

test("a sequence that leaves says how long it was, back to the step at which it joined", () => {
  const steps = [
    ...FULL,
    step(1, 300, { prefills: 1, prefillTokens: 30 }),
    step(2, 301 + 30),
    // The one of 301 has left, and the other has one more.
    step(1, 31),
    step(1, 32),
  ];
  expect(longestContexts(steps)).toEqual([0, 0, 300, 301, 31, 32]);
});

test("of two that leave together, the prompt that one of them came with tells which", () => {
  const steps = [
    ...FULL,
    step(1, 300, { prefills: 1, prefillTokens: 20 }),
    step(2, 301 + 20),
    step(2, 302 + 21),
  ];
  expect(longestContexts(steps)).toEqual([0, 0, 300, 301, 302]);
});

test("two that join together are found by their sum", () => {
  const steps = [
    ...FULL,
    step(1, 300, { prefills: 2, prefillTokens: 50 }),
    step(3, 301 + 50),
    step(2, 302 + 31),
    step(1, 303),
  ];
  expect(longestContexts(steps)).toEqual([0, 0, 300, 301, 302, 303]);
});

test("what cannot be told is not guessed", () => {
  // Of three, two came together, and two leave together.
  const together = { prefills: 2, prefillTokens: 50 };
  const steps = [...FULL, step(1, 300, together), step(3, 351), step(1, 302)];
  expect(longestContexts(steps)).toEqual([0, 0, undefined, undefined, 302]);
});
