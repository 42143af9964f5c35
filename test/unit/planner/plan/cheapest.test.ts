/** The search for something cheaper, against trying every size: random prices, and random sets of sizes that fit. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  cheaperThan,
  priceOfSizes,
  type PricedPool,
  type Sizes,
} from "../../../../src/planner/plan/cheapest.ts";

/** Sizes fit when they are at least as large as one of these: more never serves worse. */
interface Case {
  readonly pools: readonly PricedPool[];
  readonly corners: readonly Sizes[];
}

const MOST = 6;

const cases: fc.Arbitrary<Case> = fc.integer({ min: 1, max: 3 }).chain((dimensions) =>
  fc.record({
    pools: fc.array(
      fc.record({
        price: fc.integer({ min: 1, max: 5 }),
        least: fc.integer({ min: 1, max: 2 }),
        most: fc.constant(MOST),
      }),
      { minLength: dimensions, maxLength: dimensions },
    ),
    corners: fc.array(
      fc.array(fc.integer({ min: 1, max: MOST + 1 }), {
        minLength: dimensions,
        maxLength: dimensions,
      }),
      { minLength: 0, maxLength: 4 },
    ),
  }),
);

function fitsIn({ corners }: Case, sizes: Sizes): boolean {
  return corners.some((corner) => corner.every((size, at) => sizes[at]! >= size));
}

function everySize({ pools }: Case): Sizes[] {
  return pools.reduce<number[][]>(
    (sizes, { least, most }) =>
      sizes.flatMap((one) =>
        Array.from({ length: most - least + 1 }, (_, more) => [...one, least + more]),
      ),
    [[]],
  );
}

describe("something cheaper", () => {
  test("is found where there is any, and proven not to be where there is none", async () => {
    await fc.assert(
      fc.asyncProperty(cases, fc.integer({ min: 1, max: 60 }), async (given, below) => {
        const asked = new Set<string>();
        const answer = await cheaperThan({ pools: given.pools, mostTries: 10_000 }, below, {
          from: given.pools.map(() => 3),
          fits: async (sizes) => {
            const key = sizes.join(" ");
            expect(asked.has(key), `${key} is asked twice`).toBe(false);
            asked.add(key);
            const within = sizes.every(
              (size, at) => size >= given.pools[at]!.least && size <= given.pools[at]!.most,
            );
            expect(within, `${key} is within its limits`).toBe(true);
            return { kind: fitsIn(given, sizes) ? "met" : "missed", tiers: [] };
          },
        });
        const cheaper = everySize(given).filter(
          (sizes) => priceOfSizes(given.pools, sizes) < below && fitsIn(given, sizes),
        );
        if (answer.kind === "found") {
          expect(priceOfSizes(given.pools, answer.sizes)).toBeLessThan(below);
          expect(fitsIn(given, answer.sizes)).toBe(true);
        } else {
          expect(answer.kind).toBe("none");
          expect(cheaper).toEqual([]);
        }
      }),
      { numRuns: 1000 },
    );
  });

  test("is not claimed to be none when not all was tried", async () => {
    const pools = [1, 1, 1].map((price) => ({ price, least: 1, most: 20 }));
    const answer = await cheaperThan({ pools, mostTries: 2 }, 30, {
      from: [10, 10, 10],
      // No pool is needed for itself, so that nothing but trying rules sizes out.
      fits: (sizes) => {
        const total = sizes.reduce((sum, size) => sum + size, 0);
        return Promise.resolve({ kind: total >= 30 ? "met" : "missed", tiers: [] });
      },
    });
    expect(answer).toEqual({ kind: "unproven" });
  });
});
