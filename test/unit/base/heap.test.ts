/** The heap against an array that is sorted after every change. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { Heap } from "../../../src/base/heap.ts";

interface Item {
  readonly key: number;
  readonly id: number;
}

function isBefore(a: Item, b: Item): boolean {
  return a.key < b.key || (a.key === b.key && a.id < b.id);
}

const operation = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("push"), at: fc.nat(12) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("pop"), at: fc.constant(0) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("remove"), at: fc.nat(60) }) },
);

test("pops in order, whatever was pushed and removed before", () => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 120, size: "max" }), (operations) => {
      const heap = new Heap<Item>(isBefore);
      let sorted: Item[] = [];
      operations.forEach(({ kind, at }, id) => {
        if (kind === "push") {
          const item = { key: at, id };
          heap.push(item);
          sorted = [...sorted, item].toSorted((a, b) => a.key - b.key || a.id - b.id);
        } else if (kind === "pop") {
          expect(heap.pop()).toBe(sorted.shift());
        } else if (sorted.length > 0) {
          const [item] = sorted.splice(at % sorted.length, 1);
          expect(heap.remove(item!)).toBe(true);
          expect(heap.remove(item!)).toBe(false);
        }
        expect(heap.peek()).toBe(sorted[0]);
        expect(heap.size).toBe(sorted.length);
        expect(new Set(heap.values())).toEqual(new Set(sorted));
      });
      expect(sorted.map(() => heap.pop())).toEqual(sorted);
      expect(heap.pop()).toBeUndefined();
    }),
    { seed: 1, numRuns: 500 },
  );
});
