/**
 * A measured run as a scenario: one tenant, one pool, first come first served, the engine's own knobs, and the load
 * generator's habits. It is the file a user would write, and goes through the same loader.
 */
import { assert } from "../src/base/assert.ts";
import { loadScenario } from "../src/scenario/load.ts";
import type { Scenario } from "../src/scenario/scenario.ts";
import type { MeasuredRun } from "./measured.ts";

/** The generator repeats so many prompts in turn: the recorded prompt lengths have this period, and TTFT falls at request 100. */
const DISTINCT_PROMPTS = 100;
/** Clients give up: no recorded E2E is longer, and failed requests end then. */
const TIMEOUT_S = 300;
/** Prompts are longer than configured, by the model's own markers and by re-tokenising: 1.040 to 1.052 in the recorded runs. */
const PROMPT_STRETCH = 1.045;

export function promptTokensOf(run: MeasuredRun): number {
  return Math.round(run.promptTokens * PROMPT_STRETCH);
}

export type Simulable =
  | { readonly kind: "scenario"; readonly scenario: Scenario }
  /** Why the run cannot be simulated. */
  | { readonly kind: "refused"; readonly reason: string };

export function scenarioOf(run: MeasuredRun): Simulable {
  const file = JSON.stringify(fileOf(run));
  const loaded = loadScenario(file, { fileName: run.name, overrides: [] });
  if (loaded.kind === "loaded") return { kind: "scenario", scenario: loaded.scenario };
  const problems = loaded.problems.map(({ path, message }) => `${path}: ${message}`);
  return { kind: "refused", reason: problems.join("; ") };
}

/** Bounds: the run can be simulated. */
export function poolScenario(run: MeasuredRun): Scenario {
  const simulable = scenarioOf(run);
  assert(simulable.kind === "scenario", "a run that cannot be simulated");
  return simulable.scenario;
}

function fileOf(run: MeasuredRun): object {
  return {
    version: 2,
    name: run.name,
    platform: {
      policy: "fcfs",
      tiers: { all: { weight: 1 } },
      pools: {
        engine: {
          model: run.model,
          precision: run.precision,
          gpu: run.gpu,
          replicas: run.dataParallel,
          tensorParallel: run.tensorParallel,
          maxNumSeqs: run.maxNumSeqs,
          maxNumBatchedTokens: run.maxNumBatchedTokens,
          gpuMemoryUtilization: run.gpuMemoryUtilization,
        },
      },
      tenants: {
        bench: {
          tier: "all",
          defaultMaxOutputTokens: run.outputTokens,
          quotas: { maxQueuedRequests: 1_000_000 },
        },
      },
      isolation: { mitigate: false },
    },
    workload: {
      bench: {
        arrivals: { trace: { path: run.name, format: "tenantry" } },
        systemPrompt: run.systemPromptTokens,
        distinctPrompts: DISTINCT_PROMPTS,
        timeout: `${TIMEOUT_S}s`,
      },
    },
    simulation: { duration: "unlimited", audit: { requests: 0 } },
  };
}
