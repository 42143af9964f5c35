/** When a pool takes on replicas and gives them back, worked by hand: one check a second, and risks as they would be measured. */
import { describe, expect, test } from "vitest";
import { Autoscaler, type PoolScale } from "../../../src/engine/allocation/autoscaler.ts";
import type { AutoscaleConfig } from "../../../src/engine/config.ts";

const S = 1e9;
const CONFIG: AutoscaleConfig = {
  min: 1,
  initial: 2,
  provisioningDelayNs: 60 * S,
  scaleOutAbove: 0.7,
  scaleOutAfterNs: 10 * S,
  scaleInBelow: 0.4,
  scaleInAfterNs: 30 * S,
  cooldownNs: 20 * S,
  smoothingNs: 0,
};

/** A pool of 8 whose replicas all take requests. */
function pool(risk: number, open: number, change: Partial<PoolScale> = {}): PoolScale {
  const booting = change.booting ?? 0;
  return { risk, open, booting, down: 0, spare: 8 - open - booting, ...change };
}

function scalerWith(change: Partial<AutoscaleConfig> = {}): Autoscaler {
  return new Autoscaler(() => ({ ...CONFIG, ...change }));
}

/** Checks every second from `from` to `to`, and returns when something was decided, and what. */
function decisions(
  scaler: Autoscaler,
  [from, to]: readonly [number, number],
  at: (second: number) => PoolScale,
): [number, number][] {
  const found: [number, number][] = [];
  for (let second = from; second <= to; second++) {
    const change = scaler.check(second * S, at(second));
    if (change !== 0) found.push([second, change]);
  }
  return found;
}

describe("out", () => {
  test("after ten seconds above the threshold, not one check earlier", () => {
    expect(decisions(scalerWith(), [1, 11], () => pool(0.8, 2))).toEqual([[11, 1]]);
    expect(decisions(scalerWith(), [1, 10], () => pool(0.8, 2))).toEqual([]);
  });

  test("a dip to the threshold starts the ten seconds anew", () => {
    expect(decisions(scalerWith(), [1, 19], (second) => pool(second === 8 ? 0.7 : 0.8, 2))).toEqual(
      [[19, 1]],
    );
  });

  test.each([
    // 4 replicas at 0.8 of what they may run at 0.7: 4 x 0.8 / 0.7 = 4.57, so 5.
    [0.8, 4, 1],
    // 4 x 1 / 0.7 = 5.7, so 6.
    [1, 4, 2],
    // 3 x 2 / 0.7 = 8.6, but no more than twice as many: 6.
    [2, 3, 3],
    // 5 x 2 / 0.7 = 14, twice as many are 10, and there are 8 in all.
    [2, 5, 3],
  ])("a risk of %d on %d replicas asks for %d more", (risk, open, more) => {
    expect(decisions(scalerWith(), [1, 11], () => pool(risk, open))).toEqual([[11, more]]);
  });

  test("while replicas boot, only what they will not do is asked for", () => {
    const enough = scalerWith();
    // 4 x 1 / 0.7 = 5.7: six, of which two are on their way.
    expect(decisions(enough, [1, 60], () => pool(1, 4, { booting: 2 }))).toEqual([]);
    const short = scalerWith();
    expect(decisions(short, [1, 11], () => pool(1, 4, { booting: 1 }))).toEqual([[11, 1]]);
  });

  test("after replicas have come up, the cool-down passes before more are asked for", () => {
    const scaler = scalerWith();
    decisions(scaler, [1, 30], () => pool(1, 4, { booting: 2 }));
    expect(decisions(scaler, [31, 60], () => pool(0.9, 6))).toEqual([[50, 2]]);
  });

  test("with nothing to spare it asks for nothing, and with a risk that is over neither", () => {
    expect(decisions(scalerWith(), [1, 60], () => pool(1, 8))).toEqual([]);
    const averaging = scalerWith({ smoothingNs: 100 * S });
    decisions(averaging, [1, 60], () => pool(10, 2, { booting: 2 }));
    expect(averaging.risk).toBeGreaterThan(4);
    expect(decisions(averaging, [61, 120], () => pool(0.3, 4))).toEqual([]);
  });
});

describe("in", () => {
  test("after thirty quiet seconds, one at a time, and again after thirty more", () => {
    // 0.3 on 5 would be 0.375 on 4.
    const scaler = scalerWith();
    expect(decisions(scaler, [1, 31], () => pool(0.3, 5))).toEqual([[31, -1]]);
    expect(decisions(scaler, [32, 100], () => pool(0.2, 4))).toEqual([
      [62, -1],
      [93, -1],
    ]);
  });

  test("is judged by the risk with one replica fewer", () => {
    // 0.33 on 5 would be 0.4125 on 4: not below 0.4.
    expect(decisions(scalerWith(), [1, 200], () => pool(0.33, 5))).toEqual([]);
    // 0.3 on 2 would be 0.6 on 1.
    expect(decisions(scalerWith(), [1, 200], () => pool(0.3, 2))).toEqual([]);
  });

  test("never below the least, and not while replicas boot", () => {
    expect(decisions(scalerWith({ min: 3 }), [1, 200], () => pool(0, 3))).toEqual([]);
    expect(decisions(scalerWith(), [1, 200], () => pool(0, 3, { booting: 1 }))).toEqual([]);
  });

  test("waits for the cool-down after scaling out", () => {
    const scaler = scalerWith({ cooldownNs: 60 * S });
    expect(decisions(scaler, [1, 11], () => pool(0.8, 2))).toEqual([[11, 1]]);
    expect(decisions(scaler, [12, 100], () => pool(0.1, 3))).toEqual([[71, -1]]);
  });

  test("a replica that is down is spared without any projection", () => {
    expect(decisions(scalerWith(), [1, 31], () => pool(0.35, 1, { down: 1 }))).toEqual([[31, -1]]);
  });
});

test("a load that scales with the replicas makes it settle, not flap", () => {
  const scaler = scalerWith();
  let open = 1;
  const changes: [number, number][] = [];
  for (let second = 1; second <= 3600; second++) {
    const change = scaler.check(second * S, pool(2.9 / open, open));
    if (change !== 0) changes.push([second, change]);
    open += change;
  }
  // 2.9 / 0.7 = 4.14 replicas: from 1 to 2, to 4, to 5, and there it stays: 2.9 / 4 is far above 0.4.
  expect(changes).toEqual([
    [11, 1],
    [31, 2],
    [51, 1],
  ]);
});

test("fewer than the least are made up at once, as far as there are any", () => {
  const scaler = scalerWith({ min: 4 });
  expect(scaler.check(S, pool(0, 2, { down: 2, spare: 4 }))).toBe(2);
  expect(scaler.check(2 * S, pool(0, 2, { down: 2, booting: 2, spare: 2 }))).toBe(0);
  expect(scalerWith({ min: 4 }).check(S, pool(0, 1, { down: 7, spare: 0 }))).toBe(0);
});

test("the average follows with its time constant: half of the way in one check as long as it", () => {
  const scaler = scalerWith({ smoothingNs: 4 * S });
  scaler.check(4 * S, pool(0.8, 2));
  expect(scaler.risk).toBe(0.4);
  scaler.check(8 * S, pool(0.8, 2));
  expect(scaler.risk).toBeCloseTo(0.6, 12);
  // 2 replicas x 0.6 / 0.7.
  expect(scaler.needed).toBeCloseTo(1.714286, 6);
});
