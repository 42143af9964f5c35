/** Running totals against visiting every decoding sequence at every step. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { ShareMeter } from "../../../src/replica/share-meter.ts";

const SLOTS = 6;

interface Stay {
  contextTokens: number;
  prefillPs: number;
  decodePs: number;
}

/** One membership change, and the jump after it. */
const round = fc.record({
  slot: fc.nat(SLOTS - 1),
  contextTokens: fc.integer({ min: 1, max: 3_000 }),
  prefillPs: fc.nat(50_000_000),
  steps: fc.integer({ min: 1, max: 40 }),
  stepPs: fc.integer({ min: 1, max: 10_000_019 }),
  contextTokenPs: fc.nat(40_009),
});

test("equals dividing step by step, and every picosecond goes to somebody", () => {
  fc.assert(
    fc.property(fc.array(round, { minLength: 1, maxLength: 40, size: "max" }), (rounds) => {
      const meter = new ShareMeter(SLOTS);
      const stays = new Map<number, Stay>();
      let step = 0;
      let chargedPs = 0;
      let spentPs = 0;
      const expectAlike = (slot: number, stay: Stay) => {
        expect(meter.prefillPs(slot)).toBe(stay.prefillPs);
        expectClose(meter.decodePs(slot), stay.decodePs);
      };
      for (const { slot, contextTokens, prefillPs, steps, stepPs, contextTokenPs } of rounds) {
        const leaver = stays.get(slot);
        if (leaver !== undefined) {
          expectAlike(slot, leaver);
          chargedPs += meter.prefillPs(slot) + meter.decodePs(slot);
          stays.delete(slot);
          if (stays.size === 0) meter.reset();
        }
        if (leaver === undefined || prefillPs % 2 === 0) {
          meter.enter(slot);
          expect(meter.decodePs(slot)).toBe(0);
          meter.addPrefill(slot, prefillPs);
          meter.startDecode(slot, step, contextTokens);
          stays.set(slot, { contextTokens, prefillPs, decodePs: 0 });
          spentPs += prefillPs;
        }
        if (stays.size === 0) continue;
        meter.addDecodes(step, steps, (steps * stepPs) / stays.size, contextTokenPs);
        for (let count = 0; count < steps; count++) {
          spentPs += stepPs;
          for (const stay of stays.values()) {
            stay.decodePs += stepPs / stays.size + contextTokenPs * stay.contextTokens;
            spentPs += contextTokenPs * stay.contextTokens;
            stay.contextTokens += 1;
          }
        }
        step += steps;
      }
      for (const [slot, stay] of stays) {
        expectAlike(slot, stay);
        chargedPs += meter.prefillPs(slot) + meter.decodePs(slot);
      }
      expectClose(chargedPs, spentPs);
    }),
    { seed: 1, numRuns: 500 },
  );
});

test("by hand: contexts 11 and 12 in steps 5 and 6, at 3 ps a token and 100 ps each", () => {
  const meter = new ShareMeter(1);
  meter.enter(0);
  meter.startDecode(0, 5, 11);
  meter.addDecodes(5, 2, 200, 3);
  expect(meter.decodePs(0)).toBe(200 + 3 * (11 + 12));
});

test("a new sequence in the slot begins with nothing", () => {
  const meter = new ShareMeter(1);
  meter.enter(0);
  meter.addPrefill(0, 50);
  meter.startDecode(0, 0, 9);
  meter.addDecodes(0, 4, 100, 2);
  meter.enter(0);
  expect(meter.prefillPs(0) + meter.decodePs(0)).toBe(0);
});

function expectClose(actual: number, expected: number): void {
  expect(Math.abs(actual - expected)).toBeLessThanOrEqual(1 + 1e-9 * Math.abs(expected));
}
