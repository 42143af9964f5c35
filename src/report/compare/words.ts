/** How a comparison's figures and differences are written, the same on the page, in Markdown and on the terminal. */
import { unreachable } from "../../base/assert.ts";
import {
  formatCount,
  formatMs,
  formatNumber,
  formatPercent,
  formatRate,
  formatTimes,
  formatUsd,
  isPrintable,
  MISSING,
} from "../format.ts";
import type { Difference, Row } from "./compare.ts";
import type { Unit } from "../../results/measures.ts";

const MINUS = "−";

export function valueText(value: number | null, unit: Unit): string {
  switch (unit) {
    case "count":
      return countText(value);
    case "ms":
      return formatMs(value);
    case "share":
      return formatPercent(value);
    case "usd":
      return formatUsd(value);
    case "per-s":
      return formatRate(value);
    case "index":
      return formatNumber(value, 4);
    default:
      return unreachable(unit);
  }
}

/** "+1.20 ms", "−3", "0 ms"; shares differ by percentage points. */
export function differenceText(value: number | null, unit: Unit): string {
  if (!isPrintable(value)) return MISSING;
  if (value === 0) return "0";
  const sign = value < 0 ? MINUS : "+";
  const size = Math.abs(value);
  return `${sign}${unit === "share" ? `${formatNumber(size * 100)} pp` : valueText(size, unit)}`;
}

/** From here on a multiple is easier to read than a percentage. */
const MULTIPLE = 9;

/** "+2.4 %", "−0.03 %", "1,770×". */
export function relativeText(relative: number | null): string {
  if (!isPrintable(relative)) return MISSING;
  if (relative === 0) return "0 %";
  if (relative >= MULTIPLE) return formatTimes(relative + 1);
  return `${relative < 0 ? MINUS : "+"}${formatNumber(Math.abs(relative) * 100)} %`;
}

/** "+0.1 ms to +0.3 ms", where there is an interval. */
export function intervalText({ interval }: Difference, { unit }: Row): string {
  if (interval === null) return MISSING;
  return `${differenceText(interval.low, unit)} to ${differenceText(interval.high, unit)}`;
}

/** Means over replications need not be whole. */
function countText(value: number | null): string {
  if (!isPrintable(value)) return MISSING;
  return Number.isInteger(value) || value >= 1000 ? formatCount(value) : formatNumber(value);
}
