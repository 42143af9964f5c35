/**
 * The formatters, value by value: what a reader sees for ordinary, extreme and missing numbers.
 */
import { describe, expect, test } from "vitest";
import {
  formatCount,
  formatDuration,
  formatExactUsd,
  formatLimitMs,
  formatMs,
  formatMsBeside,
  formatNumber,
  formatObjective,
  formatPercent,
  formatRate,
  formatShare,
  formatUsd,
} from "../../../src/report/format.ts";

describe("times", () => {
  test.each([
    [null, "—"],
    [Number.NaN, "—"],
    [Number.POSITIVE_INFINITY, "—"],
    [0, "0 ms"],
    [0.0004, "<0.001 ms"],
    [0.05, "0.0500 ms"],
    [4.519, "4.52 ms"],
    [45.06, "45.1 ms"],
    [99.96, "100 ms"],
    [612.4, "612 ms"],
    [999.6, "1.00 s"],
    [1834.2, "1.83 s"],
    [59_949, "59.9 s"],
    [59_950, "0.999 min"],
    [600_000, "10.0 min"],
    [7_200_000, "2.00 h"],
  ])("%s ms reads %s", (ms, text) => {
    expect(formatMs(ms)).toBe(text);
  });

  test("a limit has only the digits somebody wrote", () => {
    expect(formatLimitMs(50)).toBe("50 ms");
    expect(formatLimitMs(1500)).toBe("1.5 s");
    expect(formatLimitMs(100)).toBe("100 ms");
    expect(formatLimitMs(null)).toBe("—");
  });

  test("a measured time never reads like the limit it misses", () => {
    expect(formatMsBeside(50.04, 50)).toBe("50.04 ms");
    expect(formatMsBeside(49.998, 50)).toBe("49.998 ms");
    expect(formatMsBeside(50, 50)).toBe("50.0 ms");
    expect(formatMsBeside(44.82, 50)).toBe("44.8 ms");
  });

  test.each([
    [0, "0 s"],
    [45, "45 s"],
    [94.5, "1 min 35 s"],
    [5400, "1 h 30 min"],
    [3600, "1 h"],
    [86_400 * 2 + 3600 * 3, "2 d 3 h"],
  ])("%s s lasts %s", (seconds, text) => {
    expect(formatDuration(seconds)).toBe(text);
  });
});

describe("shares", () => {
  test.each([
    [null, "—"],
    [0, "0 %"],
    [1, "100 %"],
    [0.7634, "76.34 %"],
    [0.9, "90.00 %"],
    // 0.014 % is missing: two digits of it show, or this would round to the objective of 99.99 %.
    [0.99986, "99.986 %"],
    [0.9999938, "99.99938 %"],
    [0.999999999, ">99.999999 %"],
    [0.000001, "<0.01 %"],
  ])("%s reads %s", (share, text) => {
    expect(formatPercent(share)).toBe(text);
  });

  test("an objective has only the digits somebody wrote", () => {
    expect(formatObjective(0.9999)).toBe("99.99 %");
    expect(formatObjective(0.99)).toBe("99 %");
    expect(formatObjective(0.995)).toBe("99.5 %");
  });
});

describe("money, counts and rates", () => {
  test.each([
    [null, "—"],
    [0, "$0"],
    [1_234_567.891, "$1,234,567.89"],
    [12.345, "$12.35"],
    [0.409, "$0.409"],
    [0.000542, "$0.000542"],
    [1e-12, "<$0.000000001"],
    [-3.5, "-$3.50"],
  ])("%s dollars read %s", (usd, text) => {
    expect(formatUsd(usd)).toBe(text);
  });

  test("exact dollars keep every nano-dollar and nothing else", () => {
    expect(formatExactUsd(20.431852856)).toBe("20.431852856");
    expect(formatExactUsd(12.5)).toBe("12.5");
    expect(formatExactUsd(100)).toBe("100");
    expect(formatExactUsd(0.000000001)).toBe("0.000000001");
  });

  test("counts and numbers group thousands", () => {
    expect(formatCount(1_234_567)).toBe("1,234,567");
    expect(formatCount(0)).toBe("0");
    expect(formatNumber(18_204.5, 4)).toBe("18,200");
    expect(formatNumber(999.96)).toBe("1,000");
    expect(formatRate(13.3)).toBe("13.3/s");
    expect(formatRate(0)).toBe("0/s");
  });
});

describe("shares for comparison by eye", () => {
  test.each([
    [null, "—"],
    [0, "0 %"],
    [1, "100 %"],
    [0.7634, "76.3 %"],
    [0.99965, ">99.9 %"],
    [0.0003, "<0.1 %"],
  ])("%s reads %s", (share, text) => {
    expect(formatShare(share)).toBe(text);
  });
});
