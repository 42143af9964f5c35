/**
 * Least squares with coefficients that may not be negative (Lawson and Hanson's active set, 1974), and its robust form:
 * rows far off count less (Huber's weights, found by repetition). Small dense problems, a few dozen coefficients; exact
 * enough in doubles because columns are scaled to one length first.
 */
import { assert } from "../base/assert.ts";

export interface Problem {
  /** A row of features per observation, all equally long. */
  readonly features: readonly (readonly number[])[];
  readonly targets: readonly number[];
  /** What one observation's error is measured in: errors count by their ratio to it. */
  readonly scales: readonly number[];
  readonly weights: readonly number[];
}

/** Huber's constant for 95 % efficiency on normal errors, and what turns a median deviation into a standard one. */
const HUBER = 1.345;
const MEDIAN_TO_SIGMA = 1.4826;
/** Errors below this count in full however small all others are: a thousandth of a step's time. */
const LEAST_THRESHOLD = 1e-3;
/**
 * Times this far off the fit, either way, are of something else than the step: engines that log as they compute now and
 * then book one step's time on the next. They first count little, and from the given round on not at all.
 */
export const FAR_OFF = 1.5;
const TRIMMED_FROM = 10;
/** The weights settle after a handful of rounds; more change nothing that is printed. */
const ROUNDS = 25;
/** Of a column's length: keeps columns that say the same from dividing by zero, and moves nothing else. */
const RIDGE = 1e-10;

/** Coefficients, none negative, of the robust fit. */
export function robustFit(problem: Problem): readonly number[] {
  let factors: readonly number[] = problem.targets.map(() => 1);
  let fitted: readonly number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    fitted = nonNegative(normalEquations(problem, factors));
    const errors = problem.targets.map((target, row) => {
      return (dot(problem.features[row]!, fitted) - target) / problem.scales[row]!;
    });
    factors = robustFactors(errors, round >= TRIMMED_FROM);
  }
  return fitted;
}

/** Whether a predicted time is too far off the measured one; `error` is relative to the measured. */
export function isFarOff(error: number): boolean {
  return error > FAR_OFF - 1 || error < 1 / FAR_OFF - 1;
}

function robustFactors(errors: readonly number[], isTrimmed: boolean): readonly number[] {
  const sigma = MEDIAN_TO_SIGMA * median(errors.map(Math.abs));
  const threshold = Math.max(LEAST_THRESHOLD, HUBER * sigma);
  return errors.map((error) => {
    if (isTrimmed && isFarOff(error)) return 0;
    return Math.min(1, threshold / Math.abs(error));
  });
}

/**
 * How much of a column no other columns can stand for, as a share of its length (0: it is a mixture of them, and its
 * coefficient is anybody's guess).
 */
export function ownShare(problem: Problem, column: number): number {
  const { gram } = normalEquations(
    problem,
    problem.targets.map(() => 1),
  );
  const others = gram.map((_, index) => index).filter((index) => index !== column);
  const links = others.map((index) => gram[index]![column]!);
  const mixture = solve(
    others.map((row) => others.map((index) => gram[row]![index]!)),
    links,
  );
  const length = gram[column]![column]!;
  return length === 0 ? 0 : Math.sqrt(Math.max(0, 1 - dot(mixture, links) / length));
}

