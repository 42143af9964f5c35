/**
 * The product of rate factors as consecutive segments, each a polynomial in time (of as many degrees as factors are
 * sloped in it), and the inverse of its integral. That inverse carries a process of unit rate into one of the wanted
 * rate, exactly and without thinning. Knows nothing of the process it serves.
 */
import { assert } from "../../base/assert.ts";
import type { RateFactor, RatePiece } from "./rate-pieces.ts";

/**
 * Consecutive silent segments, with nothing but cyclic shapes to blame, after which the silence is taken to be for
 * ever. Assumed: only shapes whose periods have more than this many slots to their common multiple could be misjudged.
 */
const MAX_SILENT_SEGMENTS = 100_000;

/** Newton steps for a segment of degree 2 or more; bisection alone would end within these. */
const MAX_INVERSION_STEPS = 100;

/** Two times closer than this are the same: a tenth of the simulator's resolution of 1 ns. */
const INVERSION_TOLERANCE_S = 1e-10;

/** Walks along the segments of a rate. Before the first `advance` there is none: its mass is 0. */
export class RateSegments {
  /** Start of the current segment. */
  startNs = 0;
  /** Expected arrivals in the current segment; Infinity in an endless one. */
  mass = 0;

  readonly #ratePerS: number;
  readonly #factors: readonly RateFactor[];
  readonly #pieces: RatePiece[];
  #endNs = 0;
  /** The current rate as a polynomial in seconds since the segment's start: [constant, linear, ...]. */
  #coefficients: number[] = [0];

  /** The rate is `ratePerS` times all factors. */
  constructor(ratePerS: number, factors: readonly RateFactor[]) {
    assert(ratePerS >= 0, "a rate is not negative");
    this.#ratePerS = ratePerS;
    this.#factors = factors;
    this.#pieces = factors.map(firstPiece);
  }

  /**
   * Moves to the next segment in which arrivals can happen. False when there is none that starts before `limitNs`:
   * the rate has become 0 for ever, or is 0 until then.
   */
  advance(limitNs: number): boolean {
    let silent = 0;
    while (this.#endNs < limitNs && silent < MAX_SILENT_SEGMENTS) {
      this.#enter(this.#endNs);
      if (this.mass > 0) return true;
      if (this.#endNs === Infinity || this.#isSilentForEver()) break;
      if (this.#isSilenceCyclic()) silent++;
    }
    this.#endNs = Infinity;
    this.mass = 0;
    return false;
  }

  /** Seconds from the segment's start until `mass` (less than the segment's) arrivals are expected. */
  secondsAt(mass: number): number {
    const coefficients = this.#coefficients;
    if (coefficients.length === 1) return mass / coefficients[0]!;
    if (mass <= 0) return 0;
    const lengthS = (this.#endNs - this.startNs) / 1e9;
    if (coefficients.length > 2) return this.#invert(mass, lengthS);
    const constant = coefficients[0]!;
    // This form of the root has no cancellation, whichever way the rate slopes, and allows a rate that starts at 0.
    const discriminant = Math.max(0, constant * constant + 2 * coefficients[1]! * mass);
    return Math.min(lengthS, (2 * mass) / (constant + Math.sqrt(discriminant)));
  }

  #enter(startNs: number): void {
    let endNs = Infinity;
    const coefficients = [this.#ratePerS];
    for (let i = 0; i < this.#pieces.length; i++) {
      const piece = this.#pieceAt(i, startNs);
      endNs = Math.min(endNs, piece.endNs);
      const value = piece.value + piece.slopePerS * ((startNs - piece.startNs) / 1e9);
      multiplyByLine(coefficients, value, piece.slopePerS);
    }
    this.startNs = startNs;
    this.#endNs = endNs;
    this.#coefficients = coefficients;
    this.mass =
      endNs === Infinity ? endlessMass(coefficients) : this.#massUntil((endNs - startNs) / 1e9);
  }

  #pieceAt(index: number, timeNs: number): RatePiece {
    while (this.#pieces[index]!.endNs <= timeNs) {
      const next = this.#factors[index]!.pieces.next();
      assert(next.done !== true, "the last piece of a factor is endless");
      this.#pieces[index] = next.value;
    }
    return this.#pieces[index]!;
  }

  #isSilentForEver(): boolean {
    return (
      this.#ratePerS === 0 ||
      this.#pieces.some((piece) => isZero(piece) && piece.endNs === Infinity)
    );
  }

  #isSilenceCyclic(): boolean {
    return this.#pieces.every((piece, i) => !isZero(piece) || this.#factors[i]!.isCyclic);
  }

  #massUntil(seconds: number): number {
    let sum = 0;
    for (let i = this.#coefficients.length - 1; i >= 0; i--) {
      sum = (sum + this.#coefficients[i]! / (i + 1)) * seconds;
    }
    return sum;
  }

  #rateAt(seconds: number): number {
    return this.#coefficients.reduceRight((sum, coefficient) => sum * seconds + coefficient, 0);
  }

  /** Newton's method kept inside a shrinking bracket: the integral of a rate never falls. */
  #invert(mass: number, lengthS: number): number {
    let low = 0;
    let high = lengthS;
    let at = lengthS * (mass / this.mass);
    for (let step = 0; step < MAX_INVERSION_STEPS && high - low > INVERSION_TOLERANCE_S; step++) {
      const excess = this.#massUntil(at) - mass;
      if (excess > 0) high = at;
      else low = at;
      const newton = at - excess / this.#rateAt(at);
      const next = newton > low && newton < high ? newton : low + (high - low) / 2;
      if (Math.abs(next - at) <= INVERSION_TOLERANCE_S) return next;
      at = next;
    }
    return at;
  }
}

function firstPiece(factor: RateFactor): RatePiece {
  const first = factor.pieces.next();
  assert(first.done !== true, "a factor has at least one piece");
  return first.value;
}

function isZero(piece: RatePiece): boolean {
  return piece.value === 0 && piece.slopePerS === 0;
}

/** Multiplies a polynomial in place by (value + slope x). */
function multiplyByLine(coefficients: number[], value: number, slope: number): void {
  if (slope === 0) {
    for (let i = 0; i < coefficients.length; i++) coefficients[i]! *= value;
    return;
  }
  coefficients.push(0);
  for (let i = coefficients.length - 1; i >= 0; i--) {
    const lower = i === 0 ? 0 : coefficients[i - 1]!;
    coefficients[i] = coefficients[i]! * value + lower * slope;
  }
}

function endlessMass(coefficients: readonly number[]): number {
  assert(coefficients.length === 1, "an endless segment is flat");
  return coefficients[0]! > 0 ? Infinity : 0;
}
