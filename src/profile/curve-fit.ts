/**
 * Curves of straight pieces as columns of a least-squares problem: one column per piece, how far along it a value is. With
 * coefficients that may not be negative the curve never falls. A piece is only there where measurements lie on both sides
 * of its start, so no slope is left to chance.
 */
import type { StepCurve } from "../replica/profiled.ts";

const PS_PER_MS = 1e9;

/** Starts of pieces: the least value measured, then those of `candidates` that divide what was measured. */
export function piecesFor(
  measured: readonly number[],
  { least, most }: { readonly least: number; readonly most: number },
  candidates: readonly number[],
): readonly number[] {
  const starts = [least];
  for (const start of candidates) {
    const last = starts.at(-1)!;
    if (start <= last || start >= most) continue;
    if (measured.some((value) => value > last && value <= start)) starts.push(start);
  }
  return starts;
}

/** How far along each piece the value is. */
export function alongPieces(value: number, starts: readonly number[]): number[] {
  return starts.map((start, index) => {
    const end = starts[index + 1] ?? Number.POSITIVE_INFINITY;
    return Math.max(0, Math.min(value, end) - start);
  });
}

/** The curve from its height at the first start and the slope of each piece, up to the last measured value. */
export function curveOf(
  baseMs: number,
  {
    starts,
    slopes,
    most,
  }: {
    readonly starts: readonly number[];
    readonly slopes: readonly number[];
    readonly most: number;
  },
): StepCurve {
  const points = [{ at: starts[0]!, ps: Math.round(baseMs * PS_PER_MS) }];
  let ms = baseMs;
  for (const [index, start] of starts.entries()) {
    const end = starts[index + 1] ?? most;
    if (end <= start) break;
    ms += slopes[index]! * (end - start);
    points.push({ at: end, ps: Math.round(ms * PS_PER_MS) });
  }
  return { points };
}
