/** Small random scenarios for plans, each from a seed that is printed with whatever fails. */
import { randomStream } from "../../../../src/base/random.ts";
import { JobRunner, type RunReadings } from "../../../../src/planner/job.ts";
import { Planner } from "../../../../src/planner/plan/plan.ts";
import type { Variant } from "../../../../src/planner/variant.ts";
import { WorkerPool } from "../../../../src/planner/worker-pool.ts";
import type { PlannedPlatform, PlanResult } from "../../../../src/results/plan.ts";
import { scenarioOf } from "../../../support/scenario.ts";
import { sourceOf } from "../files.ts";

export interface Drawn {
  /** Seconds of arrivals: the rarer a seed's misses are to be, the longer. */
  readonly seconds?: number;
  /** Choices beside sizes. */
  readonly choices?: boolean;
  /** Multiplies the traffic: of many replicas, one more or less makes a small difference, and answers lie close to their limits. */
  readonly crowd?: number;
  /** In percent. */
  readonly confidence?: number;
}

/**
 * A shared pool of two tiers, and now and then a gold tenant with a pool of its own that lends. A step takes a fixed time whatever
 * its batch of at most 4, so that queues, and not kernels, decide; prices per GPU-hour differ between pools.
 */
export function drawnScenario(
  seed: number,
  { seconds = 20, choices = false, crowd = 1, confidence = 95 }: Drawn = {},
): string {
  const random = randomStream(seed, "small-plan");
  const within = (low: number, high: number): number => low + random() * (high - low);
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)]!;
  const stepMs = within(10, 25).toFixed(1);
  const hardware = `model: llama-3.1-8b, gpu: h100-sxm, maxNumSeqs: 4, maxNumBatchedTokens: 256, stepTime: { fixed: ${stepMs}ms }`;
  const hasGold = random() < 0.5;
  const objective = pick(["90%", "95%", "97%"]);
  const ttft = pick(["300ms", "500ms", "1s"]);
  const client = (low: number, high: number): string =>
    `{ arrivals: { process: ${pick(["poisson", "gamma"])}, rate: ${(crowd * within(low, high)).toFixed(1)}/s CV }, promptTokens: 16, outputTokens: { uniform: { min: 4, max: ${Math.round(within(8, 20))} } } }`
      .replace(/process: gamma, (.*) CV/u, `process: gamma, $1, cv: ${within(1.2, 2).toFixed(1)}`)
      .replace(" CV", "");
  return `version: 2
name: small-${seed}
platform:
  policy: slo-fair
  tiers:
    gold: { weight: 50, targets: [ { ttft: ${ttft}, percentile: 95 } ], objective: ${objective} }
    silver: { weight: 30, targets: [ { ttft: ${ttft}, percentile: 95 } ], objective: ${objective} }
    bronze: { weight: 20, targets: [ { ttft: 2s, percentile: 95 } ], objective: 90% }
  pools:
${hasGold ? `    own: { dedicatedTo: king, lend: ${pick(["true", "false"])}, ${hardware}, replicas: 1, gpuHour: $${pick([3, 4, 5])}/h }\n` : ""}    shared: { ${hardware}, replicas: ${pick([1, 2, 4])}, gpuHour: $${pick([3, 4])}/h }
  tenants:
${hasGold ? "    king: { tier: gold }\n" : ""}    shop: { tier: silver }
    lab: { tier: bronze }
workload:
${hasGold ? `  king: ${client(8, 25)}\n` : ""}  shop: ${client(8, 30)}
  lab: ${client(8, 30)}
simulation: { duration: ${seconds}s, warmup: 2s, seed: ${seed}, audit: { requests: 0 } }
plan: { confidence: ${confidence}%, ${choices ? "maxGpus: 12, policies: [slo-fair, fcfs], maxNumSeqs: [2, 4]" : "maxGpus: 24"} }
`;
}

export async function planOf(text: string, threads = 2): Promise<PlanResult> {
  const source = sourceOf(text);
  const pool = new WorkerPool(source, { threads });
  try {
    return await new Planner(pool, { source, scenario: scenarioOf(text) }, () => {}).run();
  } finally {
    await pool.close();
  }
}

/** A planned platform as a file of its own: its changes are what --set takes. */
export function overridesOf({ changes }: PlannedPlatform): string[] {
  return changes.map(({ path, value }) => `${path}=${value}`);
}

/** Runs by hand, without threads, each left as soon as it is certain to miss. */
export class Runs {
  readonly #runner: JobRunner;

  constructor(text: string) {
    this.#runner = new JobRunner(sourceOf(text));
  }

  of(variant: Variant, seed: number): RunReadings {
    const wanted = { kind: "readings", mayLeave: true } as const;
    const answer = this.#runner.run({ variant, seed, wanted }, () => {});
    if (answer.kind !== "readings") throw new Error("readings were asked for");
    return answer.readings;
  }
}

export function isClean({ tiers }: RunReadings): boolean {
  return tiers.every(({ verdict }) => verdict === "met");
}
