/** How a step's token budget is spent on prompts, and the attention pairs of a chunk. */
import { describe, expect, test } from "vitest";
import {
  type Prefill,
  chunkPairs,
  enqueuePrefill,
  planChunks,
} from "../../../src/replica/chunking.ts";

describe("chunkPairs", () => {
  test("by hand: tokens 4, 5 and 6 attend to 4 + 5 + 6", () => {
    expect(chunkPairs(3, 3)).toBe(15);
  });

  test("a prompt has the same pairs however it is cut", () => {
    for (let cut = 0; cut <= 101; cut++) {
      expect(chunkPairs(cut, 0) + chunkPairs(101 - cut, cut)).toBe(chunkPairs(101, 0));
    }
    expect(chunkPairs(101, 0)).toBe((101 * 102) / 2);
  });
});

describe("planChunks", () => {
  test.each([
    { budget: 100, lengths: [30, 20], computed: [0, 0], chunks: [30, 20], count: 2 },
    { budget: 40, lengths: [30, 20], computed: [0, 0], chunks: [30, 10], count: 2 },
    { budget: 30, lengths: [30, 20], computed: [0, 0], chunks: [30, 0], count: 1 },
    { budget: 10, lengths: [30, 20], computed: [0, 0], chunks: [10, 0], count: 1 },
    { budget: 10, lengths: [30, 20], computed: [25, 0], chunks: [5, 5], count: 2 },
    { budget: 1, lengths: [30], computed: [29], chunks: [1], count: 1 },
    { budget: 8, lengths: [], computed: [], chunks: [], count: 0 },
  ])(
    "$budget tokens over $lengths after $computed",
    ({ budget, lengths, computed, ...expected }) => {
      const prefills = lengths.map((contextTokens, slot) => ({
        slot,
        contextTokens,
        computedTokens: computed[slot]!,
        dueNs: slot,
        chunkTokens: -1,
      }));
      expect(planChunks(prefills, budget)).toBe(expected.count);
      expect(prefills.map(({ chunkTokens }) => chunkTokens)).toEqual(expected.chunks);
    },
  );
});

test("prompts are computed in the order in which they are due, equal ones in order of joining", () => {
  const prefills: Prefill[] = [];
  const dues = [30, 10, 20, 10, Infinity, 20];
  for (const [slot, dueNs] of dues.entries()) {
    enqueuePrefill(prefills, { slot, dueNs, contextTokens: 1, computedTokens: 0, chunkTokens: 0 });
  }
  expect(prefills.map(({ slot }) => slot)).toEqual([1, 3, 2, 5, 0, 4]);
});
