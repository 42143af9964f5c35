/** The replay of measured runs, held against a folder whose truth is known: it must find no error where there is none, and all of one. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { HEADLINE, headlineText, summaryOf, wholeCells } from "../../../fidelity/errors.ts";
import {
  evaluate,
  type Evaluated,
  meanError,
  throughputError,
} from "../../../fidelity/evaluate.ts";
import type { Excluded, MeasuredRun } from "../../../fidelity/measured.ts";
import { readData } from "../../../fidelity/read-data.ts";
import { fidelityCsv, fidelityHtml, fidelityMarkdown } from "../../../fidelity/report/forms.ts";
import { weaknessWords } from "../../../fidelity/report/words.ts";
import { formatMs } from "../../../src/report/format.ts";
import { makeData, stepModel } from "./made-data.ts";

const LINE =
  /^median error: e2e \d+\.\d% tpot \d+\.\d% ttft \d+\.\d% e2e_p99 \d+\.\d% ttft_p99 \d+\.\d%, bias e2e -?\d+\.\d% tpot -?\d+\.\d%$/;

let folder: string;
let runs: MeasuredRun[];
let excluded: Excluded[];
let right: Evaluated[];
let slow: Evaluated[];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "tenantry-fidelity-"));
  makeData(folder);
  ({ runs, excluded } = readData(folder));
  right = evaluate(runs, { changeOf: () => ({ stepModel: stepModel() }) });
  slow = evaluate(runs, { changeOf: () => ({ stepModel: stepModel(1.1) }) });
});

afterAll(() => rmSync(folder, { recursive: true }));

function only(evaluated: readonly Evaluated[], part: string): Evaluated {
  return evaluated.find(({ run }) => run.name.includes(part))!;
}

test("reads every run that can be matched, and says why another cannot", () => {
  expect(runs.map(({ name }) => name)).toEqual([
    "1-mixtral-8x7b-tp2-codegen",
    "20260101-000000-llama-2-7b-tp1-codegen",
    "20260101-000001-llama-2-7b-tp1-reasoning",
  ]);
  expect(excluded.map(({ run }) => run)).toEqual([
    "2-mixtral-8x7b-tp2-codegen",
    "3-nobody-tp1-codegen",
  ]);
  expect(excluded[0]!.reason).toContain("RATE RATIO MISMATCH");
  expect(excluded[1]!.reason).toContain("no/Body");
  expect(runs.map(({ isOverload }) => isOverload)).toEqual([false, false, true]);
});

describe("with the constants the runs were made with", () => {
  test("recorded arrivals give the measured figures, but for their rounding", () => {
    const { cells } = only(right, "llama-2-7b-tp1-codegen");
    // Three scopes (the run and two stages), three metrics, four statistics.
    expect(cells).toHaveLength(36);
    for (const { error } of cells) expect(Math.abs(error)).toBeLessThan(1e-6);
  });

  test("drawn arrivals give them within sampling error", () => {
    const { cells } = only(right, "mixtral");
    const means = cells.filter(({ statistic }) => statistic === "mean");
    expect(means).toHaveLength(9);
    for (const { error } of means) expect(Math.abs(error)).toBeLessThan(0.03);
    for (const { error } of cells) expect(Math.abs(error)).toBeLessThan(0.1);
  });

  test("an overloaded run gives its E2E and throughput, and stands apart", () => {
    const overloaded = only(right, "reasoning");
    expect(Math.abs(meanError(overloaded, "e2e")!)).toBeLessThan(0.01);
    expect(Math.abs(throughputError(overloaded)!)).toBeLessThan(0.01);
    const counted = new Set(wholeCells(right, HEADLINE[0]!).map(({ run }) => run.name));
    expect(counted.size).toBe(2);
    expect(counted.has(overloaded.run.name)).toBe(false);
  });
});

test("constants that are 10 % too slow are found to be", () => {
  const [e2e, tpot, ttft] = HEADLINE.map((figure) => summaryOf(wholeCells(slow, figure))!);
  // All of TPOT is steps, which also overlap more; of TTFT, some 5 ms are spent at the edge.
  expect(tpot!.medianSigned).toBeGreaterThan(0.095);
  expect(tpot!.medianSigned).toBeLessThan(0.13);
  expect(e2e!.medianSigned).toBeGreaterThan(0.095);
  expect(e2e!.medianSigned).toBeLessThan(0.13);
  expect(ttft!.medianSigned).toBeGreaterThan(0.05);
  expect(ttft!.medianSigned).toBeLessThan(0.1);
  expect(weaknessWords(slow)[0]).toMatch(/^E2E mean misses its mark: 1\d\.\d % off/u);
  expect(weaknessWords(right)).not.toContainEqual(expect.stringContaining("misses its mark"));
});

test("the report has every cell, no measured value in its Markdown, and nothing undefined", () => {
  const fidelity = { evaluated: right, leftOut: slow, excluded, version: "0.0.0" };
  const cells = right.reduce((sum, one) => sum + one.cells.length, 0);
  expect(fidelityCsv(fidelity).trimEnd().split("\r\n")).toHaveLength(cells + 1);
  const markdown = fidelityMarkdown(fidelity);
  const told = right.flatMap((one) =>
    one.cells.filter(({ measuredMs }) => markdown.includes(formatMs(measuredMs))),
  );
  expect(told).toEqual([]);
  const page = fidelityHtml(fidelity, "/* vega */");
  const main = page.slice(page.indexOf("<main"), page.indexOf("</main>"));
  for (const text of [markdown, main]) {
    expect(text.match(/NaN|undefined|Infinity/u)?.[0]).toBeUndefined();
  }
  expect(headlineText(right)).toMatch(LINE);
});

