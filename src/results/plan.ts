/**
 * What `tenantry plan` answers: the schema of plan.json (documented in docs/planning.md, versioned by `schemaVersion`). Written
 * by the planner, read by the report room and by anyone's scripts. Nothing here depends on the wall clock or on the number of
 * threads, so that equal plans give equal bytes. Money is dollars and latencies are milliseconds, as in results.json.
 */

export const PLAN_SCHEMA_VERSION = 1;

/** One promise to one tier: a latency target at its percentile, or the share of requests that must meet all of them. */
export interface PlanPromise {
  readonly tier: string;
  readonly kind: "target" | "objective";
  /** Null for an objective, which is about all the tier's targets together. */
  readonly metric: "ttft" | "tpot" | "e2e" | "queue" | null;
  /** Share of requests that must be within the limit: 0.99 for a P99, 0.9999 for an objective of 99.99 %. */
  readonly share: number;
  /** Null for an objective. */
  readonly limitMs: number | null;
}

/** How near a promise is to being broken. */
export interface PromiseReading {
  readonly promise: PlanPromise;
  /**
   * What the promised share of requests stays within, as a multiple of the limit: at most 1 is kept. Of an objective, the
   * multiple of whichever target is nearest for each request. Null: so many requests were lost that there is none.
   */
  readonly pressure: number | null;
  readonly isKept: boolean;
  /** Part of the requests promised to that were outside. */
  readonly missShare: number;
}

export interface PlannedPool {
  readonly name: string;
  readonly kind: "dedicated" | "shared";
  readonly owner: string | null;
  readonly model: string;
  readonly gpu: string;
  readonly tensorParallel: number;
  readonly gpusPerReplica: number;
  readonly replicas: number;
  /** In the scenario file; null where it has no such pool. */
  readonly replicasBefore: number | null;
  readonly gpus: number;
  readonly usdPerGpuHour: number;
  readonly usdPerHour: number;
  readonly lend: boolean;
  readonly maxNumSeqs: number;
  readonly maxNumBatchedTokens: number;
}

/** A value of the scenario file that the plan changes, as `--set path=value` takes it; an empty value removes the key. */
export interface PlanChange {
  readonly path: string;
  readonly value: string;
}

export interface PlannedPlatform {
  readonly gpus: number;
  readonly usdPerHour: number;
  readonly policy: string;
  readonly pools: readonly PlannedPool[];
  /** What sets it apart from the scenario's own platform, sizes aside: "lends nothing", "l40s". Empty: nothing. */
  readonly design: readonly string[];
  readonly changes: readonly PlanChange[];
  /**
   * confirmed: on fresh seeds, at the stated confidence. kept: every promise, on the seeds of the search. missed: some promise, in
   * more runs than may be. open: fresh seeds have neither confirmed nor refused it. dropped: others did better on a short run.
   * excluded: a bound or a cheaper answer made it needless to simulate.
   */
  readonly status: "confirmed" | "kept" | "missed" | "open" | "dropped" | "excluded";
  /** The worst promise; null where nothing was simulated. */
  readonly worst: PromiseReading | null;
  /** A sentence: why it is not the answer. Empty for the answer. */
  readonly why: string;
}

/** How sure the answer is. docs/planning.md defines the terms. */
export interface PlanConfirmation {
  /**
   * share: it misses in less than the tolerated share of runs (1 - confidence), at an error of as much, divided among all platforms
   * tested. next-run, where that takes more runs than the budget allows: one more run keeps every promise with the confidence.
   */
  readonly claim: "share" | "next-run";
  /** By which rule: by how far within every limit the runs stayed, or by how many kept every promise. */
  readonly rule: "margin" | "count" | "none";
  /** The confidence reached: the asked one, or what the runs made so far support. */
  readonly confidence: number;
  readonly seeds: readonly number[];
  readonly runsMissed: number;
  /** Clopper and Pearson's lower limit on the share of runs that keep every promise, at the asked confidence. */
  readonly keptShareAtLeast: number;
  /** Per promise over the fresh runs. */
  readonly promises: readonly {
    readonly promise: PlanPromise;
    /** Geometric mean of the pressure, its spread (standard deviation of the logarithm), and the prediction limit. */
    readonly pressure: number | null;
    readonly spread: number | null;
    readonly predictedAtMost: number | null;
  }[];
}

export interface PlanBinding {
  readonly reading: PromiseReading;
  /** The busiest time for it: seconds into the run, and the time of day where arrivals follow a daily curve. */
  readonly atS: number | null;
  readonly timeOfDay: string | null;
  /** "silver's P99 TTFT at the 14:00 peak". */
  readonly words: string;
}

/** Of the platforms tried, one that nothing cheaper outdoes. Where promises are missed, `worst` may be what was known when the run was left. */
export interface FrontierPoint {
  readonly gpus: number;
  readonly usdPerHour: number;
  readonly design: readonly string[];
  readonly sizes: readonly { readonly pool: string; readonly replicas: number }[];
  readonly worst: PromiseReading;
  /** Whether no more runs missed than the search overlooks. */
  readonly isKept: boolean;
  readonly runs: number;
  readonly missed: number;
}

