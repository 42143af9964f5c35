import * as fc from "fast-check";
import { expect, test } from "vitest";
import { LongestContext } from "../../../src/replica/longest-context.ts";

const SLOTS = 6;

test("is that of whoever has most, grows with the steps, and passes on when it leaves", () => {
  const longest = new LongestContext(3);
  expect(longest.at(0)).toBe(0);
  longest.start(0, 0, 100);
  longest.start(1, 10, 105);
  // After 20 steps: 120, and 105 + 10.
  expect(longest.at(20)).toBe(120);
  longest.stop(0);
  expect(longest.at(20)).toBe(115);
  longest.start(2, 20, 400);
  longest.stop(1);
  expect(longest.at(21)).toBe(401);
  longest.stop(2);
  expect(longest.at(30)).toBe(0);
});

test("is the maximum over all who decode, whoever comes and goes", () => {
  const change = fc.record({
    slot: fc.integer({ min: 0, max: SLOTS - 1 }),
    contextTokens: fc.integer({ min: 1, max: 30 }),
    steps: fc.integer({ min: 0, max: 9 }),
    isAsked: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 60 }), (changes) => {
      const longest = new LongestContext(SLOTS);
      const started = new Map<number, { step: number; contextTokens: number }>();
      let step = 0;
      for (const { slot, contextTokens, steps, isAsked } of changes) {
        step += steps;
        if (started.delete(slot)) {
          longest.stop(slot);
        } else {
          started.set(slot, { step, contextTokens });
          longest.start(slot, step, contextTokens);
        }
        const now = [...started.values()].map((one) => one.contextTokens + step - one.step);
        if (isAsked) expect(longest.at(step)).toBe(Math.max(0, ...now));
      }
    }),
    { seed: 20_261_125, numRuns: 500 },
  );
});
