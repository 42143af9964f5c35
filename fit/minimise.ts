/**
 * Fits positive constants: the simplex search of Nelder and Mead over their logarithms, with a loss on logarithms of
 * predicted over measured that grows linearly for outliers. Few constants, smooth formulas: a search without derivatives
 * is fast enough, and cannot run into a constant below zero.
 */

/** Residuals beyond this (as a share) count linearly. */
const OUTLIER = 0.1;
const MOST_ROUNDS = 600;
const FIRST_STEP = 0.2;
const TOLERANCE = 1e-7;

/** The constants that make `predict` come nearest to what was measured; the search starts at `start`. */
export function fitConstants(
  start: readonly number[],
  rows: number,
  predict: (constants: readonly number[], row: number) => number,
  measured: (row: number) => number,
): number[] {
  const loss = (logs: readonly number[]) => {
    const constants = logs.map(Math.exp);
    let total = 0;
    for (let row = 0; row < rows; row++) {
      const ratio = Math.log(predict(constants, row) / measured(row)) / OUTLIER;
      total += Math.sqrt(1 + ratio * ratio) - 1;
    }
    return total / rows;
  };
  return minimise(start.map(Math.log), loss).map(Math.exp);
}

interface Corner {
  readonly at: readonly number[];
  readonly value: number;
}

function minimise(start: readonly number[], loss: (at: readonly number[]) => number): number[] {
  const corner = (at: readonly number[]): Corner => ({ at, value: loss(at) });
  let simplex = [
    start,
    ...start.map((_, axis) => start.map((x, i) => x + (i === axis ? FIRST_STEP : 0))),
  ].map(corner);
  for (let round = 0; round < MOST_ROUNDS; round++) {
    simplex.sort((a, b) => a.value - b.value);
    const [best, worst] = [simplex[0]!, simplex.at(-1)!];
    if (worst.value - best.value < TOLERANCE * (best.value + TOLERANCE)) break;
    const rest = simplex.slice(0, -1);
    const centre = start.map((_, axis) => mean(rest.map(({ at }) => at[axis]!)));
    const along = (factor: number) =>
      corner(centre.map((x, axis) => x + factor * (worst.at[axis]! - x)));
    const reflected = along(-1);
    if (reflected.value < best.value) {
      const expanded = along(-2);
      simplex = [...rest, expanded.value < reflected.value ? expanded : reflected];
    } else if (reflected.value < rest.at(-1)!.value) {
      simplex = [...rest, reflected];
    } else {
      const contracted = along(reflected.value < worst.value ? -0.5 : 0.5);
      simplex =
        contracted.value < Math.min(reflected.value, worst.value)
          ? [...rest, contracted]
          : simplex.map((one) => corner(one.at.map((x, axis) => (x + best.at[axis]!) / 2)));
    }
  }
  return [...simplex.toSorted((a, b) => a.value - b.value)[0]!.at];
}

export interface Errors {
  readonly rows: number;
  /** Mean and median of |predicted / measured - 1|, and median of the signed error. */
  readonly mean: number;
  readonly median: number;
  readonly bias: number;
}

export function errorsOf(predicted: readonly number[], measured: readonly number[]): Errors {
  const signed = predicted.map((value, row) => value / measured[row]! - 1);
  const absolute = signed.map(Math.abs);
  return {
    rows: signed.length,
    mean: mean(absolute),
    median: median(absolute),
    bias: median(signed),
  };
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