export function median(values: readonly number[]): number {
  assert(values.length > 0, "the median of nothing");
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

export function dot(a: readonly number[], b: readonly number[]): number {
  let sum = 0;
  for (let index = 0; index < a.length; index++) sum += a[index]! * b[index]!;
  return sum;
}

interface Equations {
  readonly gram: readonly (readonly number[])[];
  readonly moment: readonly number[];
}

function normalEquations(problem: Problem, factors: readonly number[]): Equations {
  const { features, targets, scales, weights } = problem;
  const columns = features[0]!.length;
  const gram = Array.from({ length: columns }, () => zeros(columns));
  const moment = zeros(columns);
  for (const [row, values] of features.entries()) {
    const weight = (weights[row]! * factors[row]!) / (scales[row]! * scales[row]!);
    for (let i = 0; i < columns; i++) {
      const weighted = weight * values[i]!;
      moment[i]! += weighted * targets[row]!;
      for (let j = 0; j < columns; j++) gram[i]![j]! += weighted * values[j]!;
    }
  }
  return { gram, moment };
}

/** Lawson and Hanson: columns enter by their gradient, and leave where they would turn negative. */
function nonNegative(given: Equations): number[] {
  const lengths = given.gram.map((row, index) => Math.sqrt(row[index]!) || 1);
  const gram = given.gram.map((row, i) =>
    row.map((value, j) => value / (lengths[i]! * lengths[j]!)),
  );
  const moment = given.moment.map((value, index) => value / lengths[index]!);
  const least = 1e-9 * Math.max(...moment.map(Math.abs));
  let chosen: number[] = [];
  let values = moment.map(() => 0);
  // Every round lowers the error, so no set of columns comes twice; the bound only guards against rounding.
  for (let round = 0; round < 10 * moment.length; round++) {
    const gradient = moment.map((value, index) => value - dot(gram[index]!, values));
    const next = steepest(gradient, chosen);
    if (next === undefined || gradient[next]! <= least) break;
    chosen.push(next);
    [chosen, values] = settle({ gram, moment }, chosen, values);
  }
  return values.map((value, index) => value / lengths[index]!);
}

function steepest(gradient: readonly number[], chosen: readonly number[]): number | undefined {
  let best: number | undefined;
  for (const [index, slope] of gradient.entries()) {
    if (chosen.includes(index)) continue;
    if (best === undefined || slope > gradient[best]!) best = index;
  }
  return best;
}

/** Solves for the chosen columns, giving up those that would be negative, from where `from` stands. */
function settle(
  { gram, moment }: Equations,
  columns: readonly number[],
  from: readonly number[],
): [chosen: number[], values: number[]] {
  let chosen = [...columns];
  const values = [...from];
  for (;;) {
    const solved = solve(
      chosen.map((row) => chosen.map((column) => gram[row]![column]!)),
      chosen.map((row) => moment[row]!),
    );
    const falling = chosen.filter((_, at) => solved[at]! <= 0);
    if (falling.length === 0) {
      for (const [at, column] of chosen.entries()) values[column] = solved[at]!;
      return [chosen, values];
    }
    const shares = chosen.map((column, at) =>
      solved[at]! <= 0 ? values[column]! / (values[column]! - solved[at]!) : 1,
    );
    const share = Math.min(...shares);
    for (const [at, column] of chosen.entries()) {
      values[column]! += share * (solved[at]! - values[column]!);
      if (shares[at] === share && solved[at]! <= 0) values[column] = 0;
    }
    chosen = chosen.filter((column) => values[column]! > 0);
  }
}

/** Solves a symmetric positive system (Cholesky); the ridge makes a singular one solvable. */
function solve(matrix: readonly (readonly number[])[], right: readonly number[]): number[] {
  const size = right.length;
  const lower = matrix.map((row) => row.map(() => 0));
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = matrix[i]![j]! + (i === j ? RIDGE * Math.max(matrix[i]![i]!, 1e-300) : 0);
      for (let k = 0; k < j; k++) sum -= lower[i]![k]! * lower[j]![k]!;
      lower[i]![j] = i === j ? Math.sqrt(Math.max(sum, 1e-300)) : sum / lower[j]![j]!;
    }
  }
  const middle: number[] = [];
  for (let i = 0; i < size; i++)
    middle.push((right[i]! - dot(lower[i]!.slice(0, i), middle)) / lower[i]![i]!);
  const solved = zeros(size);
  for (let i = size - 1; i >= 0; i--) {
    let sum = middle[i]!;
    for (let k = i + 1; k < size; k++) sum -= lower[k]![i]! * solved[k]!;
    solved[i] = sum / lower[i]![i]!;
  }
  return solved;
}

function zeros(length: number): number[] {
  return Array.from({ length }, () => 0);
}
