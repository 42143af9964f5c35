/** `tenantry compare` end to end: scenarios and results of both kinds in, files out, and bad input told in a sentence. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Comparison } from "../../../src/report/compare/compare.ts";
import { commandIn } from "../../support/command.ts";
import { exampleResults, manyTenants } from "./fixture.ts";

const folder = mkdtempSync(join(tmpdir(), "tenantry-compare-cli-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const tenantry = commandIn(folder);

const SCENARIO = `version: 2
name: small
description: Is anything wrong?
platform:
  policy: slo-fair
  pools:
    shared: { model: llama-3.1-8b, precision: fp8, gpu: h100-sxm, replicas: 1 }
  tenants:
    shop: { tier: silver }
workload:
  shop: { arrivals: { process: poisson, rate: 20/s }, promptTokens: 100, outputTokens: 20 }
simulation: { duration: 10s, warmup: 0s, audit: { requests: 0 } }
`;

function write(name: string, content: string | object): string {
  writeFileSync(
    join(folder, name),
    typeof content === "string" ? content : JSON.stringify(content),
  );
  return name;
}

describe("compare", () => {
  beforeAll(() => {
    write("a.yaml", SCENARIO);
    write("b.yaml", SCENARIO.replace("replicas: 1", "replicas: 2"));
    write("results.json", exampleResults());
    write("others.json", manyTenants(3));
  });

  test("simulates scenarios, pairs their replications and writes its files", () => {
    const { status, stdout } = tenantry("compare", "a.yaml", "b.yaml", "--replications", "3");
    expect(status).toBe(0);
    expect(stdout).toContain("± 95 %");
    expect(readdirSync(join(folder, "out/compare")).toSorted()).toEqual([
      "compare.html",
      "compare.json",
      "compare.md",
    ]);
    const text = readFileSync(join(folder, "out/compare/compare.json"), "utf8");
    const comparison: Comparison = JSON.parse(text);
    expect(comparison.confidence).toBe(0.95);
    expect(comparison.sides.map(({ seeds }) => seeds)).toEqual([
      [1, 2, 3],
      [1, 2, 3],
    ]);
    const rows = comparison.tiers.find(({ name }) => name === "silver")!.rows;
    // The same seeds bring the same arrivals: no difference, and no doubt about it.
    expect(rows.find(({ id }) => id === "arrived")!.differences).toEqual([
      { absolute: 0, relative: 0, interval: { low: 0, high: 0 }, p: 1 },
    ]);
    // The notes below the tables are sentences, which a terminal wraps.
    for (const line of stdout.slice(0, stdout.indexOf("\nMeans over")).split("\n")) {
      expect(Array.from(line).length).toBeLessThanOrEqual(80);
    }
  });

  test("takes a run's folder, its file and its scenario for the same thing", () => {
    expect(tenantry("simulate", "a.yaml", "--quiet", "--out", "run").status).toBe(0);
    const { status, stdout } = tenantry("compare", "run", "run/results.json", "a.yaml", "--json");
    expect(status).toBe(0);
    const comparison: Comparison = JSON.parse(stdout);
    const rows = [...comparison.tiers, ...comparison.bills].flatMap((one) => one.rows);
    for (const { values } of [...rows, ...comparison.platform]) {
      expect(new Set(values).size).toBe(1);
    }
    expect(comparison.notes).toHaveLength(1);
  });

  const broken = { ...exampleResults(), tiers: [{ name: "gold" }] };
  test.each([
    ["one side", ["results.json"], /2 to 6 results or scenarios, not 1/],
    ["a file that is not there", ["results.json", "nowhere.json"], /nowhere\.json.*no such file/],
    ["a folder without results", ["results.json", "empty"], /empty\/results\.json/],
    [
      "text",
      ["results.json", "notes.txt"],
      /notes\.txt is neither a results\.json.*nor a scenario/,
    ],
    ["other JSON", ["results.json", "other.json"], /other\.json is not a results\.json/],
    ["an array", ["results.json", "list.json"], /list\.json is not a results\.json/],
    ["another version", ["results.json", "new.json"], /new\.json has schemaVersion 99.*reads 1/],
    [
      "half a file",
      ["results.json", "broken.json"],
      /broken\.json is not a whole results\.json: tiers\.0/,
    ],
    [
      "other tenants",
      ["results.json", "others.json"],
      /different tenants[^]*only in A: aurora-bank[^]*only in B: tenant-0/,
    ],
    ["a broken scenario", ["a.yaml", "bad.yaml"], /bad\.yaml/],
    [
      "replications of results",
      ["a.yaml", "results.json", "--replications", "2"],
      /--replications.*results\.json/,
    ],
    ["too few replications", ["a.yaml", "b.yaml", "--replications", "1"], /from 2 to 1000/],
    ["no number of replications", ["a.yaml", "b.yaml", "--replications", "many"], /from 2 to 1000/],
    [
      "an output that is a file",
      ["a.yaml", "b.yaml", "--out", "results.json"],
      /results\.json is a file, not a folder/,
    ],
  ])("refuses %s with code 2", (_, args, message) => {
    mkdirSync(join(folder, "empty"), { recursive: true });
    write("notes.txt", "hello");
    write("other.json", { hello: 1 });
    write("list.json", "[1, 2]");
    write("new.json", { ...exampleResults(), schemaVersion: 99 });
    write("broken.json", broken);
    write("bad.yaml", SCENARIO.replace("replicas", "replicaz"));
    const { status, stderr } = tenantry("compare", ...args);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/\n {4}at /);
    expect(status).toBe(2);
  });
});
