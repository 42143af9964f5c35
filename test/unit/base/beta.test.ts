/** The incomplete beta function and what is made of it, against closed forms and published tables. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { betaCdf, betaQuantile, shareAtLeast, studentQuantile } from "../../../src/base/beta.ts";

describe("the incomplete beta function", () => {
  test.each([
    // I_x(1, b) = 1 - (1 - x)^b, I_x(a, 1) = x^a, I_x(2, 2) = 3x^2 - 2x^3, I_x(1/2, 1/2) = 2 asin(sqrt x) / pi.
    [0.3, 1, 5, 1 - 0.7 ** 5],
    [0.3, 4, 1, 0.3 ** 4],
    [0.2, 2, 2, 3 * 0.04 - 2 * 0.008],
    [0.7, 0.5, 0.5, (2 * Math.asin(Math.sqrt(0.7))) / Math.PI],
    [0, 2, 3, 0],
    [1, 2, 3, 1],
  ])("at %f with %f and %f", (x, a, b, expected) => {
    expect(betaCdf(x, a, b)).toBeCloseTo(expected, 12);
  });

  test("is inverted by its quantile", () => {
    const parameter = fc.double({ min: 0.5, max: 50, noNaN: true });
    fc.assert(
      fc.property(
        fc.double({ min: 0.001, max: 0.999, noNaN: true }),
        parameter,
        parameter,
        (p, a, b) => {
          expect(betaCdf(betaQuantile(p, a, b), a, b)).toBeCloseTo(p, 8);
        },
      ),
    );
  });
});

test.each([
  // NIST/SEMATECH e-Handbook, 1.3.6.7.2.
  [0.975, 1, 12.706],
  [0.975, 4, 2.776],
  [0.95, 10, 1.812],
  [0.995, 20, 2.845],
  [0.025, 4, -2.776],
])("Student's t at %f with %i degrees of freedom", (probability, degrees, expected) => {
  expect(studentQuantile(probability, degrees)).toBeCloseTo(expected, 3);
});

test("an exact lower limit on a share: all of n, and none", () => {
  // Of n successes in n trials: error^(1 / n).
  expect(shareAtLeast(59, 59, 0.95)).toBeCloseTo(0.05 ** (1 / 59), 9);
  expect(shareAtLeast(0, 10, 0.95)).toBe(0);
});
