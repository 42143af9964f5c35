/** The known name somebody most likely meant, for "did you mean" in errors. */
import { distance } from "fastest-levenshtein";

/** Shorter first words (`l4`, `on`) begin too many others. */
const LEAST_WORD = 4;
/** Edits that still count as a slip, per letter of the longer name; two (a transposition) are always allowed. */
const EDITS_PER_LETTER = 1 / 3;

/**
 * The known name nearest to `given`, case aside, or undefined where none is near. A name that `given` begins (`h100` of
 * `h100-sxm`), or whose first word begins `given` (`h1000`), comes first, then the fewest edits; of as many, what begins
 * alike for longer. A single letter says too little to guess.
 */
export function nearest(given: string, known: readonly string[]): string | undefined {
  if (given.length < 2) return undefined;
  const lower = given.toLowerCase();
  return inOrderOfNearness(given, known).find((name) => {
    if (isBegun(lower, name.toLowerCase())) return true;
    const length = Math.max(given.length, name.length);
    const allowed = length < 4 ? 1 : Math.max(2, Math.floor(length * EDITS_PER_LETTER));
    return editsBetween(lower, name.toLowerCase()) <= allowed;
  });
}

/** Whether one of the names goes on where the other stops. */
function isBegun(given: string, name: string): boolean {
  return name.startsWith(given) || continues(given, name);
}

/** A letter or two too many after the first word of a name that has several. */
function continues(given: string, name: string): boolean {
  const [word, ...others] = name.split(/[-_.]/u);
  const isLonger = others.length > 0 && word !== undefined && word.length >= LEAST_WORD;
  return isLonger && given.startsWith(word) && given.length - word.length <= 2;
}

/** All known names: those begun first, then the fewest edits; of as many, what begins alike for longer, then the first. */
export function inOrderOfNearness(given: string, known: readonly string[]): readonly string[] {
  const lower = given.toLowerCase();
  return known
    .map((name) => ({
      name,
      begun: isBegun(lower, name.toLowerCase()),
      edits: editsBetween(lower, name.toLowerCase()),
      alike: sharedStart(lower, name.toLowerCase()),
    }))
    .toSorted((a, b) => Number(b.begun) - Number(a.begun) || a.edits - b.edits || b.alike - a.alike)
    .map(({ name }) => name);
}

function sharedStart(a: string, b: string): number {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length++;
  return length;
}

/** Letters in the wrong order are one slip, however many. */
function editsBetween(given: string, name: string): number {
  const isAnagram = sortedLetters(given) === sortedLetters(name);
  return isAnagram ? Math.min(1, distance(given, name)) : distance(given, name);
}

function sortedLetters(text: string): string {
  return text.split("").toSorted().join("");
}
