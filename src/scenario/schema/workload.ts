/**
 * The `workload` section: who sends what, when, how long, and what a client does when it is refused. Structure, units
 * and defaults; what depends on tenants and models is checked in resolve/.
 */
import { z } from "zod";
import {
  count,
  countOrUnlimited,
  duration,
  durationFrom,
  durationOr,
  nameText,
  named,
  oneOf,
  positiveCount,
  positiveDuration,
  positiveNumber,
  positiveRate,
  rate,
  share,
} from "./values.ts";

const DAY_CURVE_NAMES = ["chat-day", "code-day"] as const;

const shape = oneOf({
  diurnal: z
    .strictObject({
      period: durationFrom("1s").prefault("24h").describe("Length of one cycle."),
      levels: z
        .union([z.enum(DAY_CURVE_NAMES), z.array(z.number().nonnegative()).min(2)])
        .describe(
          "Rate in equally long slots, scaled to a mean of 1; linear in between. Or chat-day, code-day.",
        ),
      phase: duration().prefault("0s").describe("Where in the cycle the run begins."),
    })
    .refine(
      (value) => typeof value.levels === "string" || value.levels.some((level) => level > 0),
      {
        error: "expected at least one level above 0",
        path: ["levels"],
      },
    )
    .describe("A repeating curve, such as a day."),
  ramp: z
    .strictObject({
      start: duration().describe("When the change begins."),
      end: duration().describe("When it is complete."),
      from: z.number().nonnegative().default(1).describe("Factor before."),
      to: z.number().nonnegative().describe("Factor after."),
    })
    .refine((value) => value.end > value.start, {
      error: "expected end after start",
      path: ["end"],
    })
    .describe("A linear change from one level to another."),
  spike: z
    .strictObject({
      at: duration().describe("When it begins."),
      for: positiveDuration().describe("How long it lasts."),
      factor: z.number().nonnegative().max(10_000).describe("Multiplies the rate."),
    })
    .describe("A rectangular burst (or, below 1, a lull)."),
});

const shapes = z
  .array(shape)
  .default([])
  .describe("Multipliers on the rate over time; several multiply.");
const cv = z
  .number()
  .positive()
  .max(100)
  .describe("Coefficient of variation of the gaps; 1 is as variable as Poisson.");
const meanRate = positiveRate().describe("Mean arrivals, for example 20/s.");

const trace = z.strictObject({
  path: z.string().prefault("").describe("File, relative to the scenario."),
  format: z
    .enum(["azure", "burstgpt", "mooncake", "vtc", "tenantry"])
    .describe("What wrote the file: a public trace, or this program's recordings."),
  rateScale: positiveNumber().default(1).describe("Multiplies the rate: 2 halves every gap."),
  from: duration().prefault("0s").describe("Part of the trace to use: start."),
  to: durationOr("end").prefault("end").describe("Part of the trace to use: end."),
  clients: z
    .array(z.string())
    .min(1)
    .optional()
    .describe("Only rows of these clients, where the format names them."),
  spread: duration()
    .prefault("0s")
    .describe("Spreads rows that share a coarse timestamp evenly over this time."),
});

const arrivals = z
  .union([
    z.discriminatedUnion("process", [
      z.strictObject({
        process: z.literal("poisson").describe("Memoryless arrivals."),
        rate: meanRate,
        shapes,
      }),
      z.strictObject({
        process: z.literal("gamma").describe("Gamma-distributed gaps: bursty where cv is above 1."),
        rate: meanRate,
        cv,
        shapes,
      }),
      z.strictObject({
        process: z
          .literal("weibull")
          .describe("Weibull-distributed gaps: bursty where cv is above 1."),
        rate: meanRate,
        cv,
        shapes,
      }),
      z.strictObject({
        process: z.literal("constant").describe("Evenly spaced arrivals."),
        rate: meanRate,
        shapes,
      }),
      z.strictObject({
        process: z
          .literal("on-off")
          .describe("Bursts: a Poisson process that switches between two rates."),
        onRate: positiveRate().describe("Arrivals while on."),
        offRate: rate().prefault("0/s").describe("Arrivals while off."),
        meanOn: durationFrom("1ms").describe("Mean length of an on period (exponential)."),
        meanOff: durationFrom("1ms").describe("Mean length of an off period (exponential)."),
        shapes,
      }),
      z.strictObject({
        process: z
          .literal("closed-loop")
          .describe("Users who wait for an answer before they ask again."),
        users: z
          .int()
          .positive()
          .max(1_000_000)
          .describe("Users, each with one request at a time."),
        think: duration().describe("Mean pause between an answer and the next request."),
        thinkCv: z
          .number()
          .nonnegative()
          .default(1)
          .describe("Coefficient of variation of the pause."),
      }),
    ]),
    z.strictObject({ trace: trace.describe("Replay a recorded trace, with its own lengths.") }),
  ])
  .describe("When requests arrive.");

