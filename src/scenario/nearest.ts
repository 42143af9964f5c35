/** The known name somebody most likely meant, for "did you mean" in errors. */
import { distance } from "fastest-levenshtein";

/**
 * The known name nearest to `given`, case aside, or undefined where none is near: at most a third of the longer name
 * (and at least one letter) may differ. The first of equals wins.
 */
export function nearest(given: string, known: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const name of known) {
    const edits = distance(given.toLowerCase(), name.toLowerCase());
    const allowed = Math.max(1, Math.floor(Math.max(given.length, name.length) / 3));
    if (edits <= allowed && edits < bestDistance) {
      best = name;
      bestDistance = edits;
    }
  }
  return best;
}
