/** Named streams: what they repeat, what they keep apart, and moments of the draws made from them. */
import { describe, expect, test } from "vitest";
import {
  type RandomStream,
  drawExponential,
  drawNormal,
  randomStream,
} from "../../../src/base/random.ts";

const DRAWS = 100_000;

function take(count: number, draw: () => number): number[] {
  return Array.from({ length: count }, draw);
}

/** Mean of f over many draws; its standard error is below 0.01 for everything asked here. */
function mean(draw: (random: RandomStream) => number, f: (value: number) => number): number {
  const random = randomStream(1, "moments");
  return take(DRAWS, () => f(draw(random))).reduce((sum, value) => sum + value, 0) / DRAWS;
}

describe("a stream", () => {
  test("repeats for the same seed and name", () => {
    expect(take(20, randomStream(7, "gaps"))).toEqual(take(20, randomStream(7, "gaps")));
  });

  test.each([
    ["another name", randomStream(7, "lengths")],
    ["another seed", randomStream(8, "gaps")],
    ["a name that joins with the seed to similar text", randomStream(7, "/gaps")],
  ])("differs for %s", (_, other) => {
    expect(take(5, randomStream(7, "gaps"))).not.toEqual(take(5, other));
  });

  test("is not moved by draws from another", () => {
    const undisturbed = take(10, randomStream(7, "gaps"));
    const stream = randomStream(7, "gaps");
    const other = randomStream(7, "lengths");
    const disturbed = take(10, () => {
      other();
      return stream();
    });
    expect(disturbed).toEqual(undisturbed);
  });

  test("draws from [0, 1)", () => {
    const draws = take(DRAWS, randomStream(3, "range"));
    expect(draws.every((draw) => draw >= 0 && draw < 1)).toBe(true);
  });
});

describe("moments", () => {
  test.each([
    ["exponential mean", drawExponential, (x: number) => x, 1],
    ["exponential tail beyond 2", drawExponential, (x: number) => Number(x > 2), Math.exp(-2)],
    ["normal mean", drawNormal, (x: number) => x, 0],
    ["normal variance", drawNormal, (x: number) => x * x, 1],
    ["normal share within 1", drawNormal, (x: number) => Number(Math.abs(x) < 1), 0.6827],
  ])("%s", (_, draw, f, expected) => {
    expect(Math.abs(mean(draw, f) - expected)).toBeLessThan(0.02);
  });

  test("an exponential draw is finite at both ends of the range", () => {
    expect(Math.abs(drawExponential(() => 0))).toBe(0);
    expect(drawExponential(() => 1 - Number.EPSILON / 2)).toBeCloseTo(36.7, 1);
  });
});
