/** The indexed heap against a map whose entries are sorted at every look. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { IndexedHeap } from "../../../src/base/indexed-heap.ts";

const CAPACITY = 24;

const operation = fc.record({
  isSet: fc.boolean(),
  id: fc.nat(CAPACITY - 1),
  key: fc.nat(9),
  tie: fc.nat(1_000),
});

function firstOf(entries: Map<number, { key: number; tie: number }>) {
  return [...entries].toSorted(([, a], [, b]) => a.key - b.key || a.tie - b.tie)[0];
}

test("knows the first by key and tie after any sets, moves and deletes", () => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 200, size: "max" }), (operations) => {
      const heap = new IndexedHeap(CAPACITY);
      const entries = new Map<number, { key: number; tie: number }>();
      for (const { isSet, id, key, tie } of operations) {
        if (isSet) {
          // Ties are the caller's to keep apart.
          const unique = tie * CAPACITY + id;
          heap.set(id, key, unique);
          entries.set(id, { key, tie: unique });
        } else {
          heap.delete(id);
          entries.delete(id);
        }
        expect(heap.size).toBe(entries.size);
        expect(heap.has(id)).toBe(entries.has(id));
        const first = firstOf(entries);
        expect(heap.firstKey).toBe(first === undefined ? Infinity : first[1].key);
        if (first !== undefined) expect(heap.first).toBe(first[0]);
      }
      while (entries.size > 0) {
        const [id] = firstOf(entries)!;
        expect(heap.first).toBe(id);
        heap.delete(id);
        entries.delete(id);
      }
      expect(heap.size).toBe(0);
    }),
    { seed: 1, numRuns: 500 },
  );
});

test("has no first when it is empty, and forgets a delete of what is not in", () => {
  const heap = new IndexedHeap(2);
  heap.delete(1);
  expect(heap.size).toBe(0);
  expect(heap.firstKey).toBe(Infinity);
  expect(() => heap.first).toThrow("first of an empty heap");
});

test("puts an infinite key behind every finite one", () => {
  const heap = new IndexedHeap(3);
  heap.set(0, Infinity, 0);
  heap.set(1, 5, 1);
  heap.set(2, Infinity, 2);
  expect(heap.first).toBe(1);
  heap.set(1, Infinity, 1);
  heap.set(2, 7, 2);
  expect(heap.first).toBe(2);
});