export interface SensitivityRow {
  readonly id: string;
  /** "traffic x 1.25". */
  readonly what: string;
  /** Null: it cannot be said of this scenario; `note` says why. */
  readonly isKept: boolean | null;
  readonly worst: PromiseReading | null;
  /** What would be needed then, the same design with other sizes of its shared pools; null where that was not searched. */
  readonly gpusNeeded: number | null;
  readonly usdPerHourNeeded: number | null;
  readonly note: string;
}

export interface PlanRunway {
  /** Traffic may grow by this factor before a promise breaks. Null: it held at the largest tried, `heldAt`. */
  readonly breaksAt: number | null;
  readonly heldAt: number;
  readonly firstBroken: PlanPromise | null;
  /** Null where no growth was given. */
  readonly monthlyGrowth: number | null;
  readonly months: number | null;
}

export interface PlanCosts {
  readonly usdPerHour: number;
  /** 730 hours. */
  readonly usdPerMonth: number;
  readonly usdPerRequest: number | null;
  readonly usdPerMillionTokens: number | null;
  readonly busy: number;
  readonly tenants: readonly {
    readonly name: string;
    readonly tier: string;
    /** GPU cost: used, idle time of its own pools, and its part of shared idle time by use. They add up to the platform's. */
    readonly usedUsdPerHour: number;
    readonly ownIdleUsdPerHour: number;
    readonly sharedIdleUsdPerHour: number;
    readonly usdPerHour: number;
    readonly usdPerRequest: number | null;
    readonly usdPerMillionTokens: number | null;
    /** What its tokens and adapters are billed at. */
    readonly billedUsdPerHour: number;
  }[];
}

/** A back-of-envelope bound, and what it rules out. */
export interface PlanBound {
  readonly design: readonly string[];
  readonly kind: "latency" | "work" | "memory" | "loading";
  /** What it is about; null for the platform. */
  readonly pool: string | null;
  readonly promise: PlanPromise | null;
  /** Replicas of the pool at least; null where no number helps, or it is not about size. */
  readonly leastReplicas: number | null;
  readonly isImpossible: boolean;
  readonly words: string;
}

export interface PlanStep {
  readonly phase: "size" | "prove" | "design" | "halving" | "confirm";
  readonly design: readonly string[];
  readonly sizes: readonly { readonly pool: string; readonly replicas: number }[];
  readonly gpus: number;
  readonly usdPerHour: number;
  /** Part of the run that was simulated for each seed: 1 is the whole. */
  readonly horizon: number;
  readonly seeds: number;
  /** Of these, the runs that broke a promise. */
  readonly missed: number;
  /** kept: by no more misses than the search overlooks; of fresh seeds, confirmed. open: fresh seeds have not told. */
  readonly outcome: "kept" | "open" | "missed" | "unknown" | "excluded";
  readonly worst: PromiseReading | null;
  readonly note: string;
}

export interface PlanStatistics {
  /** Seconds cut from the start of every run, and by which rule. */
  readonly warmupS: number;
  readonly warmupRule: "scenario" | "mser-5";
  readonly searchSeeds: readonly number[];
  /** Seconds of the run that the search simulated: all of it, or the busiest part. */
  readonly searchFromS: number;
  readonly searchToS: number;
  /** Of the search's seeds, so many may miss before a platform is not put to fresh seeds. */
  readonly searchMostMissed: number;
  /** Platforms that were put to fresh seeds. */
  readonly offered: number;
  /**
   * Everything cheaper in the searched space was refused: by a bound, by more misses on the search's seeds than chance explains, by
   * fresh seeds, or for being smaller than what was. False where anything was left open, or was not tried.
   */
  readonly isProvenCheapest: boolean;
}

export interface PlanImpossible {
  readonly reason: string;
  /** What could be had instead; empty where nothing is known. */
  readonly nearest: readonly string[];
}

export interface PlanResult {
  readonly kind: "plan";
  readonly schemaVersion: typeof PLAN_SCHEMA_VERSION;
  readonly tenantryVersion: string;
  readonly scenario: {
    readonly name: string;
    readonly description: string;
    readonly hash: string;
    readonly seed: number;
    readonly overrides: readonly string[];
  };
  readonly ask: {
    readonly confidence: number;
    readonly monthlyGrowth: number | null;
    readonly mostGpus: number;
    /** Requests that may be simulated in all. */
    readonly budgetRequests: number;
    /** What was varied, in words: "replicas of shared: 1 to 64". */
    readonly varied: readonly string[];
    readonly promises: readonly PlanPromise[];
  };
  /** The scenario's own platform, for comparison. */
  readonly own: { readonly gpus: number; readonly usdPerHour: number };
  readonly outcome: "confirmed" | "found" | "impossible";
  readonly answer: PlannedPlatform | null;
  readonly impossible: PlanImpossible | null;
  readonly confirmation: PlanConfirmation | null;
  readonly binding: PlanBinding | null;
  readonly costs: PlanCosts | null;
  readonly runnersUp: readonly PlannedPlatform[];
  readonly frontier: readonly FrontierPoint[];
  readonly sensitivity: readonly SensitivityRow[];
  readonly runway: PlanRunway | null;
  /** What the budget did not allow to be found out, in words. */
  readonly leftOut: readonly string[];
  readonly bounds: readonly PlanBound[];
  readonly path: readonly PlanStep[];
  readonly statistics: PlanStatistics | null;
  /** Simulations that were asked for and their requests: what the answer cost. */
  readonly work: { readonly simulations: number; readonly requests: number };
}
