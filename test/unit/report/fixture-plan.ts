/**
 * A plausible plan without a search: two pools, three tiers, a confirmation, a frontier, a sensitivity analysis and a runway;
 * and one that is impossible. Sums hold: pools add up to the platform, tenants to its cost.
 */
import type {
  PlannedPlatform,
  PlannedPool,
  PlanPromise,
  PlanResult,
  PlanStep,
  PromiseReading,
} from "../../../src/results/plan.ts";

const USD_PER_GPU_HOUR = 4;

function target(tier: string, limitMs: number): PlanPromise {
  return { tier, kind: "target", metric: "ttft", share: 0.99, limitMs };
}

function objective(tier: string, share: number): PlanPromise {
  return { tier, kind: "objective", metric: null, share, limitMs: null };
}

const SILVER = target("silver", 100);
export const PROMISES: readonly PlanPromise[] = [
  target("gold", 50),
  objective("gold", 0.9999),
  SILVER,
  objective("silver", 0.995),
  target("bronze", 500),
  objective("bronze", 0.99),
];

function reading(promise: PlanPromise, pressure: number): PromiseReading {
  return { promise, pressure, isKept: pressure <= 1, missShare: pressure <= 1 ? 0.002 : 0.04 };
}

function pool(name: string, owner: string | null, replicas: number, before: number): PlannedPool {
  return {
    name,
    kind: owner === null ? "shared" : "dedicated",
    owner,
    model: "llama-3.1-8b",
    gpu: "h100-sxm",
    tensorParallel: 1,
    gpusPerReplica: 1,
    replicas,
    replicasBefore: before,
    gpus: replicas,
    usdPerGpuHour: USD_PER_GPU_HOUR,
    usdPerHour: replicas * USD_PER_GPU_HOUR,
    lend: owner !== null,
    maxNumSeqs: 256,
    maxNumBatchedTokens: 8192,
  };
}

function platform(
  shared: number,
  more: Partial<Pick<PlannedPlatform, "design" | "status" | "worst" | "why">>,
): PlannedPlatform {
  const pools = [pool("aurora-own", "aurora", 3, 5), pool("shared", null, shared, 16)];
  return {
    gpus: 3 + shared,
    usdPerHour: (3 + shared) * USD_PER_GPU_HOUR,
    policy: "slo-fair",
    pools,
    design: [],
    changes: [
      { path: "platform.pools.aurora-own.replicas", value: "3" },
      { path: "platform.pools.shared.replicas", value: String(shared) },
    ],
    status: "missed",
    worst: null,
    why: "",
    ...more,
  };
}

const SIZES = (shared: number) => [
  { pool: "aurora-own", replicas: 3 },
  { pool: "shared", replicas: shared },
];

const TRIED: readonly (readonly [shared: number, pressure: number])[] = [
  [8, 6.4],
  [9, 2.1],
  [10, 1.32],
  [11, 0.93],
  [12, 0.81],
  [13, 0.74],
  [16, 0.61],
];

function step(phase: PlanStep["phase"], shared: number, seeds = 2): PlanStep {
  const pressure = TRIED.find(([size]) => size === shared)?.[1] ?? 1.5;
  const kept = pressure <= 1;
  return {
    phase,
    design: [],
    sizes: SIZES(shared),
    gpus: 3 + shared,
    usdPerHour: (3 + shared) * USD_PER_GPU_HOUR,
    horizon: phase === "confirm" ? 1 : 0.25,
    seeds,
    missed: kept ? 0 : seeds,
    outcome: kept ? "kept" : "missed",
    worst: reading(SILVER, pressure),
    note: kept ? "" : "silver waits at the peak",
  };
}

