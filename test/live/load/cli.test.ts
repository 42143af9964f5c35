/** `tenantry load` end to end against a server in this process: its files, its choice of lengths, and bad input in a sentence. */
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Results } from "../../../src/results/results.ts";
import { type Ended, MAIN } from "../../support/command.ts";
import { EchoUpstream, streamWords } from "../../support/echo-upstream.ts";

const folder = mkdtempSync(join(tmpdir(), "tenantry-load-"));

const SCENARIO = `version: 2
name: small
description: Is anything wrong?
platform:
  pools:
    shared: { model: llama-3.1-8b, precision: fp8, gpu: h100-sxm, replicas: 1 }
  tenants:
    bank: { tier: gold }
    shop: { tier: silver }
workload:
  bank: { arrivals: { process: poisson, rate: 100/s }, promptTokens: 100, outputTokens: 20 }
  shop: { arrivals: { process: poisson, rate: 100/s }, promptTokens: 100, outputTokens: 20 }
simulation: { duration: 20s, warmup: 0s, audit: { requests: 0 } }
`;

/** Runs the command without blocking this process, whose server must answer it. */
function tenantry(args: readonly string[], onStart?: (kill: () => void) => void): Promise<Ended> {
  const child = spawn(process.execPath, [MAIN, ...args], { cwd: folder });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (part: Buffer) => (stdout += part.toString()));
  child.stderr.on("data", (part: Buffer) => (stderr += part.toString()));
  onStart?.(() => child.kill("SIGINT"));
  return new Promise((resolve) => {
    child.on("close", (status) => resolve({ status, stdout, stderr }));
  });
}

describe("load", () => {
  const upstream = new EchoUpstream();
  let url: string;

  beforeAll(async () => {
    url = await upstream.listen();
    writeFileSync(join(folder, "small.yaml"), SCENARIO);
    writeFileSync(join(folder, "keys.json"), '{"bank": "sk-1", "shop": "sk-2"}');
    writeFileSync(join(folder, "list.json"), "[1]");
  });
  beforeEach(() => {
    upstream.asked.length = 0;
    upstream.reply = streamWords;
    upstream.models = [{ id: "llama-3.1-8b", owned_by: "tenantry" }];
  });
  afterAll(async () => {
    await upstream.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test("writes the files that simulate writes, and compare reads them beside a simulation", async () => {
    const few = ["--max-requests", "40", "--seed", "5"];
    const { status, stdout } = await tenantry([
      "load",
      "small.yaml",
      "--url",
      url,
      "--keys",
      "keys.json",
      ...few,
    ]);
    expect(status).toBe(0);
    expect(stdout).toContain("Most in flight");
    const out = join(folder, "out/small-load");
    expect(readdirSync(out).toSorted()).toEqual([
      "bills.csv",
      "report.html",
      "report.md",
      "results.json",
    ]);
    const results: Results = JSON.parse(readFileSync(join(out, "results.json"), "utf8"));
    expect(results.run.requests).toBe(40);
    expect(results.load).toMatchObject({
      url,
      endpoint: "chat",
      lengths: "hint",
      isComplete: true,
    });
    expect(new Set(upstream.asked.map(({ authorization }) => authorization))).toEqual(
      new Set(["Bearer sk-1", "Bearer sk-2"]),
    );
    const same = ["--set", "simulation.maxRequests=40", "--set", "simulation.seed=5"];
    await tenantry(["simulate", "small.yaml", ...same, "--quiet", "--out", "simulated"]);
    const compared = await tenantry(["compare", "simulated", "out/small-load", "--json"]);
    expect(compared).toMatchObject({ status: 0, stderr: "" });
    const { tiers, bills, notes } = JSON.parse(compared.stdout);
    expect(tiers[0].rows[0]).toMatchObject({ id: "arrived", differences: [{ absolute: 0 }] });
    expect(bills[0].rows[0].differences[0].absolute).toBeCloseTo(0, 12);
    expect(notes.join(" ")).not.toContain("not the same");
  });

  test("asks a server that is no Tenantry by max_tokens", async () => {
    upstream.models = [{ id: "other", owned_by: "vllm" }];
    const args = ["load", "small.yaml", "--url", `${url}/v1/`, "--model", "other"];
    const { status, stdout } = await tenantry([...args, "--max-requests", "3", "--json"]);
    expect(status).toBe(0);
    expect(JSON.parse(stdout).load.lengths).toBe("max-tokens");
    expect(upstream.asked.map(({ body }) => [body["model"], body["max_tokens"]])).toEqual(
      Array.from({ length: 3 }, () => ["other", 20]),
    );
  });

  test("interrupted, writes what was measured", async () => {
    let kill: (() => void) | undefined;
    upstream.reply = (asked, response, number) => {
      streamWords(asked, response);
      if (number === 9) kill?.();
    };
    const ended = await tenantry(["load", "small.yaml", "--url", url, "--out", "early"], (stop) => {
      kill = stop;
    });
    expect(ended.stderr).toContain("stopping");
    expect(ended.status).toBe(0);
    const results: Results = JSON.parse(readFileSync(join(folder, "early/results.json"), "utf8"));
    expect(results.load!.isComplete).toBe(false);
    expect(results.run.requests).toBeGreaterThanOrEqual(10);
    expect(results.platform.counts.completed).toBe(results.run.requests);
  });

  test.each([
    ["no address", [], /--url/],
    ["an address that is none", ["--url", "here"], /expected an address such as/],
    ["another protocol", ["--url", "ftp://a"], /expected an address such as/],
    ["nobody listening", ["--url", "http://127.0.0.1:1"], /cannot reach .*connection refused/],
    ["a key of nobody", ["--url", "URL", "--key", "bnak=sk-1"], /tenant 'bnak'.*it has bank, shop/],
    ["a key missing", ["--url", "URL", "--key", "bank=sk-1"], /no key for shop/],
    ["a key without a tenant", ["--url", "URL", "--key", "sk-1"], /expected <tenant>=<key>/],
    [
      "keys that are none",
      ["--url", "URL", "--keys", "list.json"],
      /list\.json: expected a JSON object/,
    ],
    ["lengths of no kind", ["--url", "URL", "--lengths", "long"], /hint or max-tokens/],
    ["an endpoint of no kind", ["--url", "URL", "--endpoint", "x"], /chat or completions/],
    ["a model it has not", ["--url", "URL", "--model", "gpt"], /no model 'gpt'.*llama-3\.1-8b/],
    ["a duration of no unit", ["--url", "URL", "--duration", "60"], /duration/],
  ])("refuses %s with code 2", async (_, args, message) => {
    const real = args.map((one) => (one === "URL" ? url : one));
    const { status, stderr } = await tenantry(["load", "small.yaml", ...real]);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/\n {4}at /);
    expect(status).toBe(2);
    expect(upstream.asked).toEqual([]);
  });
});
