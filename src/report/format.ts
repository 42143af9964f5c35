/**
 * How a number is written for people, in one place: the page, the Markdown, the terminal and the chart notes all call
 * these, so the same value reads the same everywhere. A missing or non-finite number is an em dash, never "NaN". Nothing
 * here depends on a locale: equal runs give equal bytes on every machine.
 */

export const MISSING = "—";

type MaybeNumber = number | null;

/** Narrows to a number that can be printed; null and non-finite values are "missing". */
export function isPrintable(value: MaybeNumber): value is number {
  return value !== null && Number.isFinite(value);
}

/** Power of ten of the leading digit, exact where a logarithm may be off by one: 999 is 2, 1000 is 3, 0.05 is -2. */
export function decimalExponent(value: number): number {
  return value === 0 ? 0 : Number(value.toExponential().split("e")[1]);
}

/** `digits` significant digits in plain notation, thousands grouped: 1234 is "1,234", 0.04567 is "0.0457". */
export function formatNumber(value: MaybeNumber, digits = 3): string {
  if (!isPrintable(value)) return MISSING;
  if (value === 0) return "0";
  const rounded = Number(value.toPrecision(digits));
  const decimals = Math.max(0, Math.min(12, digits - 1 - decimalExponent(rounded)));
  return groupThousands(rounded.toFixed(decimals));
}

/** A whole number with grouped thousands: "12,345". */
export function formatCount(value: MaybeNumber): string {
  return isPrintable(value) ? groupThousands(Math.round(value).toFixed(0)) : MISSING;
}

/** Milliseconds in the unit a reader would choose, three significant digits: "45.1 ms", "1.23 s", "4.50 min". */
export function formatMs(ms: MaybeNumber, digits = 3): string {
  if (!isPrintable(ms)) return MISSING;
  if (ms === 0) return "0 ms";
  if (ms < 0.001) return "<0.001 ms";
  const [amount, unit] = inTimeUnit(ms);
  return `${formatNumber(amount, digits)} ${unit}`;
}

/** A limit from a scenario, without digits nobody wrote: "50 ms", "1.5 s". */
export function formatLimitMs(ms: MaybeNumber): string {
  return trimZeros(formatMs(ms, 6));
}

/** A measured time beside the limit it is held against: with as many digits as it takes for the two to read differently. */
export function formatMsBeside(ms: MaybeNumber, limitMs: number): string {
  const plain = formatMs(ms);
  if (ms === limitMs) return plain;
  const limit = formatLimitMs(limitMs);
  const texts = [plain, ...[4, 5, 6, 7, 8, 9].map((digits) => formatMs(ms, digits))];
  return texts.find((text) => trimZeros(text) !== limit) ?? plain;
}

/** A share as a percentage. Near 100 % it keeps two digits of what is missing, so that 0.99986 never reads as met. */
export function formatPercent(share: MaybeNumber, leastDecimals = 2): string {
  if (!isPrintable(share)) return MISSING;
  if (share === 0 || share === 1) return `${share * 100} %`;
  const percent = share * 100;
  const missing = Math.abs(100 - percent);
  const decimals = Math.min(
    6,
    Math.max(leastDecimals, missing < 1 ? 1 - decimalExponent(missing) : 0),
  );
  const text = percent.toFixed(decimals);
  if (share < 1 && Number(text) >= 100) return ">99.999999 %";
  if (share > 0 && Number(text) === 0)
    return `<${decimals === 0 ? "1" : `0.${"1".padStart(decimals, "0")}`} %`;
  return `${groupThousands(text)} %`;
}

/** A share for comparison by eye, one decimal: "76.3 %". Never rounds to nothing or to everything. */
export function formatShare(share: MaybeNumber): string {
  if (!isPrintable(share)) return MISSING;
  if (share === 0 || share === 1) return `${share * 100} %`;
  const text = (share * 100).toFixed(1);
  if (share < 1 && text === "100.0") return ">99.9 %";
  return share > 0 && text === "0.0" ? "<0.1 %" : `${groupThousands(text)} %`;
}

/** A stated objective, without digits nobody wrote: "99.99 %". */
export function formatObjective(share: MaybeNumber): string {
  return isPrintable(share) ? `${trimZeros((share * 100).toFixed(6))} %` : MISSING;
}

/** Dollars: cents from $1 up, three significant digits below. */
export function formatUsd(usd: MaybeNumber): string {
  if (!isPrintable(usd)) return MISSING;
  const sign = usd < 0 ? "-" : "";
  const amount = Math.abs(usd);
  if (amount === 0) return "$0";
  if (amount < 1e-9) return `${sign}<$0.000000001`;
  return `${sign}$${amount < 0.995 ? formatNumber(amount) : groupThousands(amount.toFixed(2))}`;
}

/** Dollars of a budget: whole ones from $1,000 up. */
export function formatMonthlyUsd(usd: MaybeNumber): string {
  return isPrintable(usd) && usd >= 1000 ? `$${formatCount(usd)}` : formatUsd(usd);
}

/** A dollar amount with every digit down to the nano-dollar and no grouping, for files that programs read. */
export function formatExactUsd(usd: number): string {
  return trimZeros(usd.toFixed(9));
}

/** Events per second: "12.3/s". */
export function formatRate(perS: MaybeNumber): string {
  return isPrintable(perS) ? `${formatNumber(perS)}/s` : MISSING;
}

/** A multiple: "1.75×". */
export function formatTimes(ratio: MaybeNumber): string {
  return isPrintable(ratio) ? `${formatNumber(ratio)}×` : MISSING;
}

/** A length of simulated time in its two largest units: "45 s", "1 h 30 min", "2 d 3 h". */
export function formatDuration(seconds: MaybeNumber): string {
  if (!isPrintable(seconds)) return MISSING;
  if (seconds < 60) return `${trimZeros(formatNumber(seconds))} s`;
  if (seconds < 3600) return twoUnits(seconds, [60, "min"], [1, "s"]);
  if (seconds < 86_400) return twoUnits(seconds, [3600, "h"], [60, "min"]);
  return twoUnits(seconds, [86_400, "d"], [3600, "h"]);
}

/** "a", "a and b", "a, b and c". */
export function listed(names: readonly string[]): string {
  if (names.length < 2) return names.join("");
  return `${names.slice(0, -1).join(", ")} and ${names.at(-1) ?? ""}`;
}

function twoUnits(
  seconds: number,
  large: readonly [number, string],
  small: readonly [number, string],
): string {
  const smalls = Math.round(seconds / small[0]);
  const perLarge = large[0] / small[0];
  const rest = smalls % perLarge;
  const whole = `${groupThousands(String((smalls - rest) / perLarge))} ${large[1]}`;
  return rest === 0 ? whole : `${whole} ${rest} ${small[1]}`;
}

function inTimeUnit(ms: number): readonly [number, string] {
  if (ms < 999.5) return [ms, "ms"];
  if (ms < 59_950) return [ms / 1000, "s"];
  if (ms < 3_597_000) return [ms / 60_000, "min"];
  return [ms / 3_600_000, "h"];
}

/** Drops zeros after the decimal point of the first number in a text: "50.0000 ms" is "50 ms", "1.50" is "1.5". */
function trimZeros(text: string): string {
  return text.replace(/(\.\d*?)0+(?=\D|$)/, "$1").replace(/\.(?=\D|$)/, "");
}

function groupThousands(text: string): string {
  const [whole = "", fraction] = text.split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+(?!\d))/g, ",");
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}
