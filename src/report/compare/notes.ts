/** What a reader must know before trusting a comparison: whether like is compared with like, and what the intervals are. */
import type { Results } from "../../results/results.ts";
import { formatDuration } from "../format.ts";
import { type Side, sideName } from "./side.ts";

/** Sentences, the most important first. */
export function comparisonNotes(sides: readonly Side[], isPaired: boolean): readonly string[] {
  const firsts = sides.flatMap(({ runs }) => runs.slice(0, 1));
  return [
    intervalNote(sides, isPaired),
    ...differing(firsts, ({ scenario }) => scenario.hash, "The scenarios are not the same"),
    ...(isPaired
      ? []
      : differing(
          firsts,
          ({ scenario }) => String(scenario.seed),
          "The seeds are not the same, so the arrivals are not either: part of every difference is chance",
        )),
    ...differing(
      firsts,
      ({ run }) => formatDuration(run.warmupSeconds),
      "The warm-ups are not equally long",
    ),
    ...firsts.flatMap(loadNotes),
  ];
}

function intervalNote(sides: readonly Side[], isPaired: boolean): string {
  const count = sides[0]?.runs.length ?? 0;
  return isPaired
    ? `Means over ${count} replications with the same seeds, and so the same arrivals, on every side. Intervals are of the mean of the paired differences, Student's t at 95 %, each by itself; what is called significant is so for all differences of tiers and platform together (Holm).`
    : unpairedNote(sides);
}

function unpairedNote(sides: readonly Side[]): string {
  return sides.every(({ runs }) => runs.length === 1)
    ? "One run each: no interval. How much of a difference is chance, these figures alone do not say; scenarios can be compared with --replications."
    : "The sides do not have the same seeds, run by run: differences cannot be paired, and there is no interval.";
}

function differing(
  firsts: readonly Results[],
  of: (results: Results) => string,
  what: string,
): readonly string[] {
  return new Set(firsts.map(of)).size > 1 ? [`${what}.`] : [];
}

function loadNotes({ load }: Results, index: number): readonly string[] {
  if (load === undefined) return [];
  const name = sideName(index);
  return [
    `${name} was measured from outside, at ${load.url}: it knows no GPU, so bills are compared in tokens.`,
    ...(load.keptUp
      ? []
      : [`${name}'s load generator did not keep up: its latencies are partly its own.`]),
    ...(load.isComplete ? [] : [`${name} was stopped by hand before its end.`]),
  ];
}
