/** Reads numbers back out of a report's text, in the units of its files: milliseconds, shares, dollars, plain counts. */

const UNITS: ReadonlyMap<string, number> = new Map([
  ["", 1],
  ["ms", 1],
  ["s", 1000],
  ["min", 60_000],
  ["h", 3_600_000],
  ["%", 0.01],
  ["/s", 1],
  ["×", 1],
]);

/** The number that a cell or a figure shows; null for a dash. Fails on a text that is no amount. */
export function amountOf(text: string): number | null {
  if (text.trim() === "—") return null;
  const match = /^[<>✓✗ ]*(-?)\$?([\d,]*\.?\d+) ?(ms|s|min|h|%|\/s|×)?$/u.exec(text.trim());
  const factor = UNITS.get(match?.[3] ?? "");
  if (match === null || factor === undefined) throw new Error(`not an amount: "${text}"`);
  const value = Number(match[2]?.replaceAll(",", "")) * factor;
  return match[1] === "-" ? -value : value;
}

/** Whether a shown amount is that value, rounded to three significant digits or, of money, to cents. */
export function shows(text: string, value: number | null): boolean {
  const shown = amountOf(text);
  if (shown === null || value === null) return shown === value;
  const cents = text.includes("$") && value >= 0.995 ? 0.0051 : 0;
  // Shares are written with one or two decimals of a percent.
  const points = text.includes("%") ? 0.00051 : 0;
  return Math.abs(shown - value) <= Math.max(cents, points, Math.abs(value) * 0.0051);
}

/** Every amount of dollars in a text. */
export function dollarsIn(text: string): readonly number[] {
  return [...text.matchAll(/\$([\d,]*\.?\d+)/g)].map(([, digits = ""]) =>
    Number(digits.replaceAll(",", "")),
  );
}
