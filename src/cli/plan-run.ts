/**
 * What the commands that simulate many variants share: threads over all cores, a progress bar, and Ctrl-C, which ends them at
 * once. Files are written when all is known, so an interrupted command leaves none.
 */
import { availableParallelism } from "node:os";
import { dirname } from "node:path";
import type { ScenarioSource } from "../planner/scenario-source.ts";
import { UnusableInput } from "../planner/unusable-input.ts";
import { type PoolProgress, WorkerPool } from "../planner/worker-pool.ts";
import type { Scenario } from "../scenario/scenario.ts";
import { InputError } from "./exit-codes.ts";
import { packageVersion } from "./package-info.ts";
import { readScenarioSource, scenarioOf } from "./read-scenario.ts";
import { type Before, SimulationBar } from "./simulation-bar.ts";
import { type WholeOption, wholeOption } from "./whole-option.ts";

export interface PlanOptions {
  readonly set: readonly string[];
  readonly seed?: string;
  readonly replications?: string;
  readonly threads?: string;
  readonly out?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** As for `compare`, but one run is enough. */
const PLAN_REPLICATIONS: WholeOption = { name: "--replications", least: 1, most: 1000 };
/** More threads than any machine has cores. */
export const THREADS: WholeOption = { name: "--threads", least: 1, most: 1024 };

export interface PlanInput {
  readonly scenario: Scenario;
  readonly source: ScenarioSource;
  readonly replications: number;
  readonly threads: number;
  readonly hasBar: boolean;
}

/** Fails: InputError on a scenario or option that cannot be used. */
export function readPlanInput(fileName: string, options: PlanOptions): PlanInput {
  const seed = options.seed === undefined ? [] : [`simulation.seed=${options.seed}`];
  const overrides = [...options.set, ...seed];
  const replications = wholeOption(options.replications, PLAN_REPLICATIONS) ?? 1;
  const threads = wholeOption(options.threads, THREADS) ?? availableParallelism();
  const read = readScenarioSource(fileName, overrides);
  const scenario = scenarioOf(read.text, { fileName, overrides: read.overrides });
  if (scenario.clients.length === 0) {
    throw new InputError(`${fileName}: nobody sends anything; add a client under workload`);
  }
  const baseDir = dirname(fileName);
  const source = { ...read, fileName, baseDir, tenantryVersion: packageVersion() };
  const hasBar = options.quiet !== true && options.json !== true && process.stderr.isTTY;
  return { scenario, source, replications, threads, hasBar };
}

/** What `work` gives, done by a pool of threads; "interrupted" after Ctrl-C. Fails: InputError. */
export async function withPool<Result>(
  { source, threads, hasBar }: PlanInput,
  work: (pool: WorkerPool) => Promise<Result>,
  before: Before = { done: 0, all: undefined },
): Promise<Result | "interrupted"> {
  const bar = hasBar ? new SimulationBar(before) : undefined;
  const onProgress = (progress: PoolProgress): void => bar?.show(progress);
  const pool = new WorkerPool(source, { threads, onProgress });
  const { interrupt, stopListening } = onInterrupt();
  try {
    return await Promise.race([work(pool), interrupt]);
  } catch (error) {
    if (!(error instanceof UnusableInput)) throw error;
    throw new InputError(error.message, { cause: error });
  } finally {
    stopListening();
    bar?.stop();
    await pool.close();
  }
}

/** Resolves at Ctrl-C, or when the system asks the program to end. */
export function onInterrupt(): {
  readonly interrupt: Promise<"interrupted">;
  readonly stopListening: () => void;
} {
  const { promise: interrupt, resolve } = Promise.withResolvers<"interrupted">();
  const onSignal = (): void => resolve("interrupted");
  process.once("SIGINT", onSignal);
  process.once("SIGTERM", onSignal);
  const stopListening = (): void => {
    process.off("SIGINT", onSignal);
    process.off("SIGTERM", onSignal);
  };
  return { interrupt, stopListening };
}
