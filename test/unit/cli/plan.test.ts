/** `tenantry plan` and `tune` end to end: the last line, files, equal bytes, impossible asks, Ctrl-C, bad input. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { PlanResult } from "../../../src/results/plan.ts";
import type { TuneResult } from "../../../src/results/tune.ts";
import { commandIn, MAIN } from "../../support/command.ts";
import { drawnScenario } from "../planner/plan/drawn.ts";
import { twoTiers } from "../planner/files.ts";

const folder = mkdtempSync(join(tmpdir(), "tenantry-plan-cli-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const tenantry = commandIn(folder);

function write(name: string, text: string): void {
  writeFileSync(join(folder, name), text);
}

function read(name: string): string {
  return readFileSync(join(folder, name), "utf8");
}

/** A plan takes some hundred simulations; enough also where others keep the machine busy. */
const PATIENCE_MS = 600_000;

const SHORT = "{ duration: 20s, warmup: 2s, seed: 5, audit: { requests: 0 } }";
const LAST_LINE =
  /^plan: \d+ GPUs?, \$[\d.]+\/h, meets every SLA at [\d.]+ % confidence, \d+ simulations in \d+ s$/u;

beforeAll(() => {
  const small = twoTiers({ simulation: SHORT }).replace("rate: 5/s", "rate: 12/s");
  write("small.yaml", small);
  write(
    "fast.yaml",
    small.replace("{ ttft: 500ms, percentile: 99 }", "{ ttft: 15ms, percentile: 99 }"),
  );
  write("few.yaml", drawnScenario(6));
  write("crowd.yaml", small.replace("rate: 30/s", "rate: 3000/s"));
  write(
    "wide.yaml",
    `${small}plan: { tensorParallel: [1, 2, 4, 8], policies: [fcfs, vtc, slo-fair, tier-share], maxNumSeqs: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], maxNumBatchedTokens: [64, 128, 256, 512, 1024, 2048] }\n`,
  );
  write(
    "wrong.yaml",
    `${small}plan: { pools: { shred: keep }, gpus: { h1000: $2/h }, confidence: 100% }\n`,
  );
  write("long.yaml", small.replace("duration: 20s", "duration: 100d"));
});

function planned(threads: string) {
  const folderOfRun = `out-${threads}`;
  const options = ["--growth", "8%", "--threads", threads, "--out", folderOfRun];
  return tenantry("plan", "small.yaml", ...options);
}

describe("plan", { timeout: PATIENCE_MS }, () => {
  test("ends with its answer, and writes it: the same bytes with one thread and with two", () => {
    const { status, stdout, stderr } = planned("2");
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout.trimEnd().split("\n").at(-1)).toMatch(LAST_LINE);
    const files = ["plan.csv", "plan.html", "plan.json", "plan.md"];
    expect(readdirSync(join(folder, "out-2")).toSorted()).toEqual(files);
    expect(planned("1").status).toBe(0);
    for (const file of files) expect(read(`out-1/${file}`), file).toBe(read(`out-2/${file}`));
  });

  test("its file holds together", () => {
    const plan: PlanResult = JSON.parse(read("out-2/plan.json"));
    const answer = plan.answer!;
    expect(plan.outcome).toBe("confirmed");
    const gpus = answer.pools.map((pool) => pool.gpus);
    expect(gpus.reduce((sum, count) => sum + count, 0)).toBe(answer.gpus);
    const tenants = plan.costs!.tenants.reduce((sum, { usdPerHour }) => sum + usdPerHour, 0);
    expect(tenants).toBeCloseTo(answer.usdPerHour, 6);
    expect(plan.frontier.map(({ usdPerHour }) => usdPerHour)).toEqual(
      plan.frontier.map(({ usdPerHour }) => usdPerHour).toSorted((a, b) => a - b),
    );
    expect(plan.sensitivity.map(({ id }) => id).slice(0, 4)).toEqual([
      "growth-1",
      "growth-1.25",
      "growth-1.5",
      "growth-2",
    ]);
    expect(plan.sensitivity[0]!.isKept).toBe(true);
    expect(plan.runway!.monthlyGrowth).toBe(0.08);
    // The answer as a simulation of its own: every SLA met, with the plan's changes and nothing else.
    const sets = answer.changes.flatMap(({ path, value }) => ["--set", `${path}=${value}`]);
    const again = tenantry(
      "simulate",
      "small.yaml",
      ...sets,
      "--fail-on-sla",
      "--quiet",
      "--out",
      "again",
    );
    expect(again.status).toBe(0);
  });

  test.each([
    [
      "a target that no GPU reaches",
      "fast.yaml",
      /^plan: impossible: gold's P99 TTFT of 15 ms cannot be met: prefill alone takes 20 ms on h100-sxm at the P99 prompt of 16 tokens/mu,
      /Possible: for gold a P99 TTFT of \d+ ms or more, which 6\d GPUs \(own \d+, shared \d+\) stayed within/u,
    ],
    [
      "more work than the most GPUs do",
      "crowd.yaml",
      /^plan: impossible: the work alone takes \d+ GPUs, and at most 64 may be used/mu,
      /Possible: maxGpus of \d+ or more/u,
    ],
    [
      "too few requests to judge a tier",
      "few.yaml",
      /^plan: impossible: too few requests of gold come after the warm-up/mu,
      /Possible: a longer simulation.duration/u,
    ],
  ])("%s ends with the reason and what would be possible", (_, file, reason, possible) => {
    const { status, stdout, stderr } = tenantry("plan", file, "--out", "impossible");
    expect(stderr).toBe("");
    expect(stdout).toMatch(reason);
    expect(stdout).toMatch(possible);
    expect(status).toBe(1);
  });

  test("Ctrl-C says what is known so far", async () => {
    const child = spawn(process.execPath, [MAIN, "plan", "long.yaml", "--out", "cut"], {
      cwd: folder,
    });
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
    // The folder is made when the options have been read: the plan is under way then.
    const started = new Promise<void>((resolve) => {
      const look = (): void => {
        if (readdirSync(folder).includes("cut")) resolve();
        else setImmediate(look);
      };
      look();
    });
    await started;
    child.kill("SIGINT");
    const [status] = await once(child, "exit");
    expect(status === 130 || status === null).toBe(true);
    if (status === 130) expect(output).toMatch(/Interrupted \(\w+, \d+ platforms? tried\)/u);
    expect(readdirSync(join(folder, "cut"))).toEqual([]);
  });
});

