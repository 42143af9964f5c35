/** What a hold means: exact waits of a throttle, caps between everything and one, fences, and that none of them starves. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { capAt, capRungsOf } from "../../../../src/engine/isolation/mitigation.ts";
import { type Restraint, Restraints } from "../../../../src/engine/isolation/restraints.ts";

const SEED = Number(process.env["SWARM_SEED"] ?? 20_260_101);

const FREE: Restraint = { maxInFlight: 10, isToShare: false, replicas: undefined, rate: undefined };
const NOBODY: ReadonlySet<number> = new Set();

test.each([
  // Of 256 at once a third is 85.33: half of the way there, three quarters, all of it; rounded up.
  [1, 256, 1 / 3, 171],
  [2, 256, 1 / 3, 128],
  [3, 256, 1 / 3, 86],
  [4, 256, 1 / 3, 86],
  [3, 2, 0.1, 1],
  [1, 0, 0.5, 1],
])("on rung %i, of %i at once, a share of %f comes to a cap of %i", (rung, most, due, cap) => {
  expect(capAt({ rung, capRungs: 3 }, most, due)).toBe(cap);
});

test.each([
  [256, 1 / 3, 3],
  // 3.75, 3.1 and 2.5: one cap of 3, then 2.
  [5, 0.5, 2],
  [1, 0.5, 1],
  [0, 0.5, 1],
])("of %i at once, a share of %f is reached in %i steps", (most, due, steps) => {
  expect(capRungsOf(most, due)).toBe(steps);
});

test("a cap counts what is in flight, for the one held and nobody else", () => {
  const restraints = new Restraints();
  restraints.hold(3, { ...FREE, maxInFlight: 2 }, NOBODY);
  expect([0, 1, 2, 3].map((inFlight) => restraints.isAtCap(3, inFlight))).toEqual([
    false,
    false,
    true,
    true,
  ]);
  expect(restraints.isAtCap(4, 1000)).toBe(false);
  restraints.release(3);
  expect(restraints.isAtCap(3, 1000)).toBe(false);
});

describe("a throttle at half a replica's time", () => {
  const HELD: Restraint = { ...FREE, rate: 0.5 };

  test("lets a second of its rate through at once, and then says exactly when the next passes", () => {
    const restraints = new Restraints();
    restraints.hold(0, HELD, NOBODY);
    // Each request takes 300 ms of a replica, 600 ms at half of one: two make 1.2 s of debt, of which 1 s is allowed.
    for (let sent = 0; sent < 2; sent++) {
      expect(restraints.throttledNs(0, 0)).toBe(0);
      restraints.admitted(0, 0, 300e6);
    }
    expect(restraints.throttledNs(0, 0)).toBe(200e6);
    expect(restraints.throttledNs(199_999_999, 0)).toBe(1);
    expect(restraints.throttledNs(200e6, 0)).toBe(0);
  });

  test("lets a request of any length pass, and has the next pay for it", () => {
    const restraints = new Restraints();
    restraints.hold(0, HELD, NOBODY);
    restraints.admitted(0, 0, 60e9);
    expect(restraints.throttledNs(0, 0)).toBe(119e9);
    expect(restraints.throttledNs(119e9, 0)).toBe(0);
  });

  test("stays as full when it is set again, and is gone with the hold", () => {
    const restraints = new Restraints();
    restraints.hold(0, HELD, NOBODY);
    restraints.admitted(0, 0, 1e9);
    restraints.hold(0, { ...HELD, rate: 0.25 }, NOBODY);
    expect(restraints.throttledNs(0, 0)).toBe(1e9);
    restraints.release(0);
    expect(restraints.throttledNs(0, 0)).toBe(0);
  });
});

test(`whoever keeps asking gets his rate, and no more than it but for a second and a request (seed ${SEED})`, () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0.01, max: 8, noNaN: true }),
      fc.array(fc.integer({ min: 1e6, max: 2e9 }), { minLength: 20, maxLength: 100 }),
      (rate, servicesNs) => {
        const restraints = new Restraints();
        restraints.hold(0, { ...FREE, rate }, NOBODY);
        let nowNs = 0;
        let admittedNs = 0;
        for (const serviceNs of servicesNs) {
          nowNs += restraints.throttledNs(nowNs, 0);
          // What he was told is true: the wait is over now, and was not a nanosecond ago.
          expect(restraints.throttledNs(nowNs, 0)).toBe(0);
          expect(admittedNs).toBeLessThanOrEqual(rate * (nowNs + 1e9) + 2e9);
          expect(admittedNs).toBeGreaterThanOrEqual(rate * nowNs - 1);
          restraints.admitted(nowNs, 0, serviceNs);
          admittedNs += serviceNs;
        }
      },
    ),
    { seed: SEED },
  );
});

test("a fence keeps its tenant in, and sends those it protects elsewhere first", () => {
  const restraints = new Restraints();
  restraints.hold(0, { ...FREE, replicas: new Set([1]) }, new Set([2, 3]));
  restraints.hold(3, { ...FREE, replicas: new Set([0]) }, new Set([2]));
  expect([0, 1, 2].map((replica) => restraints.fenceOf(0)!.allows(replica))).toEqual([
    false,
    true,
    false,
  ]);
  const victim = restraints.fenceOf(2)!;
  expect(victim.allows(1)).toBe(true);
  expect([0, 1, 2].map((replica) => victim.detourNs(replica) > 0)).toEqual([true, true, false]);
  // Tenant 3 is protected from 0 and confined itself: it must go where it is confined.
  expect([0, 1, 2].map((replica) => restraints.fenceOf(3)!.allows(replica))).toEqual([
    true,
    false,
    false,
  ]);
  expect(restraints.fenceOf(4)).toBeUndefined();
});

test("a hold that would starve is a bug", () => {
  const restraints = new Restraints();
  for (const [change, message] of [
    [{ maxInFlight: 0 }, "a cap that starves"],
    [{ replicas: NOBODY }, "a fence around nothing"],
    [{ rate: 0 }, "a throttle that starves"],
  ] as const) {
    expect(() => restraints.hold(0, { ...FREE, ...change }, NOBODY)).toThrow(message);
  }
});
