/**
 * `--vary path=values`: one dimension of a sweep, as it is written. Values are a list (`fcfs,vtc`), ranges with a step
 * (`8..32:4`, `40/s..120/s:20/s`), both mixed, or a range without a step (`0.5..2`), out of which only a sample can be drawn.
 * Values stay the text they were written as, unit included, and become YAML where the scenario is loaded: nothing here knows types.
 */
import { splitPath } from "../scenario/override.ts";
import type { Path } from "../scenario/problems.ts";

export interface Dimension {
  /** As written: what tables and charts call it. */
  readonly name: string;
  readonly keys: Path;
  readonly values: Values;
}

type Values =
  | { readonly kind: "listed"; readonly texts: readonly string[] }
  | { readonly kind: "range"; readonly range: Range };

/** Whole multiples of `10^-decimals`, written with what stands before and behind the number. */
interface Range {
  readonly low: number;
  readonly high: number;
  readonly decimals: number;
  readonly before: string;
  readonly behind: string;
}

export type Parsed =
  | { readonly kind: "parsed"; readonly dimension: Dimension }
  | { readonly kind: "refused"; readonly message: string };

/** Values of one dimension: beyond these nobody could look at the answers. */
const MOST_VALUES = 1000;
/** Digits behind the point that a number drawn from a range with fractions has beyond those of its ends. */
const DRAWN_DIGITS = 3;

/** Fails with a message that names what was expected. */
export function parseVary(text: string): Parsed {
  const split = splitPath(text);
  if (split === undefined) {
    return refused("expected path=values, for example shared.replicas=8..32:4 or policy=fcfs,vtc");
  }
  const name = text.slice(0, text.length - split.text.length - 1).trim();
  const items = splitList(split.text);
  if (items === undefined) return refused("a bracket or quote is left open");
  if (items.some((item) => item === "")) return refused("a value is missing");
  const values = valuesOf(items);
  if (typeof values === "string") return refused(values);
  return { kind: "parsed", dimension: { name, keys: split.path, values } };
}

/** A single range without a step, or everything the items stand for; a message where they cannot be used. */
function valuesOf(items: readonly string[]): Values | string {
  const [only] = items;
  const range = only !== undefined && items.length === 1 ? openRange(only) : undefined;
  if (typeof range === "string") return range;
  if (range !== undefined) return { kind: "range", range };
  const texts: string[] = [];
  for (const item of items) {
    const expanded = steps(item);
    if (typeof expanded === "string") return expanded;
    texts.push(...(expanded ?? [item]));
    if (texts.length > MOST_VALUES) return `more than ${MOST_VALUES} values`;
  }
  const twice = texts.find((value, at) => texts.indexOf(value) !== at);
  return twice === undefined ? { kind: "listed", texts } : `${twice} is named twice`;
}

/** The value at a place between 0 and 1: every value of a list, every whole number of a range, has an equal part. */
export function valueAt(values: Values, place: number): string {
  if (values.kind === "listed") {
    const { texts } = values;
    return texts[Math.min(texts.length - 1, Math.floor(place * texts.length))]!;
  }
  const { range } = values;
  const { low, high, decimals } = range;
  if (decimals === 0) {
    return written(range, Math.min(high, low + Math.floor(place * (high - low + 1))));
  }
  const fine = finer(range);
  return written(fine, Math.round(fine.low + place * (fine.high - fine.low)));
}

function refused(message: string): Parsed {
  return { kind: "refused", message };
}

const NUMBER = String.raw`(\$?)(-?\d+(?:\.(\d+))?)\s*([^\d\s.:,][^:,.]*?)?`;
const RANGE = new RegExp(String.raw`^${NUMBER}\s*\.\.\s*${NUMBER}(?:\s*:\s*${NUMBER})?$`, "u");

interface Ends {
  readonly range: Range;
  /** In the range's own unit; undefined where none is written. */
  readonly step: number | undefined;
}

/** What is written as a range; a message where it is none that makes sense; undefined where it is no range. */
function endsOf(item: string): Ends | string | undefined {
  const match = RANGE.exec(item);
  if (match === null) return undefined;
  const parts = [match.slice(1, 5), match.slice(5, 9), match.slice(9, 13)];
  const given = parts.filter(([, digits]) => digits !== undefined);
  const before = unitOf(given.map(([sign]) => sign ?? ""));
  const behind = unitOf(given.map(([, , , unit]) => (unit ?? "").trim()));
  if (before === undefined || behind === undefined) {
    return `${item}: both ends, and the step, need the same unit`;
  }
  const decimals = Math.max(...given.map(([, , fraction]) => fraction?.length ?? 0));
  const [low, high, step] = given.map(([, digits]) => scaled(digits ?? "", decimals));
  if (low === undefined || high === undefined || low > high) {
    return `${item}: the range must rise from left to right`;
  }
  return { range: { low, high, decimals, before, behind }, step };
}

function openRange(item: string): Range | string | undefined {
  const ends = endsOf(item);
  if (ends === undefined || typeof ends === "string") return ends;
  return ends.step === undefined ? ends.range : undefined;
}

/** The values of a range with a step. */
function steps(item: string): readonly string[] | string | undefined {
  const ends = endsOf(item);
  if (ends === undefined || typeof ends === "string") return ends;
  const { range, step } = ends;
  if (step === undefined) return `${item}: a range among other values needs a step, as in 8..32:4`;
  if (step <= 0) return `${item}: the step must be above 0`;
  const count = Math.floor((range.high - range.low) / step) + 1;
  if (count > MOST_VALUES) return `${item}: more than ${MOST_VALUES} values`;
  return Array.from({ length: count }, (_, at) => written(range, range.low + at * step));
}

/** The one unit that is written; an end without one has the others'. */
function unitOf(units: readonly string[]): string | undefined {
  const named = [...new Set(units.filter((unit) => unit !== ""))];
  return named.length > 1 ? undefined : (named[0] ?? "");
}

/** A decimal number as a whole one: steps of 0.1 add up exactly. */
function scaled(digits: string, decimals: number): number {
  return Math.round(Number(digits) * Number(`1e${decimals}`));
}

function written({ decimals, before, behind }: Range, value: number): string {
  const number = (value / Number(`1e${decimals}`)).toFixed(decimals);
  const plain = decimals === 0 ? number : number.replace(/\.?0+$/, "");
  return `${before}${plain}${behind}`;
}

function finer({ low, high, decimals, ...unit }: Range): Range {
  const times = Number(`1e${DRAWN_DIGITS}`);
  return { low: low * times, high: high * times, decimals: decimals + DRAWN_DIGITS, ...unit };
}

const CLOSING: Readonly<Record<string, string>> = { "[": "]", "{": "}", '"': '"', "'": "'" };

/** Splits at commas outside of brackets and quotes; undefined where one is not closed. */
function splitList(text: string): readonly string[] | undefined {
  const items: string[] = [];
  const open: string[] = [];
  let item = "";
  for (const character of text) {
    const quote = open.at(-1);
    if (character === quote) open.pop();
    else if (quote !== '"' && quote !== "'" && CLOSING[character] !== undefined) {
      open.push(CLOSING[character]);
    }
    if (character === "," && open.length === 0) {
      items.push(item.trim());
      item = "";
    } else item += character;
  }
  return open.length > 0 ? undefined : [...items, item.trim()];
}
