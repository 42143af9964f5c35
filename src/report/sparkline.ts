/**
 * A line of values as a word of block characters, for Markdown and the terminal. Each is scaled to its own highest value,
 * which is printed beside it; a slice without a value is a middle dot.
 */

const LEVELS = "▁▂▃▄▅▆▇█";

/** Characters per sparkline: fits a table cell. */
const WIDTH = 32;

/** Draws `values` in at most 32 characters, each the highest of its part, from 0 to the overall highest. */
export function sparkline(values: readonly (number | null)[]): string {
  const width = Math.min(WIDTH, values.length);
  const highest = largest(values) ?? 0;
  const parts = Array.from({ length: width }, (_, index) => {
    const from = Math.floor((index * values.length) / width);
    const to = Math.floor(((index + 1) * values.length) / width);
    return largest(values.slice(from, to));
  });
  return parts.map((value) => level(value, highest)).join("");
}

/** The largest of the values that are there; null if none is. */
export function largest(values: readonly (number | null)[]): number | null {
  let best: number | null = null;
  for (const value of values) {
    if (value !== null && (best === null || value > best)) best = value;
  }
  return best;
}

function level(value: number | null, highest: number): string {
  if (value === null) return "·";
  const index = highest > 0 ? Math.ceil((value / highest) * LEVELS.length) - 1 : 0;
  return LEVELS[Math.max(0, index)] ?? "·";
}
