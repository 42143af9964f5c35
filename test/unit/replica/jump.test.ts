/** The closed forms of fast-forward against adding up and counting. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MAX_JUMP_STEPS, jumpPs, stepsBeyond } from "../../../src/replica/jump.ts";

function addUp(steps: number, firstPs: number, growthPs: number): bigint {
  let total = 0n;
  for (let step = 0; step < steps; step++) total += BigInt(firstPs) + BigInt(step * growthPs);
  return total;
}

function countBeyond(beyondPs: number, firstPs: number, growthPs: number): number {
  let total = 0;
  for (let steps = 1; ; steps++) {
    total += firstPs + (steps - 1) * growthPs;
    if (total > beyondPs) return steps;
  }
}

describe("jumpPs", () => {
  test("by hand: 10 + 13 + 16 + 19", () => {
    expect(jumpPs(4, 10, 3)).toBe(58);
    expect(jumpPs(1, 10, 3)).toBe(10);
    expect(jumpPs(0, 10, 3)).toBe(0);
  });

  test("equals adding up, up to the longest jump of half a second a step", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: MAX_JUMP_STEPS }),
        fc.integer({ min: 1, max: 400_000_000_001 }),
        fc.integer({ min: 0, max: 9_000_001 }),
        (steps, firstPs, growthPs) => {
          expect(BigInt(jumpPs(steps, firstPs, growthPs))).toBe(addUp(steps, firstPs, growthPs));
        },
      ),
      { seed: 1, numRuns: 150 },
    );
  });
});

describe("stepsBeyond", () => {
  test.each([
    // Boundaries at 10, 23, 39, 58.
    { beyondPs: -5, steps: 1 },
    { beyondPs: 0, steps: 1 },
    { beyondPs: 9, steps: 1 },
    { beyondPs: 10, steps: 2 },
    { beyondPs: 22, steps: 2 },
    { beyondPs: 23, steps: 3 },
    { beyondPs: 57, steps: 4 },
    { beyondPs: 58, steps: 5 },
  ])("by hand: $steps steps end after $beyondPs", ({ beyondPs, steps }) => {
    expect(stepsBeyond(beyondPs, 10, 3)).toBe(steps);
  });

  test("equals counting", () => {
    const small = fc.integer({ min: 0, max: 50 });
    const large = fc.integer({ min: 0, max: 100_000_007 });
    fc.assert(
      fc.property(
        fc.integer({ min: -10, max: 200_000 }),
        fc.oneof(small, large),
        fc.oneof(small, large),
        (beyondPs, first, growthPs) => {
          const firstPs = first + 1;
          expect(stepsBeyond(beyondPs, firstPs, growthPs)).toBe(
            countBeyond(beyondPs, firstPs, growthPs),
          );
        },
      ),
      { seed: 1, numRuns: 500 },
    );
  });

  test("finds every boundary of a long jump, at it and one picosecond to either side", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: MAX_JUMP_STEPS }),
        fc.integer({ min: 1, max: 400_000_000_001 }),
        fc.integer({ min: 0, max: 9_000_001 }),
        (steps, firstPs, growthPs) => {
          const boundaryPs = jumpPs(steps, firstPs, growthPs);
          expect(stepsBeyond(boundaryPs - 1, firstPs, growthPs)).toBe(steps);
          expect(stepsBeyond(boundaryPs, firstPs, growthPs)).toBe(steps + 1);
        },
      ),
      { seed: 1, numRuns: 2_000 },
    );
  });
});
