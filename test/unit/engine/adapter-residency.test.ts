/** Which adapters a replica keeps: within its budget, pinned while in use, the longest unused one first to go. */
import { expect, test } from "vitest";
import { AdapterResidency } from "../../../src/engine/allocation/adapter-residency.ts";

/** A residency with adapters 0, 1, ... of these sizes loaded and resident, last used at 0, 1, ... */
function holding(budget: number, ...sizes: number[]): AdapterResidency {
  const residency = new AdapterResidency(budget, () => false);
  for (const [adapter, bytes] of sizes.entries()) {
    residency.startLoad(adapter, adapter, bytes);
    residency.loaded(adapter);
  }
  return residency;
}

test("an adapter is loading until it is resident, and its bytes count from the asking", () => {
  const residency = new AdapterResidency(100, () => false);
  expect(residency.plan(7, 60)).toEqual({ kind: "load", unload: [] });
  residency.startLoad(5, 7, 60);
  expect(residency.plan(7, 60)).toEqual({ kind: "loading" });
  expect(residency.usedBytes).toBe(60);
  residency.loaded(7);
  expect(residency.plan(7, 60)).toEqual({ kind: "resident" });
});

test("the longest unused go first, as many as it takes and no more", () => {
  const residency = holding(100, 30, 30, 30);
  expect(residency.plan(9, 10)).toEqual({ kind: "load", unload: [] });
  expect(residency.plan(9, 40)).toEqual({ kind: "load", unload: [0] });
  expect(residency.plan(9, 50)).toEqual({ kind: "load", unload: [0, 1] });
  residency.pin(10, 0);
  residency.unpin(11, 0);
  expect(residency.plan(9, 40)).toEqual({ kind: "load", unload: [1] });
});

test("what is in use, loading or on its way out makes no room", () => {
  const residency = holding(90, 30, 30, 30);
  residency.pin(10, 0);
  residency.startUnload(1);
  expect(residency.plan(1, 30)).toEqual({ kind: "no-room" });
  expect(residency.plan(9, 30)).toEqual({ kind: "load", unload: [] });
  residency.startLoad(12, 9, 30);
  expect(residency.plan(8, 30)).toEqual({ kind: "load", unload: [2] });
  expect(residency.plan(8, 40)).toEqual({ kind: "no-room" });
  expect(() => residency.startUnload(0)).toThrow("an adapter unloaded while in use");
});

test("holding is charged once for every nanosecond, from the load's asking to its end", () => {
  const residency = new AdapterResidency(100, () => false);
  residency.startLoad(1000, 3, 10);
  residency.loaded(3);
  expect(residency.chargeHeld(1500, 3)).toBe(500);
  expect(residency.chargeHeld(1500, 3)).toBe(0);
  residency.startUnload(3);
  expect(residency.unloaded(1800, 3)).toBe(300);
  expect(residency.usedBytes).toBe(0);
  expect(residency.unloaded(1900, 3)).toBe(0);
});

test("a load that is lost with its replica gives its bytes back", () => {
  const residency = new AdapterResidency(100, () => false);
  residency.startLoad(0, 3, 70);
  expect(residency.unloaded(50, 3)).toBe(50);
  expect(residency.usedBytes).toBe(0);
});
