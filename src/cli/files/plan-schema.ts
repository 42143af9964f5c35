/** plan.json as it is checked before anybody reads it: every field that src/results/plan.ts says it has. */
import { z } from "zod";
import { PLAN_SCHEMA_VERSION, type PlanResult } from "../../results/plan.ts";
import { amount, share } from "./numbers.ts";
import { metric } from "./results-schema.ts";

const known = amount;
const unknown = amount.nullable();
/** What is left between two sums may be less than nothing by their rounding; seeds may be any number. */
const signed = z.number();
const text = z.string();
const texts = z.array(text);
const seeds = z.array(signed);

export const promise = z.object({
  tier: text,
  kind: z.enum(["target", "objective"]),
  metric: metric.nullable(),
  share,
  limitMs: unknown,
});
const reading = z.object({
  promise,
  pressure: unknown,
  isKept: z.boolean(),
  missShare: share,
});
const sizes = z.array(z.object({ pool: text, replicas: known }));

const pool = z.object({
  name: text,
  kind: z.enum(["dedicated", "shared"]),
  owner: text.nullable(),
  model: text,
  gpu: text,
  tensorParallel: known,
  gpusPerReplica: known,
  replicas: known,
  replicasBefore: unknown,
  gpus: known,
  usdPerGpuHour: known,
  usdPerHour: known,
  lend: z.boolean(),
  maxNumSeqs: known,
  maxNumBatchedTokens: known,
});
const platform = z.object({
  gpus: known,
  usdPerHour: known,
  policy: text,
  pools: z.array(pool),
  design: texts,
  changes: z.array(z.object({ path: text, value: text })),
  status: z.enum(["confirmed", "kept", "missed", "open", "dropped", "excluded"]),
  worst: reading.nullable(),
  why: text,
});
const confirmation = z.object({
  claim: z.enum(["share", "next-run"]),
  rule: z.enum(["margin", "count", "none"]),
  confidence: share,
  seeds,
  runsMissed: known,
  keptShareAtLeast: share,
  promises: z.array(
    z.object({ promise, pressure: unknown, spread: unknown, predictedAtMost: unknown }),
  ),
});
const costs = z.object({
  usdPerHour: known,
  usdPerMonth: known,
  usdPerRequest: unknown,
  usdPerMillionTokens: unknown,
  busy: known,
  tenants: z.array(
    z.object({
      name: text,
      tier: text,
      usedUsdPerHour: known,
      ownIdleUsdPerHour: signed,
      sharedIdleUsdPerHour: signed,
      usdPerHour: known,
      usdPerRequest: unknown,
      usdPerMillionTokens: unknown,
      billedUsdPerHour: known,
    }),
  ),
});
const point = z.object({
  gpus: known,
  usdPerHour: known,
  design: texts,
  sizes,
  worst: reading,
  isKept: z.boolean(),
  runs: known,
  missed: known,
});
const sensitivity = z.object({
  id: text,
  what: text,
  isKept: z.boolean().nullable(),
  worst: reading.nullable(),
  gpusNeeded: unknown,
  usdPerHourNeeded: unknown,
  note: text,
});
const bound = z.object({
  design: texts,
  kind: z.enum(["latency", "work", "memory", "loading"]),
  pool: text.nullable(),
  promise: promise.nullable(),
  leastReplicas: unknown,
  isImpossible: z.boolean(),
  words: text,
});
const step = z.object({
  phase: z.enum(["size", "prove", "design", "halving", "confirm"]),
  design: texts,
  sizes,
  gpus: known,
  usdPerHour: known,
  horizon: known,
  seeds: known,
  missed: known,
  outcome: z.enum(["kept", "open", "missed", "unknown", "excluded"]),
  worst: reading.nullable(),
  note: text,
});
const statistics = z.object({
  warmupS: known,
  warmupRule: z.enum(["scenario", "mser-5"]),
  searchSeeds: seeds,
  searchFromS: known,
  searchToS: known,
  searchMostMissed: known,
  offered: known,
  isProvenCheapest: z.boolean(),
});

/** The whole file. The compiler holds it to the type, so that neither grows without the other. */
export const planSchema: z.ZodType<PlanResult> = z.object({
  kind: z.literal("plan"),
  schemaVersion: z.literal(PLAN_SCHEMA_VERSION),
  tenantryVersion: text,
  scenario: z.object({
    name: text,
    description: text,
    hash: text,
    seed: signed,
    overrides: texts,
  }),
  ask: z.object({
    confidence: share,
    monthlyGrowth: unknown,
    mostGpus: known,
    budgetRequests: known,
    varied: texts,
    promises: z.array(promise),
  }),
  own: z.object({ gpus: known, usdPerHour: known }),
  outcome: z.enum(["confirmed", "found", "impossible"]),
  answer: platform.nullable(),
  impossible: z.object({ reason: text, nearest: texts }).nullable(),
  confirmation: confirmation.nullable(),
  binding: z.object({ reading, atS: unknown, timeOfDay: text.nullable(), words: text }).nullable(),
  costs: costs.nullable(),
  runnersUp: z.array(platform),
  frontier: z.array(point),
  sensitivity: z.array(sensitivity),
  runway: z
    .object({
      breaksAt: unknown,
      heldAt: known,
      firstBroken: promise.nullable(),
      monthlyGrowth: unknown,
      months: unknown,
    })
    .nullable(),
  leftOut: texts,
  bounds: z.array(bound),
  path: z.array(step),
  statistics: statistics.nullable(),
  work: z.object({ simulations: known, requests: known }),
});
