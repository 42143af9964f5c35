/** The command line end to end: exit codes, messages without stack traces, and equal bytes for equal runs. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { commandIn } from "../../support/command.ts";

const SCENARIOS = join(import.meta.dirname, "../../../scenarios");
const folder = mkdtempSync(join(tmpdir(), "tenantry-cli-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const tenantry = commandIn(folder);

const FINE = `version: 2
name: small
description: Is anything wrong?
platform:
  pools:
    shared: { model: llama-3.1-8b, precision: fp8, gpu: h100-sxm, replicas: 1 }
  tenants:
    shop: { tier: silver }
workload:
  shop: { arrivals: { process: poisson, rate: 20/s }, promptTokens: 100, outputTokens: 20 }
simulation: { duration: 20s, warmup: 0s, audit: { requests: 50 } }
`;

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

describe("bad input ends with code 2, a message and no stack trace", () => {
  test.each([
    ["malformed YAML", FINE.replace("version: 2", "version: [1"), /bad\.yaml:\d+:\d+/],
    ["unknown key", FINE.replace("replicas: 1", "replicaz: 1"), /did you mean 'replicas'/],
    ["wrong unit", FINE.replace("20s", "20 GiB"), /duration/],
    ["negative rate", FINE.replace("20/s", "-20/s"), /rate/],
    ["tenant without a pool", FINE.replace("tier: silver", "tier: silver, pools: []"), /pool/],
    [
      "model that does not fit",
      FINE.replace("llama-3.1-8b, precision: fp8", "llama-3.1-70b, precision: bf16"),
      /GiB/,
    ],
  ])("%s", (_what, text, message) => {
    const { status, stderr } = tenantry("simulate", file("bad.yaml", text));
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/\n {4}at /);
    expect(status).toBe(2);
  });

  test("a file that is not there, an unknown option, an output folder that is a file", () => {
    expect(tenantry("check", "nowhere.yaml")).toMatchObject({ status: 2 });
    expect(tenantry("simulate", "--nonsense")).toMatchObject({ status: 2 });
    expect(tenantry("simulate", file("fine.yaml", FINE), "--json", "--requests-csv")).toMatchObject(
      { status: 2, stdout: "", stderr: expect.stringContaining("--out") },
    );
    const taken = file("taken", "");
    const { status, stderr } = tenantry("simulate", file("fine.yaml", FINE), "--out", taken);
    expect({ status, stderr }).toMatchObject({ status: 2, stderr: expect.stringContaining(taken) });
  });

  test("broken rows of a trace are named, or skipped and counted when asked", () => {
    file("trace.csv", "time_s,client,prompt_tokens,output_tokens\n0,a,10,5\n1,a,ten,5\n2,a,10,5\n");
    const text = FINE.replace(
      "arrivals: { process: poisson, rate: 20/s }, promptTokens: 100, outputTokens: 20",
      "arrivals: { trace: { path: trace.csv, format: tenantry } }",
    );
    const scenario = file("replay.yaml", text);
    const refused = tenantry("simulate", scenario);
    expect(refused.status).toBe(2);
    expect(refused.stderr).toMatch(/3/);
    expect(refused.stderr).toContain("--skip-bad-rows");
    const skipped = tenantry("simulate", scenario, "--skip-bad-rows", "--json");
    expect(skipped.status).toBe(0);
    expect(JSON.parse(skipped.stdout)).toMatchObject({ run: { requests: 2, skippedTraceRows: 1 } });
  });
});

describe("simulate", () => {
  test("writes the same results.json twice, with requests.csv or without", () => {
    const scenario = file("fine.yaml", FINE);
    const bytes = (name: string, ...more: string[]) => {
      const out = join(folder, name);
      const { status, stdout } = tenantry("simulate", scenario, "--out", out, ...more);
      expect(status).toBe(0);
      expect(stdout.trimEnd().split("\n").at(-1)).toBe(`Open ${join(out, "report.html")}`);
      return readFileSync(join(out, "results.json"), "utf8");
    };
    const first = bytes("one");
    expect(bytes("two")).toBe(first);
    expect(bytes("three", "--requests-csv")).toBe(first);
    const lines = readFileSync(join(folder, "three", "requests.csv"), "utf8")
      .trim()
      .split("\n");
    expect(lines.length - 1).toBe(JSON.parse(first).run.requests);
    expect(bytes("four", "--seed", "2")).not.toBe(first);
  });

  test("stays within 80 columns and fails on a missed SLA only when asked", () => {
    const scenario = file("fine.yaml", FINE);
    const set = ["--set", "platform.tiers.silver.targets=[{ ttft: 1ms, percentile: 99 }]"];
    const plain = tenantry("simulate", scenario, ...set);
    expect(plain.status).toBe(0);
    expect(Math.max(...plain.stdout.split("\n").map((line) => line.length))).toBeLessThanOrEqual(
      80,
    );
    expect(tenantry("simulate", scenario, ...set, "--fail-on-sla", "--quiet")).toMatchObject({
      status: 1,
      stdout: "",
    });
  });
});

test("check explains every shipped scenario", () => {
  for (const name of [
    "flagship",
    "overload",
    "noisy-neighbour",
    "daily-cycle",
    "gpu-crash",
    "autoscale",
    "node-loss",
    "lora-churn",
    "prefix-cache",
    "trace-replay",
    "live-beside-simulated",
  ]) {
    const { status, stdout, stderr } = tenantry("check", join(SCENARIOS, `${name}.yaml`));
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toContain(name);
  }
});

test("schema prints the committed JSON Schema", () => {
  const committed = readFileSync(join(SCENARIOS, "../schema/scenario.schema.json"), "utf8");
  expect(tenantry("schema")).toMatchObject({ status: 0, stdout: committed });
});
