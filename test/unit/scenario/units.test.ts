/** Values with units: what is read, exactly, and what is refused with which words. */
import { assert, integer, property } from "fast-check";
import { describe, expect, it } from "vitest";
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
} from "../../../src/scenario/units.ts";

type Parse = (text: string) => Parsed;

describe("reads", () => {
  const cases: [Parse, string, number][] = [
    [parseDurationNs, "50ms", 50e6],
    [parseDurationNs, "1.5 s", 1.5e9],
    [parseDurationNs, "250us", 250e3],
    [parseDurationNs, "250µs", 250e3],
    [parseDurationNs, "5min", 300e9],
    [parseDurationNs, "1h", 3600e9],
    [parseDurationNs, "1d", 86_400e9],
    [parseDurationNs, "0s", 0],
    [parseStepTimePs, "12.5us", 12_500_000],
    [parseStepTimePs, "40ps", 40],
    [parseBytes, "80GiB", 80 * 1024 * 1024 * 1024],
    [parseBytes, "20GB", 20e9],
    [parseBytes, "0.5KiB", 512],
    [parseBytesPerS, "3350GB/s", 3350e9],
    [parseFlopsPerS, "362.05TFLOPS", 362.05e12],
    [parseCount, "512", 512],
    [parseCount, "50M", 50e6],
    [parseCount, "8.03B", 8_030_000_000],
    [parseRatePerS, "20/s", 20],
    [parseRatePerS, "90/min", 1.5],
    [parseRatePerS, "0.5/s", 0.5],
    [parseShare, "60%", 0.6],
    [parseShare, "99.99%", 0.9999],
    [parseShare, "0.6", 0.6],
    [parseShare, "100%", 1],
    [parseUsd, "$1000", 1000e9],
    [parseUsd, "$0.000000001", 1],
    [parseUsdPerHour, "$4/h", 4e9],
    // $0.0001 per 1,000 tokens is 100 nano-dollars a token.
    [parseUsdPerToken, "$0.0001/1k", 100],
    [parseUsdPerToken, "$0.10/1M", 100],
  ];
  it.each(cases)("%o %s", (parse, text, value) => {
    expect(parse(text)).toEqual({ kind: "value", value });
  });
});

describe("refuses", () => {
  const cases: [Parse, string, string, string?][] = [
    [
      parseDurationNs,
      "50",
      "expected a duration such as 50ms, got '50': the unit is missing (ns, us, µs, ms, s, min, h, d)",
    ],
    [parseDurationNs, "50sec", "unknown unit 'sec'"],
    [parseDurationNs, "50MS", "unknown unit 'MS'", "ms"],
    [parseDurationNs, "0.5ns", "it must be a whole number of nanoseconds"],
    [parseDurationNs, "-5s", "it must not be negative"],
    [parseDurationNs, "soon", "expected a duration such as 50ms, got 'soon'"],
    [parseDurationNs, "", "got ''"],
    [parseDurationNs, "1e3s", "unknown unit 'e3s'"],
    [parseDurationNs, "400000d", "it is too large"],
    [parseBytes, "80gib", "unknown unit 'gib'", "GiB"],
    [parseBytes, "80Gi", "unknown unit 'Gi'", "GiB"],
    [parseDurationNs, "5m", "unknown unit 'm' (known: ns, us, µs, ms, s, min, h, d)"],
    [parseDurationNs, "0.3ns", "it must be a whole number of nanoseconds"],
    [
      parseCount,
      "1.5",
      "expected a whole number such as 512, 10k or 50M, got '1.5': it must be a whole number of units",
    ],
    [
      parseRatePerS,
      "20",
      "expected a rate such as 20/s, got '20': the unit is missing (/s, /min, /h, /d)",
    ],
    [parseRatePerS, "20/sec", "unknown unit '/sec'", "/s"],
    [parseRatePerS, "-1/s", "it must not be negative"],
    [parseShare, "60", "expected a share such as 60% or 0.6, got '60': it must be between 0 and 1"],
    [parseShare, "101%", "it must be between 0 and 1"],
    [parseUsd, "1000", "the $ is missing"],
    [parseUsd, "$1000/h", "unknown unit '/h'"],
    [parseUsdPerHour, "$4", "expected a price such as $4/h, got '$4': the unit is missing (/h)"],
    [parseUsdPerToken, "$0.0000001/1k", "it must be a whole number of nano-dollars"],
  ];
  it.each(cases)("%o %s", (parse, text, message, suggestion) => {
    const parsed = parse(text);
    expect(parsed).toMatchObject({ kind: "error", message: expect.stringContaining(message) });
    if (suggestion !== undefined) expect(parsed).toMatchObject({ suggestion });
  });
});

describe("reads back what is written", () => {
  const whole = integer({ min: 0, max: 9_000_000 });
  it.each([
    [parseDurationNs, "ns", 1],
    [parseDurationNs, "ms", 1e6],
    [parseDurationNs, "s", 1e9],
    [parseBytes, "KiB", 1024],
    [parseBytes, "GB", 1e9],
    [parseCount, "M", 1e6],
  ] as [Parse, string, number][])("%o in %s", (parse, unit, factor) => {
    assert(
      property(whole, (count) => {
        expect(parse(`${count}${unit}`)).toEqual({ kind: "value", value: count * factor });
      }),
    );
  });

  it("decimals are exact where binary fractions are not: n thousandths of a second", () => {
    assert(
      property(whole, (ms) => {
        const text = `${Math.floor(ms / 1000)}.${String(ms % 1000).padStart(3, "0")}s`;
        expect(parseDurationNs(text)).toEqual({ kind: "value", value: ms * 1e6 });
      }),
    );
  });
});
