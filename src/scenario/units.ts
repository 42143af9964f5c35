/**
 * Values with units as people write them in scenario files (`50ms`, `80GiB`, `$4/h`, `20/s`, `60%`, `10M`), turned into
 * base units: nanoseconds, bytes, nano-dollars, per second, shares of one, plain counts. Decimals are read exactly: a
 * value that is not a whole number of the base unit is refused, never rounded (but bytes, which are rounded down). Every refusal says what was expected.
 */
import { nearest } from "./nearest.ts";

export type Parsed =
  | { readonly kind: "value"; readonly value: number }
  | { readonly kind: "error"; readonly message: string; readonly suggestion: string | undefined };

/** A kind of quantity: how to name it in an error, its units as multiples of the base unit, and the base unit's name. */
interface Quantity {
  readonly expected: string;
  readonly units: ReadonlyMap<string, bigint>;
  readonly base: string;
  /** 2.6GiB is meant although it is no whole number of bytes. */
  readonly isRoundedDown?: boolean;
}

const PS_UNITS: readonly (readonly [string, bigint])[] = [
  ["ps", 1n],
  ["ns", 1_000n],
  ["us", 1_000_000n],
  ["µs", 1_000_000n],
  ["ms", 1_000_000_000n],
  ["s", 1_000_000_000_000n],
  ["min", 60_000_000_000_000n],
  ["h", 3_600_000_000_000_000n],
  ["d", 86_400_000_000_000_000n],
];

const DURATION: Quantity = {
  expected: "a duration such as 50ms",
  units: new Map(PS_UNITS.slice(1).map(([name, ps]) => [name, ps / 1_000n])),
  base: "nanosecond",
};

const STEP_TIME: Quantity = {
  expected: "a time such as 12.5us",
  units: new Map(PS_UNITS),
  base: "picosecond",
};

const BYTES: Quantity = {
  expected: "an amount of memory such as 80GiB",
  units: new Map([
    ["B", 1n],
    ["kB", 1_000n],
    ["MB", 1_000_000n],
    ["GB", 1_000_000_000n],
    ["TB", 1_000_000_000_000n],
    ["KiB", 1n << 10n],
    ["MiB", 1n << 20n],
    ["GiB", 1n << 30n],
    ["TiB", 1n << 40n],
  ]),
  base: "byte",
  isRoundedDown: true,
};

const COUNT: Quantity = {
  expected: "a whole number such as 512, 10k or 50M",
  units: new Map([
    ["", 1n],
    ["k", 1_000n],
    ["M", 1_000_000n],
    ["G", 1_000_000_000n],
    ["B", 1_000_000_000n],
    ["T", 1_000_000_000_000n],
  ]),
  base: "unit",
};

const BYTES_PER_S: Quantity = {
  expected: "a bandwidth such as 3350GB/s",
  units: new Map([...BYTES.units].map(([name, bytes]) => [`${name}/s`, bytes])),
  base: "byte per second",
};

const FLOPS: Quantity = {
  expected: "a compute rate such as 989TFLOPS",
  units: new Map([
    ["GFLOPS", 1_000_000_000n],
    ["TFLOPS", 1_000_000_000_000n],
    ["PFLOPS", 1_000_000_000_000_000n],
  ]),
  base: "operation per second",
};

const NANO_PER_USD = 1_000_000_000n;

const DECIMAL = /^(-?)(\d+)(?:\.(\d+))?\s*(.*)$/u;

/** Nanoseconds from `50ms`, `2s`, `5min`, `1h`, `1d`. Integer, >= 0. */
export function parseDurationNs(text: string): Parsed {
  return parseQuantity(text, DURATION);
}

/** Picoseconds from `1ms`, `12.5us`, `40ps`: the grain of step times. Integer, >= 0. */
export function parseStepTimePs(text: string): Parsed {
  return parseQuantity(text, STEP_TIME);
}

/** Bytes from `80GiB` (binary) or `20GB` (decimal). Integer, >= 0. */
export function parseBytes(text: string): Parsed {
  return parseQuantity(text, BYTES);
}

/** Bytes per second from `3350GB/s`. Integer, >= 0. */
export function parseBytesPerS(text: string): Parsed {
  return parseQuantity(text, BYTES_PER_S);
}

/** Floating-point operations per second from `989TFLOPS`. Integer, >= 0. */
export function parseFlopsPerS(text: string): Parsed {
  return parseQuantity(text, FLOPS);
}

/** A whole number from `512`, `10k`, `1.5M`, `2B`. Integer, >= 0. */
export function parseCount(text: string): Parsed {
  return parseQuantity(text, COUNT);
}

/** Events per second from `20/s`, `90/min`, `5/h`. >= 0. */
export function parseRatePerS(text: string): Parsed {
  const expected = "a rate such as 20/s";
  const match = DECIMAL.exec(text.trim());
  if (match === null) return refuse(expected, text);
  if (match[1] === "-") return refuse(expected, text, "it must not be negative");
  const seconds = new Map([
    ["/s", 1],
    ["/min", 60],
    ["/h", 3600],
    ["/d", 86_400],
  ]);
  const divisor = seconds.get(match[4]!);
  if (divisor === undefined) return refuseUnit(expected, text, match[4]!, [...seconds.keys()]);
  return { kind: "value", value: decimal(match[2]!, match[3] ?? "", 0) / divisor };
}

