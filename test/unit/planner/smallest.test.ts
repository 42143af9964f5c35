/** The search for the smallest sizes: against an exhaustive one where more is better, and honest where it is not. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Fit, smallestSizes } from "../../../src/planner/smallest.ts";

const MET: Fit = { kind: "met", tiers: [] };
const MISSED: Fit = { kind: "missed", tiers: ["gold"] };

function pool(replicas: number, gpusPerReplica = 1) {
  return { replicas, gpusPerReplica };
}

/** Searches one pool with a rule, and keeps what was tried. */
async function search(start: number, mostGpus: number, fits: (size: number) => boolean) {
  const tried: number[] = [];
  const answer = await smallestSizes({ pools: [pool(start)], mostGpus }, ([size = 0]) => {
    tried.push(size);
    return Promise.resolve(fits(size) ? MET : MISSED);
  });
  return { answer, tried };
}

describe("one pool", () => {
  test("finds the least size that fits wherever it begins, and tries no size twice", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 200 }),
        fc.integer({ min: 1, max: 200 }),
        async (start, least) => {
          const { answer, tried } = await search(start, 256, (size) => size >= least);
          expect(answer).toEqual({ kind: "found", replicas: [least], gpus: least });
          expect(new Set(tried).size).toBe(tried.length);
          expect(tried.length).toBeLessThanOrEqual(18);
        },
      ),
    );
  });

  test("where more is not always better, the answer fits and its neighbour below does not", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 64 }),
        fc.array(fc.boolean(), { minLength: 64, maxLength: 64 }),
        async (start, fits) => {
          const { answer, tried } = await search(start, 64, (size) => fits[size - 1]!);
          if (answer.kind !== "found") return;
          expect(fits[answer.gpus - 1]).toBe(true);
          expect(tried).toContain(answer.gpus);
          if (answer.gpus === 1) return;
          expect(fits[answer.gpus - 2]).toBe(false);
          expect(tried).toContain(answer.gpus - 1);
        },
      ),
    );
  });

  test("goes up to the limit and not beyond, and says what missed there", async () => {
    const { answer, tried } = await search(3, 20, () => false);
    expect(tried).toEqual([3, 6, 12, 20]);
    expect(answer).toEqual({ kind: "not-within", mostGpus: 20, tiers: ["gold"] });
  });

  test("begins within the limit", async () => {
    expect((await search(50, 8, (size) => size >= 5)).answer).toMatchObject({ gpus: 5 });
  });

  test("does not look for data in more GPUs", async () => {
    const unknown: Fit = { kind: "unknown", tiers: ["bronze"] };
    let asked = 0;
    const answer = await smallestSizes({ pools: [pool(2)], mostGpus: 64 }, () => {
      asked += 1;
      return Promise.resolve(unknown);
    });
    expect(answer).toEqual({ kind: "not-enough-data", tiers: ["bronze"] });
    expect(asked).toBe(1);
  });
});

/** Two pools that make up for each other. */
function areEnough([a = 0, b = 0]: readonly number[]): boolean {
  return a + 2 * b >= 11;
}

describe("several pools", () => {
  test("each as small as it can be, with GPUs counted by replica", async () => {
    const least = [3, 1, 7];
    const space = { pools: [pool(2, 4), pool(2), pool(2, 2)], mostGpus: 200 };
    const answer = await smallestSizes(space, (sizes) =>
      Promise.resolve(sizes.every((size, at) => size >= least[at]!) ? MET : MISSED),
    );
    expect(answer).toEqual({ kind: "found", replicas: least, gpus: 3 * 4 + 1 + 7 * 2 });
  });

  test("where pools make up for each other, none can give up a replica", async () => {
    const space = { pools: [pool(4), pool(4)], mostGpus: 64 };
    const answer = await smallestSizes(space, (sizes) =>
      Promise.resolve(areEnough(sizes) ? MET : MISSED),
    );
    if (answer.kind !== "found") expect.fail("a size was there to be found");
    const [a = 0, b = 0] = answer.replicas;
    expect(areEnough([a, b])).toBe(true);
    expect(a > 1 && areEnough([a - 1, b])).toBe(false);
    expect(b > 1 && areEnough([a, b - 1])).toBe(false);
  });

  test("one replica of each beyond the limit is no platform", async () => {
    const space = { pools: [pool(1, 8), pool(1, 8)], mostGpus: 15 };
    const answer = await smallestSizes(space, () => expect.fail("nothing may be tried"));
    expect(answer).toEqual({ kind: "not-within", mostGpus: 15, tiers: [] });
  });
});