const max = positiveCount()
  .optional()
  .describe("Longest. Default: what the model's context allows.");
const min = positiveCount().prefault(1).describe("Shortest.");

const distribution = oneOf({
  lognormal: z
    .strictObject({
      median: positiveCount().describe("Median length."),
      sigma: positiveNumber().optional().describe("Standard deviation of the logarithm."),
      p90: positiveCount().optional().describe("90th percentile, instead of sigma."),
      p99: positiveCount().optional().describe("99th percentile, instead of sigma."),
      min,
      max,
    })
    .superRefine((value, context) => {
      const spreads = [value.sigma, value.p90, value.p99].filter((spread) => spread !== undefined);
      if (spreads.length !== 1) {
        context.addIssue({ code: "custom", message: "expected exactly one of sigma, p90, p99" });
      }
      for (const key of ["p90", "p99"] as const) {
        const quantile = value[key];
        if (quantile !== undefined && quantile <= value.median) {
          context.addIssue({
            code: "custom",
            message: `expected ${key} above the median`,
            path: [key],
          });
        }
      }
    })
    .describe("Lognormal lengths: most short, some very long."),
  exponential: z
    .strictObject({ mean: positiveCount().describe("Mean length."), max })
    .describe("Exponential lengths."),
  uniform: z
    .strictObject({
      min: positiveCount().describe("Shortest."),
      max: positiveCount().describe("Longest."),
    })
    .describe("Every length between two bounds equally often."),
  quantiles: z
    .record(
      z.string().regex(/^(min|max|p\d{1,2}(\.\d+)?)$/u, {
        error: "expected min, max or a percentile such as p50",
      }),
      positiveCount(),
    )
    .refine((value) => value["max"] !== undefined, { error: "expected max, the longest length" })
    .describe(
      "Percentiles, for example { p50: 129, p90: 424, p99: 601, max: 1000 }; linear in between.",
    ),
});

const length = z.union([positiveCount(), distribution]);

const systemPrompt = z
  .union([
    positiveCount(),
    z.strictObject({
      tokens: positiveCount().describe("Its length."),
      name: nameText()
        .optional()
        .describe("What it says: clients that give the same name send the same. Default: its own."),
    }),
  ])
  .transform((value) => (typeof value === "number" ? { tokens: value, name: undefined } : value));

const conversation = z.strictObject({
  turns: length.describe("Turns of a conversation: a number or a distribution."),
  think: duration().describe("Mean pause between an answer and the next turn."),
  thinkCv: z.number().nonnegative().default(1).describe("Coefficient of variation of the pause."),
});

const retry = z.strictObject({
  attempts: z.int().nonnegative().default(0).describe("Attempts after the first."),
  backoff: duration().prefault("1s").describe("First pause; doubles each time."),
  maxBackoff: duration().prefault("60s").describe("Longest pause."),
  jitter: share().prefault("50%").describe("Random part of the pause."),
});

const client = z.strictObject({
  tenant: z.string().optional().describe("The tenant it acts for. Default: its own name."),
  model: z.string().optional().describe("Model it asks for. Default: that of the tenant's pool."),
  arrivals,
  promptTokens: length.optional().describe("Prompt length. Not for traces, which bring their own."),
  outputTokens: length.optional().describe("Output length. Not for traces, which bring their own."),
  systemPrompt: systemPrompt
    .optional()
    .describe(
      "Tokens that stand before every prompt, always the same; of a trace's prompts, their beginning.",
    ),
  distinctPrompts: positiveCount()
    .optional()
    .describe(
      "Different prompts that are sent in turn, as load generators do: each comes again, whole, after all the others. Default: no prompt comes twice.",
    ),
  conversation: conversation
    .optional()
    .describe("Each arrival begins a conversation, whose prompts repeat all that was said before."),
  maxOutputTokens: positiveCount()
    .optional()
    .describe("max_tokens of every request. Default: the tenant's."),
  adapters: z
    .record(z.string(), share())
    .default({})
    .describe("Share of requests per adapter of the tenant; the rest go to the base model."),
  timeout: durationOr("never")
    .prefault("never")
    .describe("The client gives up this long after sending."),
  retry: retry.prefault({}).describe("What it does when refused."),
});

