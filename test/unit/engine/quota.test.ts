/** Rate limits, budgets and the reservations of a tenant. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Budget } from "../../../src/engine/quota/budget.ts";
import { Gcra } from "../../../src/engine/quota/gcra.ts";
import { SLA_MIN_SAMPLES, SlaWindow } from "../../../src/engine/sla/sla-window.ts";

describe("GCRA", () => {
  test("lets a burst through and then one per interval, and says exactly when", () => {
    const limit = new Gcra(10, 3);
    for (let n = 0; n < 3; n++) {
      expect(limit.waitNs(0, 1)).toBe(0);
      limit.take(0, 1);
    }
    const waitNs = limit.waitNs(0, 1);
    expect(waitNs).toBe(100_000_000);
    expect(limit.waitNs(waitNs - 1, 1)).toBe(1);
    expect(limit.waitNs(waitNs, 1)).toBe(0);
  });

  test("never lets more than burst + rate x time through, whatever comes when", () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(fc.integer({ min: 0, max: 400_000_000 }), fc.integer({ min: 1, max: 5 })),
          {
            maxLength: 60,
          },
        ),
        (arrivals) => {
          const limit = new Gcra(20, 5);
          let nowNs = 0;
          let taken = 0;
          for (const [gapNs, units] of arrivals) {
            nowNs += gapNs;
            const waitNs = limit.waitNs(nowNs, units);
            if (waitNs > 0) {
              expect(limit.waitNs(nowNs + waitNs, units)).toBe(0);
              continue;
            }
            limit.take(nowNs, units);
            taken += units;
            expect(taken).toBeLessThanOrEqual(5 + (20 * nowNs) / 1e9 + 1e-6);
          }
        },
      ),
      { seed: 20260101 },
    );
  });

  test("what can never fit waits for ever; what was not used is given back", () => {
    const limit = new Gcra(1, 10);
    expect(limit.waitNs(0, 11)).toBe(Infinity);
    limit.take(0, 10);
    limit.giveBack(4);
    expect(limit.waitNs(0, 4)).toBe(0);
    expect(limit.waitNs(0, 5)).toBe(1_000_000_000);
  });
});

describe("a hard budget", () => {
  test("is overshot by nothing, however many race", () => {
    const budget = new Budget(1000);
    budget.startPeriod(1, 5_000);
    let admitted = 0;
    for (let n = 0; n < 50; n++) {
      if (budget.waitNs(100, 90) > 0) continue;
      budget.reserve(90);
      admitted += 1;
    }
    expect(admitted).toBe(11);
    expect(budget.waitNs(100, 90)).toBe(4_900);
    budget.settle(1, 90, 10);
    expect({ reserved: budget.reserved, spent: budget.spent }).toEqual({
      reserved: 900,
      spent: 10,
    });
    expect(budget.waitNs(100, 90)).toBe(0);
  });

  test("starts afresh with its period, and what is settled late concerns the old one", () => {
    const budget = new Budget(100);
    budget.startPeriod(1, 1_000);
    budget.reserve(100);
    budget.startPeriod(2, 2_000);
    expect(budget.waitNs(1_000, 100)).toBe(0);
    budget.settle(1, 100, 100);
    expect({ reserved: budget.reserved, spent: budget.spent }).toEqual({ reserved: 0, spent: 0 });
    expect(() => budget.settle(2, 1, 0)).toThrow("settled twice");
  });
});

test("an SLA window agrees with sorting its last thousand samples", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 200 }), { minLength: 1, maxLength: 2500 }),
      (samples) => {
        const window = new SlaWindow({ limitNs: 100, percentile: 99 }, 1.5);
        for (const sample of samples) window.add(sample);
        const last = samples.slice(-1000).toSorted((a, b) => a - b);
        const p99 = last[Math.ceil(0.99 * last.length) - 1];
        const known = last.length >= SLA_MIN_SAMPLES;
        expect(window.percentileNs()).toBe(known ? p99 : undefined);
        expect(window.isAlarming).toBe(known && p99! > 150);
      },
    ),
    { seed: 20260101, numRuns: 60 },
  );
});
