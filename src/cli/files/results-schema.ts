/** results.json as it is checked before anybody reads it: every field that src/results/results.ts says it has. */
import { z } from "zod";
import { RESULTS_SCHEMA_VERSION, type Results } from "../../results/results.ts";
import { amount, share } from "./numbers.ts";

const known = amount;
const unknown = amount.nullable();
/** What is left between two sums may be less than nothing by their rounding; seeds may be any number. */
const signed = z.number();
const text = z.string();
const verdict = z.enum(["met", "missed", "not-enough-data"]);
export const metric = z.enum(["ttft", "tpot", "e2e", "queue"]);

const distribution = z.object({
  count: known,
  mean: unknown,
  p50: unknown,
  p90: unknown,
  p99: unknown,
  p999: unknown,
  max: unknown,
});
const latency = z.object({
  ttftMs: distribution,
  tpotMs: distribution,
  e2eMs: distribution,
  queueMs: distribution,
});
const sla = z.object({
  targets: z.array(
    z.object({ metric, percentile: known, limitMs: known, measuredMs: unknown, verdict }),
  ),
  compliance: share.nullable(),
  complianceOwed: share.nullable(),
  complianceWithRejections: share.nullable(),
  objective: share,
  errorBudgetBurn: unknown,
  goodputPerS: known,
  verdict,
});
const counts = z.object({
  arrived: known,
  completed: known,
  failed: known,
  cancelled: known,
  rejected: known,
  rejectedByReason: z.array(z.object({ reason: text, count: known })),
  preemptions: unknown,
  recomputedTokens: unknown,
  promptTokens: known,
  cachedPromptTokens: known,
  prefixHitRate: share.nullable(),
  outputTokens: known,
});
const cost = z.object({
  gpuUsd: unknown,
  inputTokensUsd: known,
  cachedInputTokensUsd: known,
  outputTokensUsd: known,
  adaptersUsd: unknown,
  idleUsd: signed.nullable(),
  lentUsd: signed.nullable(),
  totalUsd: known,
  gpuUsdByBatchShare: unknown,
  gpuSeconds: unknown,
  cacheSavedUsd: signed,
  usdPerMillionTokens: unknown,
});
const utilization = z.object({
  busy: known,
  mfu: known,
  memoryBandwidth: known,
  kvBlocks: known,
  meanBatch: known,
});
const saturation = z.object({
  tokensPerS: known,
  meanShare: known,
  peakShare: known,
  peakStartS: known,
  peakSeconds: known,
});

const platform = z.object({
  counts,
  latency,
  utilization: utilization.nullable(),
  saturation: saturation.nullable(),
  gpus: unknown,
  gpuHours: unknown,
  gpuUsd: unknown,
  chargedGpuUsd: unknown,
  idleUsd: signed.nullable(),
  downUsd: signed.nullable(),
  bootUsd: signed.nullable(),
  recomputedUsd: signed.nullable(),
  recomputedGpuSeconds: unknown,
  revenueUsd: known,
  cacheSavedUsd: signed,
  usdPerMillionTokens: unknown,
});
const tier = z.object({
  name: text,
  weight: known,
  counts,
  latency,
  sla,
  intervals: z.array(
    z.object({ metric, percentile: known, lowMs: unknown, highMs: unknown, batches: known }),
  ),
  costUsd: known,
  cacheSavedUsd: signed,
});
const tenant = z.object({
  name: text,
  tier: text,
  pools: z.array(text),
  weight: known,
  counts,
  latency,
  sla,
  cost,
  service: known,
  serviceShare: known,
  weightShare: known,
  adapterHits: unknown,
  adapterLoads: unknown,
});
const scaling = z.object({
  min: known,
  max: known,
  meanReplicas: known,
  scaleOuts: known,
  scaleIns: known,
  savedGpuHours: signed,
  savedUsd: signed,
});
const pool = z.object({
  name: text,
  kind: z.enum(["dedicated", "shared"]),
  owner: text.nullable(),
  model: text,
  gpu: text,
  replicas: known,
  gpusPerReplica: known,
  utilization,
  gpuHours: known,
  gpuUsd: known,
  chargedUsd: known,
  idleUsd: signed,
  downUsd: signed,
  bootUsd: signed,
  recomputedUsd: signed,
  recomputedGpuSeconds: known,
  scaling: scaling.nullable(),
  requiredGpus: known,
  lentShare: known,
  adapterLoads: known,
  adapterHitRate: share.nullable(),
  extrapolatedShare: unknown,
});
const replica = z.object({
  name: text,
  pool: text,
  steps: known,
  completed: known,
  utilization,
  provisionedSeconds: known,
  downSeconds: known,
  kvPressureEvents: known,
});

