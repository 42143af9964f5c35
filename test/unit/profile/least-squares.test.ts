/** Non-negative and robust least squares on problems whose answers are known. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { dot, median, ownShare, robustFit } from "../../../src/profile/least-squares.ts";

function problem(features: readonly (readonly number[])[], targets: readonly number[]) {
  const ones = targets.map(() => 1);
  return { features, targets, scales: targets.map(Math.abs), weights: ones };
}

describe("robustFit", () => {
  test("finds coefficients that explain everything", () => {
    const features = [
      [1, 0],
      [1, 10],
      [1, 25],
      [1, 70],
    ];
    const fitted = robustFit(
      problem(
        features,
        features.map(([, x]) => 3 + 0.5 * x!),
      ),
    );
    expect(fitted[0]).toBeCloseTo(3, 6);
    expect(fitted[1]).toBeCloseTo(0.5, 6);
  });

  test("holds at 0 what would be negative, and fits the rest without it", () => {
    // A falling line: the best without a slope is between 10 and 8, weighted by 1 / target squared.
    const [level, slope] = robustFit(
      problem(
        [
          [1, 1],
          [1, 2],
        ],
        [10, 8],
      ),
    );
    expect(slope).toBe(0);
    expect(level).toBeCloseTo((10 / 100 + 8 / 64) / (1 / 100 + 1 / 64), 6);
  });

  test("is not moved by a few times that are not the step's own", () => {
    const features = Array.from({ length: 40 }, (_, x) => [1, x]);
    const targets = features.map(([, x], at) => (at % 8 === 3 ? 300 : 20 + 2 * x!));
    const [level, slope] = robustFit(problem(features, targets));
    expect(level).toBeCloseTo(20, 3);
    expect(slope).toBeCloseTo(2, 4);
  });

  test("meets the conditions of the optimum: no gradient where positive, none upwards where 0", () => {
    const row = fc.array(fc.double({ min: 0, max: 9, noNaN: true }), {
      minLength: 3,
      maxLength: 3,
    });
    const rows = fc.array(fc.tuple(row, fc.double({ min: 0.9, max: 1.1, noNaN: true })), {
      minLength: 4,
      maxLength: 30,
    });
    fc.assert(
      fc.property(rows, (given) => {
        // Targets within 10 % of each other: nothing is trimmed; one weight each, so that the gradient is plain.
        const features = given.map(([values]) => values);
        const targets = given.map(([, target]) => target);
        const fitted = robustFit({ ...problem(features, targets), scales: targets.map(() => 1e6) });
        const errors = features.map((values, at) => targets[at]! - dot(values, fitted));
        for (const [column, coefficient] of fitted.entries()) {
          const gradient = dot(
            errors,
            features.map((values) => values[column]!),
          );
          const length = dot(
            features.map((values) => values[column]! ** 2),
            features.map(() => 1),
          );
          expect(coefficient).toBeGreaterThanOrEqual(0);
          if (length < 1e-6) continue;
          expect(gradient / Math.sqrt(length)).toBeLessThan(1e-5);
          if (coefficient > 1e-6) expect(Math.abs(gradient) / Math.sqrt(length)).toBeLessThan(1e-5);
        }
      }),
    );
  });
});

test("ownShare is what no other column can stand for", () => {
  const targets = [1, 1, 1, 1];
  const features = [
    [1, 0, 1],
    [1, 1, 2],
    [1, 0, 1],
    [1, 1, 2],
  ];
  expect(ownShare(problem(features, targets), 2)).toBeLessThan(1e-4);
  // Of (1, 0, 1, 0) a constant can stand for (1/2, ...): half of its squared length is left.
  const half = [1, 0, 1, 0].map((value) => [1, value]);
  expect(ownShare(problem(half, targets), 1)).toBeCloseTo(Math.SQRT1_2, 6);
});

test.each([
  [[3], 3],
  [[1, 9], 5],
  [[9, 1, 2], 2],
])("the median of %j is %d", (values, middle) => {
  expect(median(values)).toBe(middle);
});
