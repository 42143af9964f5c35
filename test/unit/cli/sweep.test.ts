/** `tenantry sweep` end to end: equal bytes however it ran, going on after a kill, and everything that is wrong told at once. */
import { spawn, spawnSync } from "node:child_process";
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  watch,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Sweep } from "../../../src/report/sweep/sweep.ts";
import { profileText } from "../../../src/scenario/profile-file.ts";
import { commandIn, MAIN } from "../../support/command.ts";
import { scenarioOf, simulate } from "../../support/scenario.ts";
import { twoTiers } from "../planner/files.ts";
import { profileOf } from "../planner/profile.ts";

const folder = mkdtempSync(join(tmpdir(), "tenantry-sweep-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const REPORTS = ["sweep.csv", "sweep.html", "sweep.json", "sweep.md"];
const VARY = ["--vary", "shared.gpus=1..3:1", "--vary", "lab.rate=10/s,20/s"];
/** 5 seconds with traffic for two replicas: some 20 ms of work. */
const SHORT = "{ duration: 5s, warmup: 0s, seed: 5, audit: { requests: 0 } }";

const tenantry = commandIn(folder);

function sweep(out: string, ...more: string[]) {
  return tenantry("sweep", "two.yaml", ...VARY, "--replications", "2", "--out", out, ...more);
}

function reports(out: string): readonly string[] {
  return REPORTS.map((name) => readFileSync(join(folder, out, name), "utf8"));
}

function runsIn(out: string): number {
  const path = join(folder, out, "runs.jsonl");
  return existsSync(path) ? readFileSync(path, "utf8").split("\n").length - 2 : 0;
}

/** Starts a long sweep on one thread, and sends the signal once so many runs are kept. */
async function endedAfter(runs: number, signal: "SIGKILL" | "SIGINT", out: string) {
  const args = [MAIN, "sweep", "long.yaml", ...VARY, "--threads", "1", "--out", out];
  const child = spawn(process.execPath, args, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const watcher = watch(join(folder, out), () => {
    if (runsIn(out) >= runs) child.kill(signal);
  });
  const { promise, resolve } = Promise.withResolvers<number | null>();
  child.on("close", resolve);
  const status = await promise;
  watcher.close();
  return { status, stderr };
}

function save(name: string, text: string): void {
  writeFileSync(join(folder, name), text);
}

/** A sweep of a scenario that a test changes, into a folder of the same name. */
function changing(name: string, ...more: string[]) {
  const args = ["--vary", "shared.gpus=1,2", "--out", name, "--quiet"];
  return tenantry("sweep", `${name}.yaml`, ...args, ...more);
}

beforeAll(() => {
  save("two.yaml", twoTiers({ simulation: SHORT }));
  save("long.yaml", twoTiers({ simulation: SHORT.replace("5s", "10min") }));
  save("broken.yaml", twoTiers().replace("policy: slo-fair", "policy: none"));
  save(
    "faults.yaml",
    `${twoTiers({ simulation: SHORT, replicas: 4 })}faults: [ { crash: { pool: shared, replica: 3, at: 1s, downFor: 1s } } ]\n`,
  );
  save(
    "trace.yaml",
    twoTiers({ simulation: SHORT }).replace(
      "arrivals: { process: poisson, rate: 30/s }, promptTokens: 16, outputTokens: 10",
      "arrivals: { trace: { path: trace.csv, format: tenantry } }",
    ),
  );
  save("trace.csv", "time_s,client,prompt_tokens,output_tokens\n0,a,10,5\n1,a,10,5\n");
});

describe("sweep", () => {
  test("prints a table, writes its files, and says what simulate says", () => {
    const { status, stdout, stderr } = sweep("first");
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toMatch(/^\ntwo-tiers\n/);
    const table = stdout.slice(stdout.indexOf("Variants"), stdout.indexOf("\nMeans over"));
    expect(
      Math.max(...table.split("\n").map((line) => Array.from(line).length)),
    ).toBeLessThanOrEqual(80);
    expect(readdirSync(join(folder, "first")).toSorted()).toEqual(["runs.jsonl", ...REPORTS]);
    const { variants, dimensions, seeds }: Sweep = JSON.parse(reports("first")[2]!);
    expect(seeds).toEqual([5, 6]);
    expect(dimensions.map(({ name, numbers, unit }) => [name, numbers, unit])).toEqual([
      ["shared.gpus", [1, 2, 3], ""],
      ["lab.rate", [10, 20], "/s"],
    ]);
    expect(variants.map(({ point }) => point.join(" "))).toEqual([
      "1 10/s",
      "1 20/s",
      "2 10/s",
      "2 20/s",
      "3 10/s",
      "3 20/s",
    ]);
    // The fourth variant, simulated here: two replicas, 20 requests/s.
    const runs = [5, 6].map((seed) => {
      const overrides = [`simulation.seed=${seed}`, "workload.lab.arrivals.rate=20/s"];
      return simulate(scenarioOf(twoTiers({ simulation: SHORT, replicas: 2 }), overrides)).results;
    });
    const tails = runs.map(({ tiers }) => tiers[2]!.latency.ttftMs.p99!);
    const bronze = variants[3]!.tiers[2]!.figures["ttft-p99"]!;
    expect(bronze.mean).toBeCloseTo((tails[0]! + tails[1]!) / 2, 9);
    // With two values, Student's t at one degree of freedom (Cauchy's: tan(0.475 pi) = 12.706) times half their distance.
    const half = (Math.tan(0.475 * Math.PI) * Math.abs(tails[0]! - tails[1]!)) / 2;
    expect(bronze.interval!.high - bronze.mean!).toBeCloseTo(half, 6);
  });

  test("is the same, byte for byte, with one thread and with two", () => {
    expect(sweep("one", "--threads", "1", "--quiet")).toEqual({
      status: 0,
      stdout: "",
      stderr: "",
    });
    expect(reports("one")).toEqual(reports("first"));
  });

  test("made again uses what was made; with more replications and values only the others are run", () => {
    const lines = readFileSync(join(folder, "first/runs.jsonl"), "utf8");
    expect(sweep("first").stderr).toBe(
      "12 of 12 simulations were made before and are used again\n",
    );
    expect(readFileSync(join(folder, "first/runs.jsonl"), "utf8")).toBe(lines);
    const more = sweep("first", "--replications", "3", "--vary", "policy=slo-fair,vtc");
    expect(more).toMatchObject({
      status: 0,
      stderr: "12 of 36 simulations were made before and are used again\n",
    });
  });

  test("goes on after kill -9, a torn line included, and comes to the same bytes", async () => {
    const whole = tenantry("sweep", "long.yaml", ...VARY, "--out", "whole", "--quiet");
    expect(whole).toEqual({ status: 0, stdout: "", stderr: "" });
    tenantry("sweep", "long.yaml", "--vary", "shared.gpus=4,5", "--out", "killed", "--quiet");
    rmSync(join(folder, "killed/runs.jsonl"));
    const killed = await endedAfter(2, "SIGKILL", "killed");
    expect(killed.status).toBeNull();
    const kept = runsIn("killed");
    expect(kept).toBeGreaterThanOrEqual(2);
    expect(kept).toBeLessThan(6);
    appendFileSync(join(folder, "killed/runs.jsonl"), '{"variant":"half of a li');
    const again = tenantry("sweep", "long.yaml", ...VARY, "--out", "killed");
    expect(again.status).toBe(0);
    expect(again.stderr).toBe(`${kept} of 6 simulations were made before and are used again\n`);
    expect(reports("killed")).toEqual(reports("whole"));
    expect(runsIn("killed")).toBe(6);
  });

  test("ends at Ctrl-C with code 130 and says how to go on", async () => {
    tenantry("sweep", "long.yaml", "--vary", "shared.gpus=4,5", "--out", "stopped", "--quiet");
    rmSync(join(folder, "stopped/runs.jsonl"));
    const { status, stderr } = await endedAfter(1, "SIGINT", "stopped");
    expect(status).toBe(130);
    expect(stderr).toMatch(
      /^interrupted: \d of 6 simulations are kept in stopped\/runs\.jsonl; the same command goes on from there\n$/,
    );
  });

  test("does not go on with a scenario that changed, a trace that did, or another seed", () => {
    writeFileSync(join(folder, "change.yaml"), twoTiers({ simulation: SHORT }));
    expect(changing("change").status).toBe(0);
    expect(changing("change", "--seed", "9")).toMatchObject({ status: 2 });
    writeFileSync(join(folder, "change.yaml"), `# a comment\n${twoTiers({ simulation: SHORT })}`);
    expect(changing("change")).toMatchObject({ status: 0 });
    writeFileSync(join(folder, "change.yaml"), twoTiers({ simulation: SHORT, policy: "vtc" }));
    const { status, stderr } = changing("change");
    expect(status).toBe(2);
    expect(stderr).toContain(
      "of a scenario (with --set, --seed and its traces) that was not what it is now",
    );
    expect(changing("change", "--fresh")).toMatchObject({ status: 0, stderr: "" });
    expect(changing("trace")).toMatchObject({ status: 0, stderr: "" });
    appendFileSync(join(folder, "trace.csv"), "2,a,10,5\n");
    expect(changing("trace").stderr).toContain("was not what it is now");
  });

  test("draws a sample of ranges without steps, and keeps nothing with --json", () => {
    const args = [
      "sweep",
      "two.yaml",
      "--vary",
      "shared.gpus=1..3",
      "--vary",
      "gold.weight=10.0..90.0",
    ];
    const { status, stdout } = tenantry(...args, "--sample", "6", "--json");
    expect(status).toBe(0);
    const { variants, isSampled }: Sweep = JSON.parse(stdout);
    expect(isSampled).toBe(true);
    expect(variants.map(({ point }) => Number(point[0])).toSorted((a, b) => a - b)).toEqual([
      1, 1, 2, 2, 3, 3,
    ]);
    expect(existsSync(join(folder, "out"))).toBe(false);
  });

  test("reads the step-time profiles that a dimension names", () => {
    save("fast.yaml", profileText(profileOf(5)));
    save("slow.yaml", profileText(profileOf(40)));
    const bare = twoTiers({ simulation: SHORT }).replaceAll(
      "stepTime: { fixed: 20ms }",
      "stepTime: { profile: slow.yaml }",
    );
    save("profiled.yaml", bare);
    const args = ["--vary", "shared.stepTime.profile=slow.yaml,fast.yaml", "--json"];
    const { status, stdout, stderr } = tenantry("sweep", "profiled.yaml", ...args);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    const { variants }: Sweep = JSON.parse(stdout);
    const [slow, fast] = variants.map(({ tiers }) => tiers[2]!.figures["tpot-p50"]!.mean!);
    expect(slow! / fast!).toBeGreaterThan(4);
    const missing = tenantry(
      "sweep",
      "profiled.yaml",
      "--vary",
      "shared.stepTime.profile=none.yaml",
    );
    expect(missing.status).toBe(2);
    expect(missing.stderr).toContain("none.yaml");
  });

  test("lets faults strike pools of every size where GPUs are varied", () => {
    const { status, stderr } = tenantry(
      "sweep",
      "faults.yaml",
      "--vary",
      "shared.gpus=1..4:1",
      "--json",
    );
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  });
});

describe("bad input ends with code 2 and a message, before anything runs", () => {
  test.each([
    ["nothing to vary", [], "sweep needs something to vary"],
    [
      "no such pool",
      ["--vary", "shard.gpus=1,2"],
      "nothing in the scenario is called 'shard'; did you mean 'shared'?",
    ],
    [
      "two problems at once",
      ["--vary", "shard.gpus=1", "--vary", "gold.wieght=2"],
      "there is no 'wieght' in gold; did you mean 'weight'?",
    ],
    ["several meanings", ["--vary", "weight=1,2"], "it may mean platform.tiers.gold.weight"],
    [
      "one dimension twice",
      ["--vary", "gold.weight=1", "--vary", "gold.weight=2"],
      "it is varied twice",
    ],
    ["seeds", ["--vary", "simulation.seed=1,2"], "--seed names the first, --replications how many"],
    ["a plan's keys", ["--vary", "plan.confidence=90%,95%"], "a sweep searches for nothing"],
    ["no values", ["--vary", "gold.weight"], "expected path=values"],
    ["a range without a step", ["--vary", "shared.gpus=1..4"], "draw a sample"],
    ["a sample of one", ["--vary", "shared.gpus=1..4", "--sample", "1"], "--sample 1: expected"],
    ["a value that is none", ["--vary", "policy=fcfs,best"], "platform.policy"],
    ["half a GPU", ["--vary", "shared.gpus=1,1.5"], "expected a whole number of GPUs"],
    [
      "too few GPUs for a replica",
      ["--set", "platform.pools.shared.tensorParallel=2", "--vary", "shared.gpus=2,3"],
      "its GPUs are a multiple of 2",
    ],
    ["a broken scenario", ["--vary", "shared.gpus=1"], "broken.yaml", "broken.yaml"],
    ["a trace that is not there", ["--vary", "shared.gpus=1"], "no such file", "missing.yaml"],
  ] as const)("%s", (_what, args, message, file?: string) => {
    writeFileSync(
      join(folder, "missing.yaml"),
      readFileSync(join(folder, "trace.yaml"), "utf8").replace("trace.csv", "gone.csv"),
    );
    const { status, stdout, stderr } = tenantry(
      "sweep",
      file ?? "two.yaml",
      ...args,
      "--out",
      "bad",
    );
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toContain(message);
    expect(stderr).not.toContain("    at ");
    expect(existsSync(join(folder, "bad/runs.jsonl"))).toBe(false);
  });

  test("every bad variant is told, equal problems once", () => {
    const { status, stderr } = tenantry(
      "sweep",
      "two.yaml",
      "--vary",
      "shared.maxNumSeqs=4,0",
      "--vary",
      "gold.weight=1,-1,2",
      "--out",
      "bad",
    );
    expect(status).toBe(2);
    const lines = stderr.trimEnd().split("\n");
    expect(lines).toHaveLength(3);
    expect(stderr).toContain("in 3 variants, the first shared.maxNumSeqs=0, gold.weight=1)");
    expect(stderr).toContain("in 2 variants, the first shared.maxNumSeqs=4, gold.weight=-1)");
    expect(lines[2]).toBe("4 of 6 variants cannot be simulated; none has been");
  });

  test("a folder of other runs, and one that cannot be written", () => {
    writeFileSync(join(folder, "file"), "");
    expect(sweep("file")).toMatchObject({ status: 2 });
    expect(sweep("/proc/sweep").stderr).toContain("cannot write into /proc/sweep");
  });

  /** A disk of our own that is soon full, where the system lets us have one. */
  const small = "mount -t tmpfs -o size=48k none small";
  const isPossible =
    spawnSync("unshare", ["-rm", "sh", "-c", "mkdir -p small && mount -t tmpfs none small"], {
      cwd: folder,
    }).status === 0;
  if (!isPossible)
    console.log("Skipping the full disk: no mount of our own to be had (unshare -rm).");
  test.skipIf(!isPossible)(
    "a full disk: a clear message, and what was kept is used when there is room",
    () => {
      const args = `sweep two.yaml --vary shared.gpus=1..40:1 --out small/out --quiet`;
      const script = `${small} && ("${process.execPath}" "${MAIN}" ${args}; echo $?; cp small/out/runs.jsonl kept.jsonl)`;
      const { stdout, stderr } = spawnSync("unshare", ["-rm", "sh", "-c", script], {
        cwd: folder,
        encoding: "utf8",
      });
      expect(stdout).toBe("2\n");
      expect(stderr).toContain(
        "cannot write into small/out: the disk is full. The runs that were kept are whole",
      );
      spawnSync("sh", ["-c", "mkdir -p roomy && cp kept.jsonl roomy/runs.jsonl"], { cwd: folder });
      const kept = runsIn("roomy");
      expect(kept).toBeGreaterThan(2);
      const again = tenantry(
        "sweep",
        "two.yaml",
        "--vary",
        "shared.gpus=1..40:1",
        "--out",
        "roomy",
      );
      expect(again.stderr).toBe(`${kept} of 40 simulations were made before and are used again\n`);
    },
  );
});
