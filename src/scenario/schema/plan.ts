/**
 * The `plan` section: what `tenantry plan` and `tune` may change, and how sure they shall be. Accepted and checked by every
 * command; what is left out has defaults that depend on the platform, which are the planner's.
 */
import { z } from "zod";
import { named, positiveCount, positiveNumber, share, usdPerHour } from "./values.ts";
import { policyName } from "./platform.ts";

/** As many as a search can tell apart; more are refused rather than tried for an hour. */
const MOST_CHOICES = 16;

function choices<T extends z.ZodType>(entry: T) {
  return z.array(entry).min(1).max(MOST_CHOICES);
}

const poolSize = z.union([
  z.literal("keep"),
  z
    .strictObject({
      min: z.int().positive().default(1).describe("Fewest replicas."),
      max: z.int().positive().optional().describe("Most replicas. Default: what maxGpus allows."),
    })
    .refine(({ min, max }) => max === undefined || min <= max, {
      error: "expected max to be at least min",
      path: ["max"],
    }),
]);

export const plan = z
  .strictObject({
    confidence: share()
      .refine((value) => value >= 0.5 && value <= 0.999, {
        error: "expected a confidence from 50% to 99.9%",
      })
      .prefault("95%")
      .describe("How sure a plan must be that a fresh run keeps every promise."),
    growth: share()
      .optional()
      .describe("Growth of traffic a month, to tell when the platform runs out."),
    maxGpus: positiveCount()
      .optional()
      .describe("Most GPUs in all. Default: four times the scenario's own, at least 64."),
    budget: positiveCount()
      .optional()
      .describe("Requests to simulate in all, at most. Default: 11.5M."),
    pools: named(poolSize)
      .default({})
      .describe("Sizes to search, by pool: keep, or a range of replicas. Default: every pool."),
    gpus: named(usdPerHour())
      .optional()
      .describe("GPU types to choose from, with prices per GPU-hour. Default: the pools' own."),
    tensorParallel: choices(z.int().positive())
      .optional()
      .describe("GPUs per replica to choose from. Default: the pools' own."),
    dedicated: choices(z.enum(["keep", "share"]))
      .optional()
      .describe(
        "Dedicated pools: keep them, or let their owners share the shared pool. Default: both, where that is possible.",
      ),
    lend: choices(z.boolean())
      .optional()
      .describe("Whether dedicated pools lend what they leave idle. Default: both."),
    policies: choices(policyName)
      .optional()
      .describe("Scheduling policies to choose from. Default: the scenario's own."),
    tierWeights: choices(named(positiveNumber()))
      .optional()
      .describe("Sets of tier weights to choose from. Default: the scenario's own."),
    maxNumSeqs: choices(z.int().positive())
      .optional()
      .describe("Sequences in a running batch to choose from. Default: the pools' own."),
    maxNumBatchedTokens: choices(z.int().positive())
      .optional()
      .describe("Tokens computed in a step to choose from. Default: the pools' own."),
  })
  .optional()
  .describe("What plan and tune may change, and how sure they shall be.");