/** The full fixture: confirmed at 95 %, with 14 GPUs where the scenario has 21. */
export function examplePlan(): PlanResult {
  const answer = platform(11, { status: "confirmed", worst: reading(SILVER, 0.93) });
  return {
    kind: "plan",
    schemaVersion: 1,
    tenantryVersion: "0.1.0",
    scenario: {
      name: "flagship",
      description: "Can fewer than 21 GPUs keep every promise at a daily peak?",
      hash: "5b0c3f9a77d2e1c4",
      seed: 1,
      overrides: ["simulation.duration=10min"],
    },
    ask: {
      confidence: 0.95,
      monthlyGrowth: 0.06,
      mostGpus: 64,
      budgetRequests: 30_000_000,
      varied: [
        "replicas of shared: 1 to 64",
        "replicas of aurora-own: 1 to 8",
        "lending: on or off",
      ],
      promises: PROMISES,
    },
    own: { gpus: 21, usdPerHour: 84 },
    outcome: "confirmed",
    answer,
    impossible: null,
    confirmation: {
      claim: "share",
      rule: "margin",
      confidence: 0.95,
      seeds: [11, 12, 13, 14, 15, 16, 17, 18, 19, 20],
      runsMissed: 0,
      keptShareAtLeast: 0.7411,
      promises: PROMISES.map((promise, at) => ({
        promise,
        pressure: [0.41, 0.52, 0.86, 0.7, 0.35, 0.3][at] ?? 0.5,
        spread: 0.03 + 0.01 * at,
        predictedAtMost: [0.5, 0.66, 0.97, 0.84, 0.43, 0.41][at] ?? 0.6,
      })),
    },
    binding: {
      reading: reading(SILVER, 0.93),
      atS: 210,
      timeOfDay: "14:00",
      words: "silver's P99 TTFT at the 14:00 peak",
    },
    costs: {
      usdPerHour: 56,
      usdPerMonth: 56 * 730,
      usdPerRequest: 0.0000138,
      usdPerMillionTokens: 0.0314,
      busy: 0.912,
      tenants: [
        tenant("aurora", "gold", [7, 3, 1]),
        tenant("delta", "silver", [19.5, 0, 1.5]),
        tenant("harbor", "bronze", [16, 0, 1]),
        tenant("lumen", "bronze", [6.5, 0, 0.5]),
      ],
    },
    runnersUp: [
      platform(12, { status: "kept", worst: reading(SILVER, 0.81), why: "It costs more." }),
      platform(10, {
        design: ["lends nothing"],
        status: "missed",
        worst: reading(SILVER, 1.32),
        why: "Silver misses its P99 TTFT at the peak.",
      }),
    ],
    frontier: TRIED.map(([shared, pressure]) => ({
      gpus: 3 + shared,
      usdPerHour: (3 + shared) * USD_PER_GPU_HOUR,
      design: [],
      sizes: SIZES(shared),
      worst: reading(SILVER, pressure),
      isKept: pressure <= 1,
      runs: 2,
      missed: pressure <= 1 ? 0 : 2,
    })),
    sensitivity: [
      sensitivity("growth-1", "as planned", 0.93, 14),
      sensitivity("growth-1.25", "traffic x 1.25", 1.4, 18),
      sensitivity("growth-1.5", "traffic x 1.5", 3.1, 22),
      sensitivity("prompts", "prompts x 1.5", 0.98, null),
      sensitivity("lost-gpu-0", "one h100-sxm lost in shared", 1.08, 15),
      {
        id: "lost-machine-0",
        what: "one machine of 8 GPUs lost in shared",
        isKept: null,
        worst: null,
        gpusNeeded: null,
        usdPerHourNeeded: null,
        note: "The scenario does not say how many GPUs a node has.",
      },
    ],
    runway: {
      breaksAt: 1.12,
      heldAt: 1.1,
      firstBroken: SILVER,
      monthlyGrowth: 0.06,
      months: 1,
    },
    leftOut: [],
    bounds: [
      {
        design: [],
        kind: "work",
        pool: "shared",
        promise: null,
        leastReplicas: 8,
        isImpossible: false,
        words: "The traffic of the peak computes for 7.6 GPUs.",
      },
    ],
    path: [
      step("size", 8),
      step("size", 16),
      step("size", 12),
      step("size", 10),
      step("prove", 11),
      step("confirm", 11, 10),
    ],
    statistics: {
      warmupS: 10,
      warmupRule: "scenario",
      searchSeeds: [1, 2],
      searchFromS: 150,
      searchToS: 270,
      searchMostMissed: 1,
      offered: 1,
      isProvenCheapest: true,
    },
    work: { simulations: 42, requests: 5_812_000 },
  };
}

/** The same ask with a promise that no platform keeps. */
export function impossiblePlan(): PlanResult {
  return {
    ...examplePlan(),
    outcome: "impossible",
    answer: null,
    impossible: {
      reason:
        "gold TTFT P99 of 20 ms cannot be met: prefill alone takes 26 ms on h100-sxm at the P99 prompt of 700 tokens",
      nearest: ["Gold TTFT P99 of 27 ms can be met with 14 GPUs at $56.00 an hour."],
    },
    confirmation: null,
    binding: null,
    costs: null,
    runnersUp: [],
    frontier: [],
    sensitivity: [],
    runway: null,
    path: [],
    statistics: null,
  };
}

function tenant(name: string, tier: string, usd: readonly [number, number, number]) {
  const [used, ownIdle, sharedIdle] = usd;
  return {
    name,
    tier,
    usedUsdPerHour: used,
    ownIdleUsdPerHour: ownIdle,
    sharedIdleUsdPerHour: sharedIdle,
    usdPerHour: used + ownIdle + sharedIdle,
    usdPerRequest: 0.000014,
    usdPerMillionTokens: 0.03,
    billedUsdPerHour: 2 * used,
  };
}

function sensitivity(id: string, what: string, pressure: number, gpusNeeded: number | null) {
  return {
    id,
    what,
    isKept: pressure <= 1,
    worst: reading(SILVER, pressure),
    gpusNeeded,
    usdPerHourNeeded: gpusNeeded === null ? null : gpusNeeded * USD_PER_GPU_HOUR,
    note: "",
  };
}