export const workload = named(client)
  .default({})
  .describe("Sources of traffic by name; a tenant may have several.");

const poolName = z.string().describe("Pool.");
const replicaNumber = z.int().nonnegative().describe("Replica of the pool, counted from 0.");

const fault = oneOf({
  crash: z
    .strictObject({
      pool: poolName,
      replica: replicaNumber,
      at: duration().describe("When it goes down."),
      downFor: positiveDuration().describe("How long it stays down."),
    })
    .describe("A replica goes down; what it ran is requeued."),
  slow: z
    .strictObject({
      pool: poolName,
      replica: replicaNumber,
      at: duration().describe("When it begins."),
      for: positiveDuration().describe("How long it lasts."),
      factor: z.number().min(1).describe("Every step takes this many times as long."),
    })
    .describe("A straggler."),
  lose: z
    .strictObject({
      pool: poolName,
      replicas: z.int().positive().optional().describe("How many replicas, the last first."),
      share: share()
        .optional()
        .describe("Instead of a number: this share of those provisioned then, rounded up."),
      at: duration().describe("When they go down."),
      for: durationOr("forever")
        .refine((value) => value > 0, { error: "expected a duration above 0s" })
        .describe("How long they stay down."),
    })
    .refine((value) => (value.replicas === undefined) !== (value.share === undefined), {
      error: "expected exactly one of replicas, share",
    })
    .describe("Capacity is lost: several replicas at once."),
  node: z
    .strictObject({
      pool: poolName,
      node: z.int().nonnegative().describe("Machine of the pool (gpusPerNode), counted from 0."),
      at: duration().describe("When it goes down."),
      downFor: durationOr("forever")
        .refine((value) => value > 0, { error: "expected a duration above 0s" })
        .describe("How long it stays down."),
    })
    .describe("A machine goes down with every replica that has a GPU in it."),
  random: z
    .strictObject({
      pool: poolName,
      of: z
        .enum(["replica", "node"])
        .default("replica")
        .describe("What fails: each replica, or each machine, on its own."),
      mtbf: positiveDuration().describe("Mean time from coming up to failing; exponential."),
      mttr: positiveDuration().describe("Mean time to repair; exponential."),
    })
    .describe("Random failures all along the run, from a random stream of their own."),
});

export const faults = z.array(fault).default([]).describe("What breaks, and when.");

export const simulation = z
  .strictObject({
    duration: durationOr("unlimited")
      .prefault("10min")
      .describe("Arrivals stop at this time; requests in flight run to their end."),
    maxRequests: countOrUnlimited()
      .prefault("unlimited")
      .describe("Stop after this many arrivals, if earlier."),
    warmup: duration()
      .prefault("0s")
      .describe("Requests that arrive earlier are left out of latency and SLA figures."),
    seed: z.int().nonnegative().default(1).describe("Same scenario and seed: same results."),
    audit: z
      .strictObject({
        requests: count()
          .prefault(20_000)
          .describe("Requests replayed to measure attribution accuracy; 0 for none."),
        stepNoise: share().prefault("5%").describe("Noise per step of the hidden truth."),
        coefficientError: share()
          .prefault("20%")
          .describe("How far the truth's coefficients lie from the biller's."),
      })
      .prefault({})
      .describe("How attribution accuracy is measured."),
  })
  .prefault({})
  .describe("How long to simulate, and with which seed.");

export type ClientFile = z.output<typeof client>;
export type ArrivalsFile = z.output<typeof arrivals>;
export type ShapeFile = z.output<typeof shape>;
export type LengthFile = z.output<typeof length>;
export type FaultFile = z.output<typeof fault>;
