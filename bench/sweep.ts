/**
 * What a sweep costs beside its simulations: eight variants of the common benchmark's scenario, a second or two each, simulated bare
 * (scenarios loaded beforehand, one after another), then as a sweep does it on one thread and on two, with loading, results, figures
 * and the file of finished runs. Code is warmed up first on either side, and what starting a thread costs, once per sweep, is told by
 * itself. Every measurement has a process of its own; three rounds in turn, the best of each counts, since whatever else the
 * machine does only ever adds. Wants the machine for itself; beside others, processor time says more than the
 * clock, and instructions more than both: perf stat -e instructions:u node bench/sweep.ts bare (or 1).
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { RunLog } from "../src/planner/run-log.ts";
import { LoadedScenarios } from "../src/planner/scenario-source.ts";
import { combinations } from "../src/planner/sweep-space.ts";
import { type SweepVariant, sweepVariants } from "../src/planner/sweep-variants.ts";
import { runSweep } from "../src/planner/sweep.ts";
import { variantOf } from "../src/planner/variant.ts";
import { parseVary } from "../src/planner/vary.ts";
import { WorkerPool } from "../src/planner/worker-pool.ts";
import type { Scenario } from "../src/scenario/scenario.ts";
import { runSimulation } from "../src/sim/simulate.ts";

const ROUNDS = 3;
const SEED = 1;
const REQUESTS = 250_000;
/** Simulated before the clock starts, by every thread. */
const WARM_UPS = 2;
const file = fileURLToPath(new URL("common.yaml", import.meta.url));
const source = {
  text: readFileSync(file, "utf8"),
  fileName: file,
  overrides: [`simulation.maxRequests=${REQUESTS}`],
  baseDir: ".",
  tenantryVersion: "bench",
};

/** Eight sizes of the pool. */
function variantsOfBench(): readonly SweepVariant[] {
  const parsed = parseVary("shared.replicas=12..19:1");
  if (parsed.kind === "refused") throw new Error(parsed.message);
  const space = combinations([parsed.dimension], undefined);
  if (space.kind === "refused") throw new Error(space.message);
  const made = sweepVariants(source, {
    dimensions: [parsed.dimension],
    points: space.points,
    withFiles: (overrides) => overrides,
  });
  if (made.kind === "refused") throw new Error(made.problems.join("\n"));
  return made.variants;
}

interface Measured {
  readonly seconds: number;
  /** Of all threads. */
  readonly cpuSeconds: number;
  /** From nothing to the end of the first simulation. */
  readonly firstSeconds: number;
}

function bare(): Measured {
  const scenarios = new LoadedScenarios(source);
  const loaded = variantsOfBench().map(({ variant }) =>
    variantOf(scenarios.with(variant.overrides ?? []), variant, SEED),
  );
  const first = started();
  simulate(loaded[0]!);
  const { seconds: firstSeconds } = first();
  for (let again = 1; again < WARM_UPS; again++) simulate(loaded[0]!);
  const stop = started();
  for (const scenario of loaded) simulate(scenario);
  return { ...stop(), firstSeconds };
}

function simulate(scenario: Scenario): void {
  runSimulation(scenario, {
    openTrace() {
      throw new Error("the benchmark has no traces");
    },
  });
}

async function swept(threads: number): Promise<Measured> {
  const variants = variantsOfBench();
  const folder = mkdtempSync(join(tmpdir(), "tenantry-bench-"));
  const log = new RunLog(join(folder, "runs.jsonl"), { tenantryVersion: "bench", scenario: "-" });
  const first = started();
  const pool = new WorkerPool(source, { threads });
  const warmUp = { variants: variants.slice(0, 1), seeds: [SEED], log: undefined };
  await Promise.all(Array.from({ length: threads }, () => runSweep(pool, warmUp)));
  const { seconds: firstSeconds } = first();
  for (let again = 1; again < WARM_UPS; again++) {
    await Promise.all(Array.from({ length: threads }, () => runSweep(pool, warmUp)));
  }
  const stop = started();
  await runSweep(pool, { variants, seeds: [SEED], log });
  const measured = { ...stop(), firstSeconds };
  await pool.close();
  log.close();
  rmSync(folder, { recursive: true });
  return measured;
}

/** Gives what has passed since. */
function started(): () => Omit<Measured, "firstSeconds"> {
  const start = process.hrtime.bigint();
  const cpu = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(cpu);
    const seconds = Number(process.hrtime.bigint() - start) / 1e9;
    return { seconds, cpuSeconds: (user + system) / 1e6 };
  };
}

function inOwnProcess(what: string): Measured {
  const args = [fileURLToPath(import.meta.url), what];
  const measured: Measured = JSON.parse(execFileSync(process.execPath, args, { encoding: "utf8" }));
  return measured;
}

/** The best of all rounds, by clock and by processor time. */
function best(rounds: readonly Measured[]): Measured {
  return {
    seconds: Math.min(...rounds.map(({ seconds }) => seconds)),
    cpuSeconds: Math.min(...rounds.map(({ cpuSeconds }) => cpuSeconds)),
    firstSeconds: Math.min(...rounds.map(({ firstSeconds }) => firstSeconds)),
  };
}

function percentOver(value: number, base: number): string {
  return `${(100 * (value / base - 1)).toFixed(1)} %`;
}

const what = process.argv[2];
if (what !== undefined) {
  process.stdout.write(JSON.stringify(what === "bare" ? bare() : await swept(Number(what))));
} else {
  const rounds = Array.from({ length: ROUNDS }, () => ["bare", "1", "2"].map(inOwnProcess));
  const [alone, one, two] = [0, 1, 2].map((at) => best(rounds.map((round) => round[at]!)));
  const variants = variantsOfBench().length;
  console.log(`bare simulate(): ${(alone!.seconds / variants).toFixed(2)} s per variant`);
  console.log(
    `sweep on one thread: ${percentOver(one!.seconds, alone!.seconds)} over that (processor time: ${percentOver(one!.cpuSeconds, alone!.cpuSeconds)})`,
  );
  console.log(
    `starting a thread, once per sweep: ${(one!.firstSeconds - alone!.firstSeconds).toFixed(2)} s`,
  );
  console.log(`sweep on two threads: ${(one!.seconds / two!.seconds).toFixed(2)} times one`);
}