const rates = z.array(known);
const gaps = z.array(unknown);
const timeline = z.object({
  sliceSeconds: known,
  startS: rates,
  tenants: z.array(
    z.object({
      name: text,
      arrivedPerS: rates,
      completedPerS: rates,
      rejectedPerS: rates,
      ttftMsP50: gaps,
      ttftMsP99: gaps,
      queued: rates,
    }),
  ),
  pools: z.array(
    z.object({
      name: text,
      busy: rates,
      tokensPerS: rates,
      running: rates,
      queued: rates,
      replicasUp: rates,
      replicasProvisioned: rates,
      replicasNeeded: gaps,
    }),
  ),
});

const demand = z.object({ asked: known, due: known });
const event = z.object({
  atS: known,
  kind: z.enum([
    "noisy-neighbour",
    "noisy-neighbour-ended",
    "mitigation-tightened",
    "mitigation-relaxed",
    "mitigation-ended",
    "replica-down",
    "replica-up",
    "replica-slow",
    "replica-slow-ended",
    "scale-out",
    "scale-in",
    "replica-released",
    "straggler",
    "straggler-ended",
  ]),
  tenant: text.nullable(),
  aggressor: text.nullable(),
  pool: text.nullable(),
  replica: text.nullable(),
  message: text,
  evidence: z
    .object({
      metric,
      percentile: known,
      measuredMs: unknown,
      limitMs: known,
      late: known,
      lateOf: known,
      victimShare: demand,
      aggressorShare: demand,
    })
    .nullable(),
  action: z.enum(["in-flight-cap", "replica-confinement", "admission-throttle"]).nullable(),
});
const load = z.object({
  url: text,
  endpoint: z.enum(["chat", "completions"]),
  lengths: z.enum(["hint", "max-tokens"]),
  sendLagMs: distribution,
  loopLagMsP99: known,
  keptUp: z.boolean(),
  isComplete: z.boolean(),
  mostInFlight: known,
  uncountedAnswers: known,
  otherLengths: known,
  errors: z.array(
    z.object({
      status: unknown,
      code: text,
      reason: text.nullable(),
      message: text,
      count: known,
    }),
  ),
});

/** The whole file. The compiler holds it to the type, so that neither grows without the other. */
export const resultsSchema: z.ZodType<Results> = z.object({
  schemaVersion: z.literal(RESULTS_SCHEMA_VERSION),
  tenantryVersion: text,
  scenario: z.object({
    name: text,
    description: text,
    hash: text,
    seed: signed,
    source: z.object({ file: text, overrides: z.array(text) }).exactOptional(),
  }),
  policy: text,
  run: z.object({
    simulatedSeconds: known,
    arrivalSeconds: known,
    warmupSeconds: known,
    requests: known,
    skippedTraceRows: known,
  }),
  platform,
  tiers: z.array(tier),
  tenants: z.array(tenant),
  pools: z.array(pool),
  replicas: z.array(replica),
  fairness: z.object({
    jainIndex: unknown,
    maxWeightedServiceGap: unknown,
    serviceGapBound: unknown,
    pair: z.tuple([text, text]).nullable(),
  }),
  attribution: z.object({
    accuracy: signed.nullable(),
    accuracyByBatchShare: signed.nullable(),
    auditedRequests: known,
    stepNoise: known,
    coefficientError: known,
  }),
  timeline,
  events: z.array(event),
  load: load.exactOptional(),
});
