/** `tenantry report` end to end: every kind of file in, every form out, the same bytes twice, and bad input told in a sentence. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { compareSides } from "../../../src/report/compare/compare.ts";
import { interferenceOf } from "../../../src/report/interference/matrix.ts";
import { comparePolicies } from "../../../src/report/policies/policies.ts";
import { commandIn } from "../../support/command.ts";
import { emptyResults } from "./fixture-empty.ts";
import { examplePlan, impossiblePlan } from "./fixture-plan.ts";
import { exampleTune } from "./fixture-tune.ts";
import { exampleResults } from "./fixture.ts";
import { gridOf } from "./sweep-fixture.ts";

const folder = mkdtempSync(join(tmpdir(), "tenantry-report-cli-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const tenantry = commandIn(folder);

function write(name: string, content: unknown): string {
  const text = typeof content === "string" ? content : JSON.stringify(content);
  mkdirSync(join(folder, name, ".."), { recursive: true });
  writeFileSync(join(folder, name), text);
  return name;
}

function filesIn(out: string): string[] {
  return readdirSync(join(folder, out), { recursive: true, encoding: "utf8" }).toSorted();
}

function read(...path: string[]): string {
  return readFileSync(join(folder, ...path), "utf8");
}

const results = exampleResults();
const policies = comparePolicies(
  [{ name: "fcfs", runs: [results], smallest: undefined, pools: [] }],
  {
    seeds: [1],
    sharedGpus: 16,
    otherGpus: 5,
    mostGpus: null,
    dependentClients: [],
    hasFaults: false,
  },
);
const absences = results.tenants.map(({ name }) => ({ tenant: name, runs: [results] }));
const interference = interferenceOf([results], absences, {
  seeds: [1],
  dependentClients: [],
  owners: [],
});

const compared = compareSides(["a", "b"].map((source) => ({ source, runs: [results] })));

describe("report", () => {
  test("of a simulation: simulated, then reported from its folder, in every form", () => {
    const scenario = `version: 2
name: small
description: Is anything wrong?
platform:
  pools:
    shared: { model: llama-3.1-8b, precision: fp8, gpu: h100-sxm, replicas: 1 }
  tenants:
    shop: { tier: silver }
workload:
  shop: { arrivals: { process: poisson, rate: 20/s }, promptTokens: 100, outputTokens: 20 }
simulation: { duration: 20s, warmup: 0s, audit: { requests: 0 } }
`;
    write("small.yaml", scenario);
    const set = ["--set", "platform.pools.shared.replicas=2"];
    expect(tenantry("simulate", "small.yaml", "--quiet", "--out", "run", ...set).status).toBe(0);
    const { status, stdout, stderr } = tenantry("report", "run", "-o", "one");
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toContain("The tier met its SLA. It ran on 2 GPUs");
    expect(stdout.trimEnd().split("\n").at(-1)).toBe("Open one/report.html");
    const files = filesIn("one");
    for (const file of ["report.html", "report.md", "report.csv"]) expect(files).toContain(file);
    const charts = files.filter((file) => file.endsWith(".svg"));
    expect(charts.length).toBeGreaterThan(5);
    const markdown = read("one", "report.md");
    for (const chart of charts) expect(markdown).toContain(`](${chart})`);
    // How to run it again is exactly how it was run.
    const again = `tenantry simulate small.yaml --seed 1 --set platform.pools.shared.replicas=2 --out again`;
    expect(markdown).toContain(again);
    expect(tenantry(...again.split(" ").slice(1)).status).toBe(0);
    expect(read("again", "results.json")).toBe(read("run", "results.json"));
    // Twice the same, and the page that simulate wrote.
    expect(tenantry("report", "run/results.json", "--quiet", "-o", "two").stdout).toBe("");
    for (const file of files.filter((name) => name.includes("."))) {
      expect(read("two", file), file).toBe(read("one", file));
    }
    expect(read("run", "report.html")).toBe(read("one", "report.html"));
  });

  test.each<readonly [string, string, unknown, number]>([
    ["a run", "results.json", results, 12],
    ["an empty run", "results.json", emptyResults(), 5],
    ["a plan", "plan.json", examplePlan(), 7],
    ["an impossible plan", "plan.json", impossiblePlan(), 0],
    ["a tuning", "tune.json", exampleTune(), 2],
    ["a comparison", "compare.json", compared, 1],
    ["a sweep", "sweep.json", gridOf([4, 3]), 12],
    ["a comparison of policies", "compare-policies.json", policies, 2],
    ["interference", "interference.json", interference, 2],
  ])("of %s: draws what there is, and nothing reads as no number", (_, name, content, charts) => {
    rmSync(join(folder, "of"), { recursive: true, force: true });
    write(join("of", name), content);
    const { status, stderr } = tenantry(
      "report",
      "of",
      "--format",
      "md,csv,svg",
      "--out",
      "of/out",
    );
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    const drawn = readdirSync(join(folder, "of/out/charts"));
    expect(drawn).toHaveLength(charts);
    for (const chart of drawn) {
      const svg = read("of/out/charts", chart);
      expect(svg).toMatch(/^<svg /);
      expect(svg.match(/<path |<text /g)!.length).toBeGreaterThan(2);
      expect(svg).not.toMatch(/NaN|undefined|var\(--/);
    }
    expect(read("of/out/report.md")).not.toMatch(/NaN|undefined|\[object/);
    expect(read("of/out/report.csv")).not.toMatch(/NaN|undefined|\[object/);
  });

  test("in the forms that are asked for, and no other", () => {
    write("results.json", results);
    expect(tenantry("report", "results.json", "--format", "md", "--out", "words").status).toBe(0);
    expect(filesIn("words")).toEqual(["report.md"]);
    expect(read("words", "report.md")).not.toContain("![");
    const { status } = tenantry("report", "results.json", "--format", "vega-lite", "-o", "specs");
    expect(status).toBe(0);
    const specs = filesIn("specs").filter((name) => name.endsWith(".vl.json"));
    expect(specs).toHaveLength(12);
    const spec: { $schema: string } = JSON.parse(read("specs", specs[0]!));
    expect(spec.$schema).toContain("vega-lite");
  });
});

describe("bad input ends with code 2, a message and no stack trace", () => {
  const whole = JSON.stringify(results);
  const { tiers: _tiers, ...noTiers } = results;
  test.each<readonly [string, readonly string[], RegExp]>([
    ["a file that is not there", ["nowhere.json"], /nowhere\.json.*no such file/],
    ["half a file", ["half.json"], /half\.json is not whole JSON/],
    ["no JSON", ["notes.txt"], /notes\.txt is not whole JSON/],
    ["a list", ["list.json"], /list\.json is no file that reports are made of \(results\.json/],
    ["a foreign file", ["foreign.json"], /foreign\.json is no file that reports are made of/],
    ["a scenario", ["scenario.yaml"], /scenario\.yaml is a scenario.*tenantry simulate scenario/],
    ["a scenario as JSON", ["scenario.json"], /scenario\.json is a scenario/],
    ["half a comparison", ["compare.json"], /compare\.json is not a whole compare\.json/],
    [
      "a newer file",
      ["newer.json"],
      /newer\.json has schemaVersion 99 \(written by tenantry 9\.0\.0\); this version of tenantry reads 1\. Use the version that wrote it, or a newer one/,
    ],
    ["an older file", ["older.json"], /older\.json has schemaVersion 0.*Make it again/],
    ["a newer plan", ["newer-plan.json"], /newer-plan\.json has schemaVersion 2/],
    ["a plan with a hole", ["hole-plan.json"], /is not a whole plan\.json: answer\.pools\.0\.gpu/],
    ["a file with a hole", ["hole.json"], /hole\.json is not a whole results\.json: tiers:/],
    [
      "a wrong number",
      ["wrong.json"],
      /wrong\.json is not a whole results\.json: run\.requests: .*number/,
    ],
    [
      "fewer GPUs than none",
      ["negative.json"],
      /negative\.json is not a whole results\.json: platform\.gpus: expected 0 or more, not -1/,
    ],
    [
      "a time below none",
      ["early.json"],
      /early\.json is not a whole results\.json: tiers\.0\.latency\.ttftMs\.p99: expected 0 or more, not -5/,
    ],
    [
      "more than all",
      ["over.json"],
      /over\.json is not a whole results\.json: tiers\.0\.sla\.compliance: expected a share from 0 to 1, not 1\.2/,
    ],
    [
      "a plan of fewer GPUs than none",
      ["negative-plan.json"],
      /negative-plan\.json is not a whole plan\.json: answer\.gpus: expected 0 or more, not -14/,
    ],
    ["an empty folder", ["empty"], /empty holds nothing that reports are made of/],
    ["a folder with two", ["both"], /both holds several results; name one of them: both\/results/],
    ["a format that is none", ["results.json", "--format", "pdf"], /there is no 'pdf' \(html, md/],
    ["a misspelt format", ["results.json", "--format", "htm"], /did you mean 'html'/],
    ["an output that is a file", ["results.json", "--out", "notes.txt"], /notes\.txt/],
  ])("%s", (_, args, message) => {
    write("half.json", whole.slice(0, whole.length / 2));
    write("notes.txt", "hello");
    write("list.json", [1, 2]);
    write("foreign.json", { schemaVersion: 1, hello: "world" });
    write("scenario.yaml", "version: 2\n");
    write("scenario.json", { version: 2, platform: {} });
    write("compare.json", { schemaVersion: 1, sides: [] });
    write("newer.json", { ...results, schemaVersion: 99, tenantryVersion: "9.0.0" });
    write("older.json", { ...results, schemaVersion: 0 });
    write("newer-plan.json", { ...examplePlan(), schemaVersion: 2 });
    write("hole-plan.json", JSON.stringify(examplePlan()).replace('"gpu":', '"gpus-of":'));
    write("hole.json", noTiers);
    write("wrong.json", { ...results, run: { ...results.run, requests: "21" } });
    write("negative.json", { ...results, platform: { ...results.platform, gpus: -1 } });
    const [gold = expect.fail("a tier"), ...others] = results.tiers;
    const ttftMs = { ...gold.latency.ttftMs, p99: -5 };
    const early = { ...gold, latency: { ...gold.latency, ttftMs } };
    write("early.json", { ...results, tiers: [early, ...others] });
    const over = { ...gold, sla: { ...gold.sla, compliance: 1.2 } };
    write("over.json", { ...results, tiers: [over, ...others] });
    const plan = examplePlan();
    write("negative-plan.json", { ...plan, answer: { ...plan.answer!, gpus: -14 } });
    write("both/results.json", results);
    write("both/interference.json", interference);
    write("results.json", results);
    mkdirSync(join(folder, "empty"), { recursive: true });
    const { status, stderr } = tenantry("report", ...args);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/\n {4}at /);
    expect(status).toBe(2);
  });
});