/** A share of one from `60%` or `0.6`. Within 0..1. */
export function parseShare(text: string): Parsed {
  const expected = "a share such as 60% or 0.6";
  const match = DECIMAL.exec(text.trim());
  if (match === null) return refuse(expected, text);
  const unit = match[4]!;
  if (unit !== "" && unit !== "%") return refuse(expected, text, `unknown unit '${unit}'`);
  const value = decimal(match[2]!, match[3] ?? "", unit === "%" ? -2 : 0);
  if (match[1] === "-" || value > 1) return refuse(expected, text, "it must be between 0 and 1");
  return { kind: "value", value };
}

/** Nano-dollars from `$1000` or `$0.25`. Integer, >= 0. */
export function parseUsd(text: string): Parsed {
  return parseMoney(text, { expected: "an amount such as $1000", units: new Map([["", 1n]]) });
}

/** Nano-dollars per hour from `$4/h`. Integer, >= 0. */
export function parseUsdPerHour(text: string): Parsed {
  return parseMoney(text, { expected: "a price such as $4/h", units: new Map([["/h", 1n]]) });
}

/** Nano-dollars per token from `$0.0001/1k` or `$0.10/1M` tokens. Integer, >= 0. */
export function parseUsdPerToken(text: string): Parsed {
  return parseMoney(text, {
    expected: "a price of tokens such as $0.0001/1k or $0.10/1M",
    units: new Map([
      ["/1k", 1_000n],
      ["/1M", 1_000_000n],
    ]),
  });
}

/** How a value is quoted in an error. */
export function show(value: unknown): string {
  if (value === null || value === undefined) return "nothing";
  if (typeof value === "string")
    return `'${value.length > 60 ? `${value.slice(0, 57)}...` : value}'`;
  if (Array.isArray(value)) return "a list";
  if (typeof value === "number" || typeof value === "boolean") return `'${String(value)}'`;
  return "a map";
}

function parseQuantity(text: string, quantity: Quantity): Parsed {
  const match = DECIMAL.exec(text.trim());
  if (match === null) return refuse(quantity.expected, text);
  if (match[1] === "-") return refuse(quantity.expected, text, "it must not be negative");
  const factor = quantity.units.get(match[4]!);
  if (factor === undefined) {
    return refuseUnit(quantity.expected, text, match[4]!, [...quantity.units.keys()]);
  }
  const by = { factor, divisor: 1n, isRoundedDown: quantity.isRoundedDown === true };
  const whole = scale(match[2]!, match[3] ?? "", by);
  if (whole === undefined) {
    return refuse(quantity.expected, text, `it must be a whole number of ${quantity.base}s`);
  }
  return checked(whole, quantity.expected, text);
}

function parseMoney(
  text: string,
  kind: { readonly expected: string; readonly units: ReadonlyMap<string, bigint> },
): Parsed {
  const trimmed = text.trim();
  const match = DECIMAL.exec(trimmed.replace(/^\$/u, ""));
  if (match === null) return refuse(kind.expected, text);
  if (!trimmed.startsWith("$")) return refuse(kind.expected, text, "the $ is missing");
  if (match[1] === "-") return refuse(kind.expected, text, "it must not be negative");
  const divisor = kind.units.get(match[4]!);
  if (divisor === undefined) {
    return refuseUnit(kind.expected, text, match[4]!, [...kind.units.keys()]);
  }
  const whole = scale(match[2]!, match[3] ?? "", { factor: NANO_PER_USD, divisor });
  if (whole === undefined) {
    return refuse(kind.expected, text, "it must be a whole number of nano-dollars");
  }
  return checked(whole, kind.expected, text);
}

/** integer.fraction * factor / divisor, or undefined when that is not whole. */
function scale(
  integer: string,
  fraction: string,
  by: { readonly factor: bigint; readonly divisor: bigint; readonly isRoundedDown?: boolean },
): bigint | undefined {
  const numerator = BigInt(integer + fraction) * by.factor;
  const denominator = BigInt(`1${"0".repeat(fraction.length)}`) * by.divisor;
  const isWhole = numerator % denominator === 0n;
  return isWhole || by.isRoundedDown === true ? numerator / denominator : undefined;
}

/** The double nearest to integer.fraction * 10^exponent: rounded once, so that 99.99% is 0.9999. */
function decimal(integer: string, fraction: string, exponent: number): number {
  return Number(`${integer}${fraction}e${exponent - fraction.length}`);
}

function checked(whole: bigint, expected: string, text: string): Parsed {
  if (whole > BigInt(Number.MAX_SAFE_INTEGER)) return refuse(expected, text, "it is too large");
  return { kind: "value", value: Number(whole) };
}

function refuse(expected: string, text: string, why?: string): Parsed {
  const reason = why === undefined ? "" : `: ${why}`;
  const message = `expected ${expected}, got ${show(text)}${reason}`;
  return { kind: "error", message, suggestion: undefined };
}

function refuseUnit(
  expected: string,
  text: string,
  unit: string,
  known: readonly string[],
): Parsed {
  const names = known.filter((name) => name !== "");
  if (unit === "") return refuse(expected, text, `the unit is missing (${names.join(", ")})`);
  const message = `expected ${expected}, got ${show(text)}: unknown unit '${unit}' (known: ${names.join(", ")})`;
  return { kind: "error", message, suggestion: nearest(unit, names) };
}
