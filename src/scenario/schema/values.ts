/**
 * The building blocks of the file's schema: values with units as zod types that parse to base units, and the few shapes
 * that recur. Each carries what an editor needs to complete and explain it (pattern, examples) into the JSON Schema.
 */
import { z } from "zod";
import { nearest } from "../nearest.ts";
import {
  type Parsed,
  parseBytes,
  parseBytesPerS,
  parseCount,
  parseDurationNs,
  parseFlopsPerS,
  parseRatePerS,
  parseShare,
  parseStepTimePs,
  parseUsd,
  parseUsdPerHour,
  parseUsdPerToken,
  show,
} from "../units.ts";

const NUMBER = "\\d+(\\.\\d+)?\\s*";

interface TextKind {
  readonly parse: (text: string) => Parsed;
  readonly expected: string;
  readonly pattern: string;
  readonly examples: readonly string[];
}

/** A string with a unit; a bare number is refused, since it would leave the unit to guesswork. */
function text(kind: TextKind) {
  return z
    .string({ error: (issue) => `expected ${kind.expected}, got ${show(issue.input)}` })
    .meta({ pattern: kind.pattern, examples: [...kind.examples] })
    .transform((value, context) => settle(kind.parse(value), context));
}

/** As `kind`, but a word such as `never` stands for infinity. */
function orWord(kind: TextKind, word: string): TextKind {
  return {
    parse(value) {
      if (value === word) return { kind: "value", value: Number.POSITIVE_INFINITY };
      const parsed = kind.parse(value);
      if (parsed.kind === "value") return parsed;
      return { ...parsed, suggestion: parsed.suggestion ?? nearest(value, [word]) };
    },
    expected: `${kind.expected}, or ${word}`,
    pattern: `^(${word}|${kind.pattern.slice(1, -1)})$`,
    examples: [...kind.examples, word],
  };
}

/** A number, or a string that `parse` understands. */
function numberOr(kind: TextKind) {
  return z
    .union([z.number(), z.string().meta({ pattern: kind.pattern, examples: [...kind.examples] })], {
      error: (issue) => `expected ${kind.expected}, got ${show(issue.input)}`,
    })
    .transform((value, context) => settle(kind.parse(String(value)), context));
}

function settle(parsed: Parsed, context: z.RefinementCtx): number {
  if (parsed.kind === "value") return parsed.value;
  context.addIssue({
    code: "custom",
    message: parsed.message,
    params: { suggestion: parsed.suggestion },
  });
  return z.NEVER;
}

const DURATION: TextKind = {
  parse: parseDurationNs,
  expected: "a duration such as 50ms",
  pattern: `^${NUMBER}(ns|us|µs|ms|s|min|h|d)$`,
  examples: ["50ms", "2s", "5min", "1h"],
};

const COUNT: TextKind = {
  parse: parseCount,
  expected: "a whole number such as 512, 10k or 50M",
  pattern: `^${NUMBER}[kMGBT]?$`,
  examples: ["10k", "50M"],
};

const BYTES: TextKind = {
  parse: parseBytes,
  expected: "an amount of memory such as 80GiB",
  pattern: `^${NUMBER}([kMGT]|[KMGT]i)?B$`,
  examples: ["80GiB", "20GB"],
};

const USD: TextKind = {
  parse: parseUsd,
  expected: "an amount such as $1000",
  pattern: `^\\$${NUMBER}$`,
  examples: ["$1000"],
};

const RATE: TextKind = {
  parse: parseRatePerS,
  expected: "a rate such as 20/s",
  pattern: `^${NUMBER}/(s|min|h|d)$`,
  examples: ["20/s", "90/min"],
};

const UNLIMITED = "unlimited";

export const duration = () => text(DURATION);
export const durationOr = (word: string) => text(orWord(DURATION, word));
export const bytes = () => text(BYTES);
export const bytesOrUnlimited = () => text(orWord(BYTES, UNLIMITED));
export const rate = () => text(RATE);
export const rateOrUnlimited = () => text(orWord(RATE, UNLIMITED));
export const usdOrUnlimited = () => text(orWord(USD, UNLIMITED));
export const count = () => numberOr(COUNT);
export const countOrUnlimited = () => numberOr(orWord(COUNT, UNLIMITED));

