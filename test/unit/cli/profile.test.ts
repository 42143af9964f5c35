/** `tenantry profile` end to end: a table to a profile, a pool that uses it, a page; and bad input told in a sentence. */
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { commandIn } from "../../support/command.ts";
import { csvOf, measuredRows } from "../profile/measured.ts";

const folder = mkdtempSync(join(tmpdir(), "tenantry-profile-cli-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const tenantry = commandIn(folder);

/** The profile lies beside the scenario, and both in a folder that no command is started from. */
const SCENARIO = `version: 2
name: profiled
platform:
  pools:
    chat:
      model: llama-3.1-8b
      gpu: h100-sxm
      replicas: 1
      maxNumSeqs: 64
      stepTime: { profile: lab.yaml }
  tenants:
    shop: { tier: silver }
    lab: { tier: bronze }
workload:
  shop: { arrivals: { process: poisson, rate: 4/s }, promptTokens: 500, outputTokens: 40 }
  lab: { arrivals: { process: poisson, rate: 2/s }, promptTokens: 900, outputTokens: 40 }
simulation: { duration: 10s, warmup: 0s, audit: { requests: 20 } }
`;
const NAMES = ["--model", "llama-3.1-8b", "--gpu", "h100-sxm", "--tensor-parallel", "1"];

beforeAll(() => {
  mkdirSync(join(folder, "site"));
  writeFileSync(join(folder, "steps.csv.gz"), gzipSync(csvOf(measuredRows(4))));
  writeFileSync(
    join(folder, "decode.csv"),
    csvOf(measuredRows().filter(({ prefills }) => prefills === 0)),
  );
  writeFileSync(join(folder, "broken.csv"), csvOf(measuredRows()).replace(/,8\.\d+\n/, ",-8\n"));
  writeFileSync(join(folder, "torn.csv.gz"), "no gzip");
  writeFileSync(join(folder, "site/s.yaml"), SCENARIO);
  tenantry("profile", "import", "steps.csv.gz", ...NAMES, "--out", "site/lab.yaml", "--quiet");
});

describe("profile import", () => {
  test("writes the same profile whenever it is asked, and says how far off it is", () => {
    const args = ["profile", "import", "steps.csv.gz", ...NAMES, "--engine", "vLLM 0.20.1"];
    const { status, stdout, stderr } = tenantry(
      ...args,
      "--date",
      "2026-06-13",
      "--holdout",
      "0.5",
      "--out",
      "site/told.yaml",
    );
    expect(stderr).toBe("");
    expect(status).toBe(0);
    expect(stdout).toMatch(
      /^steps\.csv\.gz: 248 steps of 248 lines \(tenantry\)\nMeasured: 1 to 64 decoding/,
    );
    expect(stdout).toMatch(/Errors on the rows it is made of\n.*\n─+\nPrefill +profile +64 +0 /);
    expect(stdout).toMatch(/Errors on 1\d\d rows held out \(0\.5 of all, seed 1\)/);
    expect(stdout).toMatch(/Mixed +profile +\d+ .*\n +catalogue +\d+ /);
    expect(stdout).toMatch(
      /Wrote site\/told\.yaml\. A pool uses it with {2}stepTime: \{ profile: told\.yaml \}\n$/,
    );
    const text = readFileSync(join(folder, "site/told.yaml"), "utf8");
    expect(text).toMatch(
      /^model: "llama-3\.1-8b"\ngpu: "h100-sxm"\ntensorParallel: 1\nengine: "vLLM 0\.20\.1"\ndate: "2026-06-13"\nsource:\n {2}file: "steps\.csv\.gz"\n {2}sha256: "[0-9a-f]{64}"$/m,
    );
    tenantry(...args, "--date", "2026-06-13", "--out", "again.yaml", "--quiet");
    expect(readFileSync(join(folder, "again.yaml"), "utf8")).toBe(text);
  });

  test("names its file after the table", () => {
    const { stdout } = tenantry("profile", "import", "steps.csv.gz", "--quiet");
    expect(stdout).toBe("");
    expect(readdirSync(folder)).toContain("steps.profile.yaml");
  });

  test.each<readonly [string, readonly string[], RegExp]>([
    ["no such table", ["nowhere.csv"], /^cannot read nowhere\.csv: there is no such file/],
    [
      "a table that is not zipped",
      ["torn.csv.gz"],
      /^cannot read torn\.csv\.gz: incorrect header check/,
    ],
    ["decoding alone", ["decode.csv"], /^decode\.csv: no steps that compute prompt tokens/],
    ["a negative time", ["broken.csv"], /^broken\.csv:\d+: latency_ms is -8: expected a time/],
    [
      "a share that is none",
      ["steps.csv.gz", "--holdout", "1"],
      /^--holdout 1: expected a share between 0 and 1/,
    ],
    [
      "no GPUs",
      ["steps.csv.gz", "--tensor-parallel", "0"],
      /^--tensor-parallel 0: expected a whole number/,
    ],
    [
      "everything held out",
      ["steps.csv.gz", "--holdout", "0.999"],
      /^steps\.csv\.gz \(without the rows held out\): (no|only \d)/,
    ],
    [
      "a model that nobody knows",
      ["steps.csv.gz", "--model", "lama-3.1-8b"],
      /^--model lama-3\.1-8b: the catalogue has no such model; nearest are llama-3\.1-8b, /,
    ],
    [
      "a GPU that nobody knows",
      ["steps.csv.gz", "--gpu", "h1000"],
      /^--gpu h1000: the catalogue has no such GPU; nearest are h100-sxm, /,
    ],
    [
      "a precision that is none",
      ["steps.csv.gz", "--precision", "fp16"],
      /^--precision fp16: expected one of bf16, fp8, int4, mxfp4/,
    ],
  ])("refuses %s", (_what, args, message) => {
    const { status, stderr } = tenantry("profile", "import", ...args, "--out", "refused.yaml");
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/\n {4}at /);
    expect(status).toBe(2);
    expect(readdirSync(folder)).not.toContain("refused.yaml");
  });

  test("leaves out broken rows when asked to", () => {
    const { status, stdout } = tenantry(
      "profile",
      "import",
      "broken.csv",
      "--skip-bad-rows",
      "--out",
      "mended.yaml",
    );
    expect(status).toBe(0);
    expect(stdout).toMatch(/left out 1: not what the format says \(first on line \d+\)/);
  });
});

describe("a profile with gaps", () => {
  const NOTE = "No step was measured between 1 and 32 decoding sequences";

  test("is told of at its import, by check, and by show", () => {
    const sparse = measuredRows(3).filter(
      ({ prefills, decodes }) => prefills > 0 || decodes === 1 || decodes >= 32,
    );
    writeFileSync(join(folder, "sparse.csv"), csvOf(sparse));
    const args = ["profile", "import", "sparse.csv", "--out", "site/sparse.yaml"];
    expect(tenantry(...args).stdout).toContain(NOTE);
    expect(tenantry(...args, "--quiet").stderr).toContain(NOTE);
    expect(readFileSync(join(folder, "site/sparse.yaml"), "utf8")).toContain(NOTE);
    const set = "platform.pools.chat.stepTime.profile=sparse.yaml";
    const { status, stderr } = tenantry("check", "site/s.yaml", "--set", set);
    expect(status).toBe(0);
    expect(stderr).toMatch(/^warning: .*stepTime\.profile: No step was measured between 1 and 32/m);
    expect(tenantry("profile", "show", "site/sparse.yaml", "--out", "gaps").stdout).toContain(NOTE);
    expect(readFileSync(join(folder, "gaps/profile.md"), "utf8")).toContain(NOTE);
  });

  test("is that of a checkpoint by the name its pool knows it by", () => {
    const names = ["--model", "meta-llama/Llama-3.1-8B-Instruct", "--gpu", "H100-SXM"];
    tenantry("profile", "import", "steps.csv.gz", ...names, "--out", "site/named.yaml", "--quiet");
    const set = "platform.pools.chat.stepTime.profile=named.yaml";
    expect(tenantry("check", "site/s.yaml", "--set", set)).toMatchObject({ status: 0, stderr: "" });
  });
});

describe("a pool with a profile", () => {
  test("is simulated by its times, from any folder", () => {
    // So seldom that requests are alone: 8 ms a step, and 40 ns for each of 501 to 540 tokens of context.
    const rates = ["shop", "lab"].map((client) => `workload.${client}.arrivals.rate=6/min`);
    const set = [...rates, "simulation.duration=5min"].flatMap((one) => ["--set", one]);
    const { status, stdout, stderr } = tenantry("simulate", "site/s.yaml", "--json", ...set);
    expect(stderr).toBe("");
    expect(status).toBe(0);
    const { tiers } = JSON.parse(stdout);
    expect(tiers[1].latency.tpotMs.p50).toBeGreaterThan(7.98);
    expect(tiers[1].latency.tpotMs.p50).toBeLessThan(8.06);
  });

  test("is told of time in steps beyond its profile", () => {
    const long = ["--set", "workload.shop.promptTokens=9000", "--out", "long"];
    const { status } = tenantry("simulate", "site/s.yaml", "--quiet", ...long);
    expect(status).toBe(0);
    // The profile knows contexts of 4,000 tokens; shop's are longer, and lab's alone are not.
    const share = JSON.parse(readFileSync(join(folder, "long/results.json"), "utf8")).pools[0]
      .extrapolatedShare;
    expect(share).toBeGreaterThan(0.2);
    expect(share).toBeLessThan(1);
    expect(readFileSync(join(folder, "long/report.md"), "utf8")).toMatch(
      /Pool chat spent \d+\.\d % of its busy time in steps larger than any that its profile was made of/,
    );
    const { stdout } = tenantry("simulate", "site/s.yaml", "--json");
    expect(JSON.parse(stdout).pools[0].extrapolatedShare).toBe(0);
  });

  test("goes along into the threads of a plan", () => {
    const { status, stdout, stderr } = tenantry(
      "interference",
      "site/s.yaml",
      "--json",
      "--threads",
      "2",
    );
    expect(stderr).toBe("");
    expect(status).toBe(0);
    expect(JSON.parse(stdout).neighbours).toEqual(["shop", "lab"]);
  });

  test("is refused with the line when its profile is not there or not one", () => {
    const gone = tenantry(
      "check",
      "site/s.yaml",
      "--set",
      "platform.pools.chat.stepTime.profile=gone.yaml",
    );
    expect(gone).toMatchObject({ status: 2 });
    expect(gone.stderr).toMatch(
      /stepTime\.profile: cannot read gone\.yaml: expected a profile file/,
    );
    writeFileSync(join(folder, "site/bad.yaml"), "profileVersion: 1\nmodel: 7\n");
    const bad = tenantry(
      "check",
      "site/s.yaml",
      "--set",
      "platform.pools.chat.stepTime.profile=bad.yaml",
    );
    expect(bad).toMatchObject({ status: 2 });
    expect(bad.stderr).toMatch(/site\/bad\.yaml:2:8: model: expected text, got/);
  });
});

describe("profile show", () => {
  test("writes a page, Markdown and JSON, and says what they show", () => {
    const { status, stdout } = tenantry("profile", "show", "site/lab.yaml", "--out", "shown");
    expect(status).toBe(0);
    expect(stdout).toMatch(/^\nllama-3\.1-8b on 1 x h100-sxm\nOn average the profile is off by /);
    expect(stdout).toMatch(/Decode +profile .*\n +catalogue /);
    expect(stdout).toMatch(/Open shown\/profile\.html\n$/);
    expect(readdirSync(join(folder, "shown")).toSorted()).toEqual([
      "profile.html",
      "profile.json",
      "profile.md",
    ]);
    for (const line of stdout.split("\n").filter((one) => one.startsWith(" "))) {
      expect(Array.from(line).length).toBeLessThanOrEqual(80);
    }
  });

  test("sets another GPU beside it when asked", () => {
    const one = JSON.parse(tenantry("profile", "show", "site/lab.yaml", "--json").stdout);
    const other = JSON.parse(
      tenantry("profile", "show", "site/lab.yaml", "--json", "--gpu", "l40s").stdout,
    );
    expect(one.models).toEqual(["profile", "catalogue"]);
    expect(one.prefill.lines[0]).toEqual(other.prefill.lines[0]);
    expect(other.prefill.lines[1].points.at(-1).ms).toBeGreaterThan(
      2 * one.prefill.lines[1].points.at(-1).ms,
    );
  });

  test("stands alone where nobody said what was measured, and says so", () => {
    const { status, stdout } = tenantry("profile", "show", "steps.profile.yaml", "--out", "alone");
    expect(status).toBe(0);
    expect(stdout).not.toMatch(/catalogue {2,}/);
    expect(stdout).toContain("The profile does not say what it is of: name --model");
  });

  test("refuses a name that the catalogue does not know", () => {
    const { status, stderr } = tenantry("profile", "show", "site/lab.yaml", "--gpu", "h100-smx");
    expect(stderr).toBe("the catalogue has no GPU 'h100-smx'; did you mean 'h100-sxm'?\n");
    expect(status).toBe(2);
  });
});
