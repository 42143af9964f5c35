/** `tenantry compare-policies` and `interference` end to end: files, equal bytes, and bad input told in a sentence. */
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readPlanInput, withPool } from "../../../src/cli/plan-run.ts";
import type { Interference } from "../../../src/report/interference/matrix.ts";
import type { PolicyComparison } from "../../../src/report/policies/policies.ts";
import { commandIn } from "../../support/command.ts";
import { twoTiers } from "../planner/files.ts";

const folder = mkdtempSync(join(tmpdir(), "tenantry-plans-cli-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const tenantry = commandIn(folder);

function write(name: string, text: string): void {
  writeFileSync(join(folder, name), text);
}

function widest(text: string): number {
  return Math.max(...text.split("\n").map((line) => Array.from(line).length));
}

beforeAll(() => {
  write("two.yaml", twoTiers());
  write("own.yaml", twoTiers().replace(/ {2}(shop|lab): \{ arrivals.*\n/g, ""));
  write("idle.yaml", twoTiers().replace(/workload:\n( {2}.*\n)*/, "workload: {}\n"));
  write("bad.yaml", twoTiers().replaceAll("replicas", "replicaz"));
  write(
    "trace.yaml",
    twoTiers().replace(
      "arrivals: { process: poisson, rate: 30/s }, promptTokens: 16, outputTokens: 10",
      "arrivals: { trace: { path: trace.csv, format: tenantry } }",
    ),
  );
  write("trace.csv", "time_s,client,prompt_tokens,output_tokens\n0,a,10,5\n1,a,ten,5\n");
});

function compared(threads: string) {
  const some = ["two.yaml", "--policies", "fcfs, slo-fair", "--max-gpus", "16"];
  return tenantry("compare-policies", ...some, "--threads", threads, "--out", `out-${threads}`);
}

describe("compare-policies", () => {
  test("prints tables and writes its files, the same with one thread and with two", () => {
    const { status, stdout, stderr } = compared("2");
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toContain("Fewest GPUs that keep every promise");
    expect(
      widest(stdout.slice(stdout.indexOf("Gold"), stdout.indexOf("\nOne run each"))),
    ).toBeLessThanOrEqual(80);
    const files = [
      "compare-policies.csv",
      "compare-policies.html",
      "compare-policies.json",
      "compare-policies.md",
    ];
    expect(readdirSync(join(folder, "out-2")).toSorted()).toEqual(files);
    expect(compared("1").stdout.replaceAll("out-1", "out-2")).toBe(stdout);
    for (const file of files) {
      const one = readFileSync(join(folder, "out-1", file), "utf8");
      expect(readFileSync(join(folder, "out-2", file), "utf8")).toBe(one);
    }
  });

  test("without the search says nothing of smallest platforms", () => {
    const { status, stdout } = tenantry("compare-policies", "two.yaml", "--no-search", "--json");
    expect(status).toBe(0);
    const comparison: PolicyComparison = JSON.parse(stdout);
    expect(comparison.policies.map(({ name }) => name)).toEqual([
      "fcfs",
      "strict-priority",
      "tier-share",
      "vtc",
      "slo-fair",
      "static-partition",
    ]);
    expect(comparison.policies.every(({ smallest, isRun }) => smallest === null && isRun)).toBe(
      true,
    );
    expect(comparison.setting).toMatchObject({ sharedGpus: 2, otherGpus: 1, mostGpus: null });
    expect(existsSync(join(folder, "out"))).toBe(false);
  });
});

describe("interference", () => {
  test("prints the matrix and writes its files", () => {
    const run = tenantry("interference", "two.yaml", "--replications", "2", "--out", "matrix");
    expect({ status: run.status, stderr: run.stderr }).toEqual({ status: 0, stderr: "" });
    expect(run.stdout).toContain("with shop");
    const files = ["interference.csv", "interference.html", "interference.json", "interference.md"];
    expect(readdirSync(join(folder, "matrix")).toSorted()).toEqual(files);
    const matrix: Interference = JSON.parse(
      readFileSync(join(folder, "matrix/interference.json"), "utf8"),
    );
    expect(matrix.setting).toEqual({ seeds: [5, 6], dependentClients: [], owners: ["king"] });
    // The king has a pool of its own: nobody is in its way, and it is in nobody's.
    const [king, shop, lab] = matrix.tenants;
    for (const effect of [...king!.effects.slice(1), shop!.effects[0], lab!.effects[0]]) {
      expect(effect!.ttftMsP99).toMatchObject({
        change: 0,
        ratio: 1,
        interval: { low: 0, high: 0 },
      });
    }
    expect(lab!.effects[1]!.ttftMsP99!.change).toBeGreaterThan(0);
  });
});

describe("bad input ends with code 2, a message and no stack trace", () => {
  test.each([
    [
      "an unknown policy",
      "compare-policies",
      ["two.yaml", "--policies", "fcsf"],
      /no policy 'fcsf'.*did you mean 'fcfs'/,
    ],
    [
      "a policy named twice",
      "compare-policies",
      ["two.yaml", "--policies", "vtc,vtc"],
      /'vtc' is named twice/,
    ],
    [
      "no shared pool",
      "compare-policies",
      ["own.yaml"],
      /own\.yaml: no client sends to a shared pool/,
    ],
    ["no client", "compare-policies", ["idle.yaml"], /nobody sends anything|workload/],
    ["a broken scenario", "compare-policies", ["bad.yaml"], /did you mean 'replicas'/],
    [
      "no number of GPUs",
      "compare-policies",
      ["two.yaml", "--max-gpus", "0"],
      /--max-gpus 0: expected a whole number from 1/,
    ],
    [
      "a limit on no search",
      "compare-policies",
      ["two.yaml", "--no-search", "--max-gpus", "8"],
      /--no-search leaves out/,
    ],
    [
      "no number of replications",
      "compare-policies",
      ["two.yaml", "--replications", "0"],
      /--replications 0: .* from 1 to 1000/,
    ],
    [
      "no number of threads",
      "interference",
      ["two.yaml", "--threads", "few"],
      /--threads few: expected/,
    ],
    ["a tenant alone", "interference", ["own.yaml"], /only one tenant sends anything/],
    ["a file that is not there", "interference", ["nowhere.yaml"], /nowhere\.yaml.*no such file/],
    [
      "an output that is a file",
      "interference",
      ["two.yaml", "--out", "trace.csv"],
      /trace\.csv is a file/,
    ],
    [
      "a broken trace, found by a thread",
      "interference",
      ["trace.yaml"],
      /trace\.csv: 1 broken row[^]*line 3/,
    ],
  ])("%s", (_, command, args, message) => {
    const { status, stderr } = tenantry(command, ...args);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/\n {4}at /);
    expect(status).toBe(2);
  });
});

test("Ctrl-C ends the threads in the middle of their work", async () => {
  const endless = ["simulation.duration=100d"];
  const input = readPlanInput(join(folder, "two.yaml"), { set: endless, threads: "2" });
  const outcome = await withPool(input, (pool) => {
    const running = Promise.all([pool.results({}, 1), pool.results({}, 2), pool.results({}, 3)]);
    process.emit("SIGINT");
    return running;
  });
  expect(outcome).toBe("interrupted");
});