export const positiveCount = () =>
  count().refine((value) => value >= 1, { error: "expected 1 or more" });

/** More requests a second from one client than any platform serves: beyond it lie only slips of the keyboard. */
const MOST_PER_S = 1_000_000;

export const positiveRate = () =>
  rate()
    .refine((value) => value > 0, { error: "expected a rate above 0/s" })
    .refine((value) => value <= MOST_PER_S, { error: `expected at most ${MOST_PER_S}/s` });

export const positiveDuration = () =>
  duration().refine((value) => value > 0, { error: "expected a duration above 0s" });

/** A duration no shorter than `least`: what happens more often would only keep the machine busy. */
export const durationFrom = (least: string) => {
  const parsed = parseDurationNs(least);
  const leastNs = parsed.kind === "value" ? parsed.value : 0;
  return duration().refine((value) => value >= leastNs, {
    error: `expected ${least} or longer`,
  });
};

/** A share of one: `60%` or 0.6. */
export const share = () =>
  numberOr({
    parse: parseShare,
    expected: "a share such as 60% or 0.6",
    pattern: `^${NUMBER}%?$`,
    examples: ["60%"],
  });

export const stepTime = () =>
  text({
    parse: parseStepTimePs,
    expected: "a time such as 12.5us",
    pattern: `^${NUMBER}(ps|ns|us|µs|ms|s)$`,
    examples: ["8ms", "12.5us", "40ns"],
  });

export const bytesPerS = () =>
  text({
    parse: parseBytesPerS,
    expected: "a bandwidth such as 3350GB/s",
    pattern: `^${NUMBER}([kMGT]|[KMGT]i)?B/s$`,
    examples: ["3350GB/s"],
  }).refine((value) => value > 0, { error: "expected a bandwidth above 0GB/s" });

export const flopsPerS = () =>
  text({
    parse: parseFlopsPerS,
    expected: "a compute rate such as 989TFLOPS",
    pattern: `^${NUMBER}[GTP]FLOPS$`,
    examples: ["989TFLOPS"],
  });

export const usdPerHour = () =>
  text({
    parse: parseUsdPerHour,
    expected: "a price such as $4/h",
    pattern: `^\\$${NUMBER}/h$`,
    examples: ["$4/h"],
  });

export const usdPerToken = () =>
  text({
    parse: parseUsdPerToken,
    expected: "a price of tokens such as $0.0001/1k or $0.10/1M",
    pattern: `^\\$${NUMBER}/1(k|M)$`,
    examples: ["$0.0001/1k", "$0.10/1M"],
  });

/** A multiple such as a burst factor or a coefficient of variation: above 0. */
export const positiveNumber = () => z.number().positive();

/** Names begin with a letter: integer-like keys would not keep their place in a map. */
const NAME = /^[A-Za-z][\w.-]*$/u;

export const nameText = () =>
  z.string().regex(NAME, {
    error: "a name begins with a letter and holds letters, digits, '.', '_' and '-'",
  });

/** An ordered map by name; order in the file is kept. */
export function named<T extends z.ZodType>(entry: T) {
  return z.record(nameText(), entry);
}

/** A map that must hold exactly one of its keys: `{ spike: { ... } }`. */
export function oneOf<T extends z.ZodRawShape>(shape: T) {
  const keys = Object.keys(shape);
  return z
    .strictObject(shape)
    .partial()
    .meta({ minProperties: 1, maxProperties: 1 })
    .superRefine((value: Readonly<Record<string, unknown>>, context) => {
      const given = keys.filter((key) => value[key] !== undefined);
      if (given.length === 1) return;
      const got = given.length === 0 ? "none" : given.join(" and ");
      context.addIssue({
        code: "custom",
        message: `expected exactly one of ${keys.join(", ")}, got ${got}`,
      });
    });
}
