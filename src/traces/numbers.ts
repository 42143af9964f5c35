/**
 * Exact reading of the numbers and times in traces: text in, integers out, without a detour over a double that would
 * round nanoseconds away and without the local time zone that Date would bring in. Text that is not what it should be
 * gives a reason in words.
 */

import { STREAMS_PER_NAME } from "../sim/workload/prompt-streams.ts";

/** A point in time of the trace's own clock: whole seconds and nanoseconds, together too long for one double. */
export interface Instant {
  readonly seconds: number;
  readonly ns: number;
}

/** Why a text could not be read. */
export interface Unreadable {
  readonly reason: string;
}

/**
 * More tokens than this in one request are taken for a broken row. Assumed: ten times the longest context advertised
 * (10 million tokens, Llama 4 Scout).
 */
const MAX_TOKENS = 100_000_000;

const SECONDS_PER_DAY = 86_400;
const DAYS_FROM_YEAR_1_TO_1970 = 719_162;

const DECIMAL = /^(\d{1,15})(?:\.(\d*))?$/;
const SCIENTIFIC = /^\d+(?:\.\d*)?e[+-]?\d{1,3}$/i;
const TOKENS = /^\d{1,9}(?:\.0*)?$/;
const TIMESTAMP =
  /^(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:Z|([+-])(\d\d):?(\d\d))?$/;

/** Nanoseconds from the second in which the trace starts; an integer, exact for the first 104 days. */
export function nsSince(instant: Instant, firstSecond: number): number {
  return (instant.seconds - firstSecond) * 1e9 + instant.ns;
}

/** A count of tokens, at least `min`; "12" or "12.0". */
export function parseTokens(text: string, min: 0 | 1): number | Unreadable {
  if (!TOKENS.test(text)) return unreadable(text, "a whole number");
  const tokens = Number(text);
  if (tokens < min) return { reason: "is 0" };
  if (tokens > MAX_TOKENS) return { reason: `${tokens} is not a plausible number of tokens` };
  return tokens;
}

/**
 * A decimal number of seconds or milliseconds, rounded to the nanosecond. Exact, but for exponents ("5e-05", as some
 * writers put tiny numbers), which go over a double.
 */
export function parseDecimalTime(text: string, unit: "s" | "ms"): Instant | Unreadable {
  const decimals = unit === "s" ? 9 : 6;
  const match = DECIMAL.exec(text);
  if (match === null) return parseScientific(text, unit);
  const whole = Number(match[1]);
  const fraction = match[2] ?? "";
  const roundUp = fraction.charAt(decimals) >= "5" ? 1 : 0;
  const fractionNs = Number(fraction.slice(0, decimals).padEnd(decimals, "0")) + roundUp;
  if (unit === "s") return { seconds: whole, ns: fractionNs };
  return { seconds: Math.floor(whole / 1000), ns: (whole % 1000) * 1e6 + fractionNs };
}

/** A date and time, in UTC where no zone is given, with up to nine decimals. */
export function parseTimestamp(text: string): Instant | Unreadable {
  const match = TIMESTAMP.exec(text);
  if (match === null) return unreadable(text, "a time");
  const at = (group: number): number => Number(match[group] ?? 0);
  const day = daySince1970(at(1), at(2), at(3));
  if (day === undefined || at(4) > 23 || at(5) > 59 || at(6) > 59) {
    return unreadable(text, "a time that exists");
  }
  const zoneS = (match[8] === "-" ? -1 : 1) * (at(9) * 3600 + at(10) * 60);
  const clockS = at(4) * 3600 + at(5) * 60 + at(6);
  return {
    seconds: day * SECONDS_PER_DAY + clockS - zoneS,
    ns: Number((match[7] ?? "").padEnd(9, "0")),
  };
}

/** A JSON list of numbers that name blocks of tokens. */
export function parseHashes(text: string): readonly number[] | Unreadable {
  const list: unknown = JSON.parse(text);
  if (!Array.isArray(list) || !list.every(Number.isInteger)) {
    return unreadable(text, "a list of numbers");
  }
  const hashes: readonly number[] = list;
  const outside = hashes.find((hash) => hash < 0 || hash >= STREAMS_PER_NAME);
  if (outside === undefined) return hashes;
  return { reason: `has ${outside}; expected numbers from 0 to ${STREAMS_PER_NAME - 1}` };
}

/** Text as it is shown in a message: at most 40 characters of it, in quotes. */
export function quote(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}...` : text);
}

function parseScientific(text: string, unit: "s" | "ms"): Instant | Unreadable {
  const ns = SCIENTIFIC.test(text) ? Math.round(Number(text) * (unit === "s" ? 1e9 : 1e6)) : NaN;
  return Number.isSafeInteger(ns) ? { seconds: 0, ns } : unreadable(text, "a number");
}

function unreadable(text: string, expected: string): Unreadable {
  if (text === "") return { reason: "is empty" };
  if (/^-\d+(\.\d*)?$/.test(text)) return { reason: `${text} is negative` };
  return { reason: `${quote(text)} is not ${expected}` };
}

/** Days of the proleptic Gregorian calendar since 1 January 1970; undefined for a date that does not exist. */
function daySince1970(year: number, month: number, day: number): number | undefined {
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return undefined;
  const past = year - 1;
  const leapDays = Math.floor(past / 4) - Math.floor(past / 100) + Math.floor(past / 400);
  let days = past * 365 + leapDays - DAYS_FROM_YEAR_1_TO_1970;
  for (let earlier = 1; earlier < month; earlier++) days += daysInMonth(year, earlier);
  return days + day - 1;
}

function daysInMonth(year: number, month: number): number {
  if (month === 2) return isLeapYear(year) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

function isLeapYear(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}
