/** Tables with stretches that nobody measured, and times that do not grow. */
import { describe, expect, test } from "vitest";
import { fitProfile } from "../../../src/profile/fit.ts";
import type { StepRow } from "../../../src/profile/step-row.ts";
import { measuredRows } from "./measured.ts";

function notesOf(keep: (row: StepRow) => boolean): readonly string[] {
  return fitProfile(measuredRows(3).filter(keep), "steps.csv").notes;
}

describe("gaps are told", () => {
  test("not in a table without any", () => {
    expect(notesOf(() => true)).toEqual([]);
  });

  test("not where neighbours are 8 times apart", () => {
    expect(notesOf((row) => row.prefills > 0 || [1, 8, 64].includes(row.decodes))).toEqual([]);
  });

  test.each<readonly [string, (row: StepRow) => boolean, RegExp]>([
    [
      "of batch sizes",
      (row) => row.prefills > 0 || row.decodes === 1 || row.decodes >= 12,
      /^No step was measured between 1 and 12 decoding sequences: times there lie on a straight line/,
    ],
    [
      "of prompt lengths",
      (row) => row.prefills === 0 || row.prefillTokens <= 128 || row.prefillTokens >= 2048,
      /^No step was measured between 128 and 2050 prompt tokens:/,
    ],
    [
      "of mixed steps",
      (row) => row.prefills === 0 || row.decodes === 0,
      /^No step was measured with both prompts and decoding sequences: .* the sum of theirs/,
    ],
    [
      "of prompts alone",
      (row) => row.prefills === 0 || row.decodes > 0,
      /^No step was measured with prompts alone/,
    ],
  ])("%s", (_what, keep, message) => {
    expect(notesOf(keep)[0]).toMatch(message);
  });
});

describe("times that do not grow", () => {
  test("are refused, with the columns to look at", () => {
    const flat = measuredRows(3).map((row) => ({ ...row, ms: 10 }));
    expect(() => fitProfile(flat, "steps.csv")).toThrow(
      /^steps\.csv:\d+: steps of 1024 tokens and more take no longer \(10 ms\) than those of 64 and fewer \(10 ms\): .* check the column of times$/,
    );
  });

  test("are nothing to wonder at among small steps", () => {
    const small = measuredRows(3)
      .filter((row) => row.prefillTokens <= 512)
      .map((row) => ({ ...row, ms: 10 + row.contextTokens / 1e5 }));
    expect(() => fitProfile(small, "steps.csv")).not.toThrow();
  });
});
