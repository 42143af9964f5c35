/** Scenarios and runs for the system tests: a file as text or as a value in, a simulated and reported run out. */
import { type RunIdentity, buildResults } from "../../src/results/build-results.ts";
import { NO_AUDIT, type Results } from "../../src/results/results.ts";
import { loadScenario } from "../../src/scenario/load.ts";
import type { Scenario } from "../../src/scenario/scenario.ts";
import {
  type RequestRecord,
  type SimulationHooks,
  type SimulationRun,
  runSimulation,
} from "../../src/sim/simulate.ts";

/** The scenario of a file (YAML text, or a value that is written as JSON), with `path=value` overrides. */
export function scenarioOf(file: string | object, overrides: readonly string[] = []): Scenario {
  const text = typeof file === "string" ? file : JSON.stringify(file);
  const loaded = loadScenario(text, { fileName: "test.yaml", overrides });
  if (loaded.kind === "loaded") return loaded.scenario;
  const problems = loaded.problems.map(({ path, message }) => `${path}: ${message}`);
  throw new Error(`the scenario is invalid:\n${problems.join("\n")}`);
}

export interface Finished extends SimulationRun {
  readonly results: Results;
  /** Every submission and how it ended, in order of its end. */
  readonly records: readonly RequestRecord[];
}

type Hooks = Partial<Pick<SimulationHooks, "onRequest" | "afterEvent">>;

/** Runs a scenario that reads no trace. */
export function simulate(scenario: Scenario, hooks: Hooks = {}): Finished {
  const records: RequestRecord[] = [];
  const run = runSimulation(scenario, {
    openTrace: () => {
      throw new Error("this scenario reads no trace");
    },
    ...hooks,
    onRequest(record) {
      records.push(record);
      hooks.onRequest?.(record);
    },
  });
  return { ...run, records, results: resultsOf(scenario, run) };
}

/** The results of a run without an audit, under fixed names for what lies outside the simulation. */
export function resultsOf(scenario: Scenario, run: SimulationRun): Results {
  const identity: RunIdentity = {
    tenantryVersion: "0.0.0",
    name: scenario.name,
    description: scenario.description,
    hash: "",
    seed: scenario.simulation.seed,
    skippedTraceRows: run.skippedTraceRows,
  };
  return buildResults(identity, run, NO_AUDIT);
}
