/**
 * The tree of runs against rules that must hold of any prefix cache: blocks are conserved, what somebody holds stays, nobody
 * finds another's, and a prompt finds exactly as much as agrees with what was computed before.
 */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { KvCache } from "../../src/replica/kv-cache.ts";
import type { PrefixKey } from "../../src/replica/prefix-key.ts";
import { type PrefixHold, PrefixTree } from "../../src/replica/prefix-tree.ts";

const BLOCK = 4;

const anyKey: fc.Arbitrary<PrefixKey> = fc.record({
  salt: fc.constantFrom(0, -1, -2, 1),
  segments: fc
    .tuple(
      fc.array(fc.record({ id: fc.nat(2), tokens: fc.constantFrom(2, 4, 9, 16) }), {
        maxLength: 3,
      }),
      fc.nat(3),
    )
    .map(([segments, id]) => [...segments, { id, tokens: Infinity }]),
});

/** Token by token: which token stands at each place. */
function spelled({ segments }: PrefixKey, tokens: number): string[] {
  const all = segments.flatMap(({ id, tokens: length }) =>
    Array.from({ length: Math.min(length, tokens) }, (_, at) => `${id}.${at}`),
  );
  return all.slice(0, tokens);
}

test("without eviction, a prompt finds the longest beginning that was computed under its salt", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(anyKey, fc.nat(60)), { minLength: 1, maxLength: 12 }),
      anyKey,
      fc.nat(60),
      (computed, wanted, tokens) => {
        const tree = new PrefixTree(BLOCK);
        for (const [one, length] of computed) {
          const hold = tree.hold(one, length);
          tree.extend(hold, length);
          tree.release(hold);
        }
        const text = spelled(wanted, tokens);
        const longest = computed
          .filter(([{ salt }]) => salt === wanted.salt)
          .map(([one, length]) => {
            const other = spelled(one, length);
            const differs = text.findIndex((token, at) => other[at] !== token);
            return Math.floor((differs === -1 ? text.length : differs) / BLOCK);
          });
        const { blocks, heldBlocks } = tree.find(wanted, tokens);
        expect(blocks).toBe(Math.max(0, ...longest));
        expect(heldBlocks).toBe(0);
      },
    ),
    { seed: 1, numRuns: 3_000 },
  );
});

/** One step of a cache's life: a sequence enters with a context, computes, decodes some more, or leaves. */
const step = fc.oneof(
  fc.record({
    kind: fc.constant("enter" as const),
    key: anyKey,
    tokens: fc.integer({ min: 1, max: 60 }),
  }),
  fc.record({
    kind: fc.constant("compute" as const),
    who: fc.nat(7),
    share: fc.constantFrom(0.3, 1),
  }),
  fc.record({ kind: fc.constant("leave" as const), who: fc.nat(7) }),
);

interface Running {
  readonly key: PrefixKey;
  readonly hold: PrefixHold;
  readonly tokens: number;
  computed: number;
}

test("blocks in use are each holder's own and every shared one once; nothing held is ever evicted", () => {
  let evictions = 0;
  let shared = 0;
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 60, size: "max" }), (steps) => {
      const kv = new KvCache(40, BLOCK);
      const running: Running[] = [];
      for (const one of steps) {
        const idleBefore = kv.idle;
        if (one.kind === "enter") {
          if (kv.blocksBeside(one.key, one.tokens) > kv.free) continue;
          const hold = kv.share(one.key, one.tokens);
          const computed = hold.blocks * BLOCK;
          expect(computed).toBeLessThan(one.tokens);
          if (computed > 0) shared += 1;
          running.push({ key: one.key, hold, tokens: one.tokens, computed });
        } else {
          const at = one.who % Math.max(1, running.length);
          const sequence = running[at];
          if (sequence === undefined) continue;
          if (one.kind === "compute") {
            const rest = sequence.tokens - sequence.computed;
            sequence.computed += Math.floor(one.share * rest);
            kv.keep(sequence.hold, sequence.computed);
          } else {
            running.splice(at, 1);
            kv.keep(sequence.hold, sequence.tokens);
            kv.drop(sequence.hold, sequence.tokens);
          }
        }
        if (kv.idle < idleBefore && one.kind === "enter") evictions += 1;
        expectConserved(kv, running);
      }
      for (const { hold, tokens } of running) kv.drop(hold, tokens);
      expect(kv.used).toBe(0);
      expect(kv.free).toBe(40);
      kv.forget();
      expect(kv.idle).toBe(0);
    }),
    { seed: 1, numRuns: 2_000 },
  );
  expect(evictions).toBeGreaterThan(1_000);
  expect(shared).toBeGreaterThan(1_000);
});

/** Counted from the holders alone: their full computed blocks by content, and what else each of them takes. */
function expectConserved(kv: KvCache, running: readonly Running[]): void {
  const shared = new Set<string>();
  let own = 0;
  for (const { key, hold, tokens, computed } of running) {
    expect(hold.blocks).toBe(Math.floor(computed / BLOCK));
    const text = spelled(key, computed).join(" ");
    for (let block = 1; block <= hold.blocks; block++) {
      const words = text.split(" ").slice(0, block * BLOCK);
      shared.add(`${key.salt} ${words.join(" ")}`);
    }
    own += Math.ceil(tokens / BLOCK) - hold.blocks;
  }
  expect(kv.used).toBe(own + shared.size);
  expect(kv.used + kv.idle).toBeLessThanOrEqual(kv.capacity);
}
