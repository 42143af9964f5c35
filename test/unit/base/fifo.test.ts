/** The line against an array that does the same by moving its entries. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { Fifo } from "../../../src/base/fifo.ts";

test("entries come out in the order they went in, however they are mixed and whatever it grows to", () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { maxLength: 300 }), (pushes) => {
      const fifo = new Fifo<number>();
      const naive: number[] = [];
      for (const [number, isPush] of pushes.entries()) {
        if (isPush) {
          fifo.push(number);
          naive.push(number);
        } else {
          expect(fifo.take()).toBe(naive.shift());
        }
        expect(fifo.peek()).toBe(naive[0]);
        expect(fifo.size).toBe(naive.length);
      }
    }),
  );
});

test("a line that is longer than ever keeps its order", () => {
  const fifo = new Fifo<number>();
  for (let number = 0; number < 5; number++) fifo.push(number);
  for (let number = 0; number < 5; number++) fifo.take();
  for (let number = 0; number < 100; number++) fifo.push(number);
  expect(Array.from({ length: 100 }, () => fifo.take())).toEqual([...Array(100).keys()]);
  expect(fifo.take()).toBeUndefined();
});