describe("the command", () => {
  const main = join(import.meta.dirname, "../../../fidelity/main.ts");
  const run = (...args: string[]) =>
    spawnSync(process.execPath, [main, ...args], { encoding: "utf8" });

  test("writes its files and ends with one line of errors", () => {
    const out = join(folder, "out");
    const { status, stdout } = run("--data", folder, "--out", out, "--only", "codegen");
    expect(status).toBe(0);
    expect(stdout.trimEnd().split("\n").at(-1)).toMatch(LINE);
    for (const file of ["index.html", "fidelity.csv", "fidelity.md"]) {
      expect(existsSync(join(out, file)), file).toBe(true);
    }
    expect(readFileSync(join(out, "index.html"), "utf8")).toContain("How far off");
  });

  test("says what is missing", () => {
    const empty = join(folder, "empty");
    mkdirSync(empty);
    const nothing = run("--data", empty);
    expect(nothing.status).toBe(2);
    expect(nothing.stderr).toContain("expected h100_vllm_load_tests.csv");
    writeFileSync(join(empty, "h100_vllm_load_tests.csv"), "exp_folder,gpu\na,H100\n");
    expect(run("--data", empty).stderr).toContain("row 1: expected a column 'rate_note'");
    writeFileSync(join(empty, "h100_vllm_load_tests.csv"), "garbage,,,\n");
    expect(run("--data", empty).stderr).toContain("h100_vllm_load_tests.csv has no rows");
  });

  test("counts the runs that it cannot simulate, by reason", () => {
    const others = join(folder, "others");
    mkdirSync(others);
    const text = readFileSync(join(folder, "h100_vllm_load_tests.csv"), "utf8");
    writeFileSync(join(others, "h100_vllm_load_tests.csv"), text.replaceAll(",H100,", ",H1000,"));
    const { status, stderr } = run("--data", others);
    expect(status).toBe(2);
    expect(stderr).toContain("none of the 3 runs");
    expect(stderr).toContain("2-mixtral-8x7b-tp2-codegen: requests were lost");
    expect(stderr).toContain("unknown GPU 'H1000'");
    const requests = join(others, "h100_vllm_requests");
    mkdirSync(requests);
    const index = readFileSync(join(folder, "h100_vllm_requests", "experiments.csv"), "utf8");
    writeFileSync(join(requests, "experiments.csv"), index);
    expect(run("--data", others).stderr).toContain(
      "20260101-000000-llama-2-7b-tp1-codegen and 1 more: its file of requests is missing",
    );
  });
});