describe("bad input ends with code 2, a message and no stack trace", () => {
  test.each([
    [
      "names that are nothing",
      ["wrong.yaml"],
      /plan.pools.shred: unknown pool 'shred' \(known: own, shared\); did you mean 'shared'\?[^]*plan.gpus.h1000/u,
    ],
    [
      "too many choices",
      ["wide.yaml"],
      /wide\.yaml: the plan section asks for 1152 combinations, and 256 are the most/u,
    ],
    [
      "a confidence beyond reason",
      ["small.yaml", "--confidence", "100%"],
      /--set plan.confidence=100%: .*expected a confidence from 50% to 99\.9%/u,
    ],
    ["no growth", ["small.yaml", "--growth", "fast"], /--set plan.growth=fast/u],
  ])("%s", (_, args, message) => {
    const { status, stderr } = tenantry("plan", ...args, "--out", "bad");
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/\n {4}at /u);
    expect(status).toBe(2);
  });
});

const TUNED = `version: 1
name: tuned   # a comment that stays
platform:
  policy: slo-fair
  tiers:
    silver: { weight: 10, targets: [ { ttft: 400ms, percentile: 95 } ], objective: 95% }
    bronze: { weight: 90, targets: [ { ttft: 3s, percentile: 95 } ], objective: 95% }
  pools:
    shared: { model: llama-3.1-8b, gpu: h100-sxm, maxNumSeqs: 4, maxNumBatchedTokens: 256, stepTime: { fixed: 20ms }, replicas: 3 }
  tenants:
    shop: { tier: silver }
    lab: { tier: bronze }
workload:
  shop: { arrivals: { process: gamma, cv: 2, rate: 30/s }, promptTokens: 16, outputTokens: 10 }
  lab: { arrivals: { process: gamma, cv: 2, rate: 25/s }, promptTokens: 16, outputTokens: 10 }
simulation: { duration: 20s, warmup: 2s, seed: 5, audit: { requests: 0 } }
`;

describe("tune", { timeout: PATIENCE_MS }, () => {
  test("finds better settings on fresh seeds, and leaves the file alone", () => {
    write("tuned.yaml", TUNED);
    const { status, stdout, stderr } = tenantry("tune", "tuned.yaml", "--out", "tune");
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(read("tuned.yaml")).toBe(TUNED);
    const tune: TuneResult = JSON.parse(read("tune/tune.json"));
    expect(tune.isBetter).toBe(true);
    expect(tune.found.broken).toBeLessThanOrEqual(tune.own.broken);
    expect(tune.seeds).toEqual([1005, 1006, 1007, 1008, 1009, 1010, 1011, 1012]);
    expect(read("tune/tune.patch")).toContain("-  policy: slo-fair");
    expect(stdout).toMatch(/tune: \d+ changes?, .* \(before: .*\), \d+ simulations in \d+ s\n$/u);
  });

  test("--write changes the settings it found and nothing else", () => {
    const { status } = tenantry("tune", "tuned.yaml", "--write", "--quiet", "--out", "tune");
    expect(status).toBe(0);
    const tune: TuneResult = JSON.parse(read("tune/tune.json"));
    const after = read("tuned.yaml");
    expect(after).not.toBe(TUNED);
    expect(after).toContain("name: tuned   # a comment that stays");
    const unchanged = TUNED.split("\n").filter((line) => after.includes(line));
    expect(unchanged.length).toBeGreaterThanOrEqual(
      TUNED.split("\n").length - tune.changes.length - 1,
    );
    expect(tenantry("check", "tuned.yaml").status).toBe(0);
  });
});
