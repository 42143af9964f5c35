/** --vary: values as written, ranges that add up exactly, samples that use every part of a dimension once; nothing else passes. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { combinations } from "../../../src/planner/sweep-space.ts";
import { type Dimension, parseVary } from "../../../src/planner/vary.ts";

function dimension(text: string): Dimension {
  const parsed = parseVary(text);
  if (parsed.kind === "refused") throw new Error(parsed.message);
  return parsed.dimension;
}

function values(text: string): readonly string[] {
  const { values: written } = dimension(text);
  if (written.kind === "range") throw new Error("a range without a step");
  return written.texts;
}

function sample(texts: readonly string[], variants: number, seed: number) {
  const space = combinations(texts.map(dimension), { variants, seed });
  if (space.kind === "refused") throw new Error(space.message);
  return space.points;
}

describe("values", () => {
  test.each([
    ["a=1", ["1"]],
    ["a=40,50,60", ["40", "50", "60"]],
    ["a= fcfs , vtc", ["fcfs", "vtc"]],
    ["a=8..32:8", ["8", "16", "24", "32"]],
    ["a=8..30:8", ["8", "16", "24"]],
    ["a=0.1..0.3:0.1", ["0.1", "0.2", "0.3"]],
    ["a=0..1:0.25", ["0", "0.25", "0.5", "0.75", "1"]],
    ["a=-2..2:2", ["-2", "0", "2"]],
    ["a=40/s..120/s:40/s", ["40/s", "80/s", "120/s"]],
    ["a=40..120/s:40", ["40/s", "80/s", "120/s"]],
    ["a=50ms..150ms:50ms", ["50ms", "100ms", "150ms"]],
    ["a=60%..80%:10%", ["60%", "70%", "80%"]],
    ["a=$2/h..$3/h:$0.5/h", ["$2/h", "$2.5/h", "$3/h"]],
    ["a=1,8..16:4,never", ["1", "8", "12", "16", "never"]],
    ["a={ x: 1, y: 2 },[1, 2],'b,c'", ["{ x: 1, y: 2 }", "[1, 2]", "'b,c'"]],
  ])("%s are %j", (text, expected) => {
    expect(values(text)).toEqual(expected);
  });

  test.each([
    ["8..32", "expected path=values"],
    ["a=1,,2", "a value is missing"],
    ["a=", "a value is missing"],
    ["a=1,1", "1 is named twice"],
    ["a=4,2..6:2", "4 is named twice"],
    ["a=32..8:4", "must rise"],
    ["a=8..32:0", "the step must be above 0"],
    ["a=1ms..2s:1ms", "need the same unit"],
    ["a=1..2,5", "needs a step"],
    ["a=0..1:0.0001", "more than 1000 values"],
    ["a=[1,2", "left open"],
  ])("%s is refused: %s", (text, message) => {
    expect(parseVary(text)).toMatchObject({ kind: "refused" });
    expect(JSON.stringify(parseVary(text))).toContain(message);
  });

  test("a range holds every multiple of its step up to its end, whatever its decimals", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -1000, max: 1000 }),
        fc.integer({ min: 1, max: 50 }),
        fc.integer({ min: 0, max: 60 }),
        fc.integer({ min: 0, max: 3 }),
        (low, step, count, decimals) => {
          const text = (scaled: number): string => (scaled / 10 ** decimals).toFixed(decimals);
          const high = low + step * count + (step - 1);
          const found = values(`a=${text(low)}..${text(high)}:${text(step)}`);
          expect(found.map(Number)).toEqual(
            Array.from({ length: count + 1 }, (_, at) => Number(text(low + at * step))),
          );
        },
      ),
    );
  });
});

describe("a grid", () => {
  test("has every combination, the last dimension changing fastest", () => {
    const space = combinations([dimension("a=1,2"), dimension("b=x,y,z")], undefined);
    expect(space).toEqual({
      kind: "combinations",
      points: [
        ["1", "x"],
        ["1", "y"],
        ["1", "z"],
        ["2", "x"],
        ["2", "y"],
        ["2", "z"],
      ],
    });
  });

  test("refuses a range without a step, and more than anybody could look at", () => {
    expect(combinations([dimension("a=0.5..2")], undefined)).toMatchObject({ kind: "refused" });
    const many = ["a", "b"].map((name) => dimension(`${name}=1..900:1`));
    expect(combinations(many, undefined)).toMatchObject({ kind: "refused" });
  });
});

describe("a sample", () => {
  test("uses every part of every dimension once", () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 60 }), fc.integer({ min: 0, max: 999 }), (n, seed) => {
        const points = sample(["a=0.0..1.0", "b=10.0..20.0"], n, seed);
        expect(points).toHaveLength(n);
        for (const [column, low, width] of [
          [0, 0, 1],
          [1, 10, 10],
        ] as const) {
          const scaled = points.map((point) => (n * (Number(point[column]) - low)) / width);
          // A draw is rounded to four digits: one at the edge of its part may lie on it.
          const parts = scaled.toSorted((a, b) => a - b);
          for (const [at, part] of parts.entries()) {
            expect(part).toBeGreaterThanOrEqual(at - 0.004 * n);
            expect(part).toBeLessThanOrEqual(at + 1 + 0.004 * n);
          }
        }
      }),
    );
  });

  test("draws whole numbers from whole ends, each as often as any other, and keeps units", () => {
    const points = sample(["a=1..4", "b=10ms..19ms"], 40, 7);
    const counts = new Map<string, number>();
    for (const [a] of points) counts.set(a!, (counts.get(a!) ?? 0) + 1);
    // Forty draws that came out equal in both are one variant.
    expect([...counts.keys()].toSorted()).toEqual(["1", "2", "3", "4"]);
    for (const [, b] of points) expect(b).toMatch(/^1\dms$/);
  });

  test("takes lists in equal parts", () => {
    const points = sample(["a=0.0..9.0", "policy=fcfs,vtc"], 20, 3);
    expect(points.filter(([, policy]) => policy === "fcfs")).toHaveLength(10);
  });

  test("is the same for the same seed, and a dimension keeps its draws when another joins", () => {
    const one = sample(["a=0.0..1.0"], 10, 5);
    const two = sample(["a=0.0..1.0", "b=1..9"], 10, 5);
    expect(two.map(([a]) => a)).toEqual(one.map(([a]) => a));
    expect(sample(["a=0.0..1.0"], 10, 6)).not.toEqual(one);
  });
});
