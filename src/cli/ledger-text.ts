/** Sums and times of the store as text. Sums keep every digit: bigints never pass through a double on their way to a bill. */

const NANO = 1_000_000_000n;

/** "$1,234.567890123": always nine decimals, so that amounts under each other line up. */
export function exactUsd(nanoUsd: bigint): string {
  const sign = nanoUsd < 0n ? "-" : "";
  const amount = nanoUsd < 0n ? -nanoUsd : nanoUsd;
  const fraction = String(amount % NANO).padStart(9, "0");
  return `${sign}$${groupThousands(amount / NANO)}.${fraction}`;
}

/** Nanoseconds as seconds with three decimals, rounded down. */
export function seconds(ns: bigint): string {
  const fraction = String((ns % NANO) / 1_000_000n).padStart(3, "0");
  return `${groupThousands(ns / NANO)}.${fraction}`;
}

export function groupThousands(whole: bigint): string {
  return String(whole).replaceAll(/\B(?=(\d{3})+(?!\d))/g, ",");
}

/** "2026-11-24 05:13:35" in UTC. */
export function utc(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replace("T", " ");
}
