/** The known name somebody most likely meant, for "did you mean" in errors. */
import { distance } from "fastest-levenshtein";

/** Edits that still count as a slip, per letter of the longer name; two (a transposition) are always allowed. */
const EDITS_PER_LETTER = 1 / 3;

/**
 * The known name nearest to `given`, case aside, or undefined where none is near. A name that `given` begins (`h100` of
 * `h100-sxm`) comes first, then the fewest edits; the first of equals wins. A single letter says too little to guess.
 */
export function nearest(given: string, known: readonly string[]): string | undefined {
  if (given.length < 2) return undefined;
  const begun = known.find((name) => name.toLowerCase().startsWith(given.toLowerCase()));
  if (begun !== undefined) return begun;
  let best: string | undefined;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const name of known) {
    const edits = editsBetween(given.toLowerCase(), name.toLowerCase());
    const length = Math.max(given.length, name.length);
    const allowed = length < 4 ? 1 : Math.max(2, Math.floor(length * EDITS_PER_LETTER));
    if (edits <= allowed && edits < bestDistance) {
      best = name;
      bestDistance = edits;
    }
  }
  return best;
}

/** Letters in the wrong order are one slip, however many. */
function editsBetween(given: string, name: string): number {
  const isAnagram = sortedLetters(given) === sortedLetters(name);
  return isAnagram ? Math.min(1, distance(given, name)) : distance(given, name);
}

function sortedLetters(text: string): string {
  return text.split("").toSorted().join("");
}
