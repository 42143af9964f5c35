/** The phase histogram against counting every sequence's blocks. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { KvCache } from "../../../src/replica/kv-cache.ts";

const CAPACITY = 2_000;

/** A sequence that began to decode at some step, with some context. */
interface Decoding {
  readonly tokens: number;
  readonly start: number;
}

const decodings = fc.array(
  fc.record({ tokens: fc.integer({ min: 1, max: 70 }), age: fc.nat(40) }),
  {
    maxLength: 8,
  },
);

const situation = fc.record({
  decodings,
  blockTokens: fc.constantFrom(1, 2, 3, 7, 16),
  step: fc.integer({ min: 40, max: 90 }),
});

function blocks(tokens: number, blockTokens: number): number {
  return Math.ceil(tokens / blockTokens);
}

/** Blocks held before step `step` runs: by then a sequence has added a token in each step since its start. */
function held(sequences: readonly Decoding[], blockTokens: number, step: number): number {
  return sequences.reduce(
    (sum, { tokens, start }) => sum + blocks(tokens + step - start, blockTokens),
    0,
  );
}

function build(given: {
  decodings: readonly { tokens: number; age: number }[];
  blockTokens: number;
  step: number;
}) {
  const sequences = given.decodings.map(({ tokens, age }) => ({ tokens, start: given.step - age }));
  const used = held(sequences, given.blockTokens, given.step);
  const cache = new KvCache(Math.max(CAPACITY, used), given.blockTokens);
  for (const { tokens, start } of sequences) {
    cache.allocate(tokens + given.step - start);
    cache.startDecode(tokens, start);
  }
  expect(cache.used).toBe(used);
  return { cache, sequences, used };
}

describe("against brute force", () => {
  test("growth over any number of steps", () => {
    fc.assert(
      fc.property(situation, fc.nat(60), (given, steps) => {
        const { cache, sequences, used } = build(given);
        const { step, blockTokens } = given;
        const growth = held(sequences, blockTokens, step + steps) - used;
        expect(cache.growth(step, steps)).toBe(growth);
        cache.grow(step, steps);
        expect(cache.used).toBe(used + growth);
        for (const { tokens, start } of sequences) {
          cache.stopDecode(tokens, start);
          cache.release(tokens + step + steps - start);
        }
        expect(cache.used).toBe(0);
        expect(cache.growth(step, 1_000)).toBe(0);
      }),
      { seed: 1, numRuns: 1_000 },
    );
  });

  test("steps that fit into what is free", () => {
    fc.assert(
      fc.property(situation, fc.nat(12), fc.nat(100), (given, spareBlocks, limit) => {
        const { cache, sequences, used } = build(given);
        const { step, blockTokens } = given;
        cache.allocate((cache.free - Math.min(spareBlocks, cache.free)) * blockTokens);
        const free = cache.free;
        let steps = 0;
        while (steps < limit && held(sequences, blockTokens, step + steps + 1) - used <= free) {
          steps += 1;
        }
        expect(cache.stepsThatFit(step, limit)).toBe(steps);
      }),
      { seed: 1, numRuns: 1_000 },
    );
  });
});

describe("by hand, in blocks of 4", () => {
  test("a context of 8 takes its third block at the first decode step, its fourth four steps on", () => {
    const cache = new KvCache(4, 4);
    cache.allocate(8);
    cache.startDecode(8, 10);
    expect(cache.growth(10, 1)).toBe(1);
    expect(cache.growth(10, 4)).toBe(1);
    expect(cache.growth(10, 5)).toBe(2);
    expect(cache.stepsThatFit(10, 100)).toBe(8);
    cache.grow(10, 8);
    expect(cache.free).toBe(0);
    expect(cache.stepsThatFit(18, 100)).toBe(0);
  });

  test("blocks cannot be taken or given back twice", () => {
    const cache = new KvCache(2, 4);
    cache.allocate(5);
    expect(() => {
      cache.allocate(1);
    }).toThrow("over its capacity");
    const empty = new KvCache(2, 4);
    expect(() => {
      empty.release(1);
    }).toThrow("released twice");
  });
});
