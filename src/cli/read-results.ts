/** Reads a results.json that somebody names, and says what is wrong with one that is none. */
import { z } from "zod";
import { RESULTS_SCHEMA_VERSION, type Results } from "../results/results.ts";
import { InputError } from "./exit-codes.ts";

const known = z.number();
const unknown = z.number().nullable();
const distribution = z.object({ count: known, p50: unknown, p99: unknown });
const counts = z.object({
  arrived: known,
  completed: known,
  failed: known,
  cancelled: known,
  rejected: known,
  rejectedByReason: z.array(z.object({ reason: z.string(), count: known })),
});
const judged = {
  name: z.string(),
  counts,
  latency: z.object({ ttftMs: distribution, tpotMs: distribution, e2eMs: distribution }),
  sla: z.object({ compliance: unknown, complianceOwed: unknown, goodputPerS: known }),
};
const rates = z.array(known);

/** What comparisons read of a results.json; whatever else it holds is not looked at. */
const schema = z.object({
  schemaVersion: z.literal(RESULTS_SCHEMA_VERSION),
  tenantryVersion: z.string(),
  scenario: z.object({ name: z.string(), hash: z.string(), seed: known }),
  run: z.object({ simulatedSeconds: known, warmupSeconds: known }),
  platform: z.object({
    counts,
    utilization: z.object({ busy: known, mfu: known, memoryBandwidth: known }).nullable(),
    gpus: unknown,
    gpuUsd: unknown,
    usdPerMillionTokens: unknown,
    revenueUsd: known,
  }),
  pools: z.array(
    z.object({
      replicas: known,
      gpusPerReplica: known,
      gpuHours: known,
      gpuUsd: known,
      scaling: z.object({ meanReplicas: known }).nullable(),
    }),
  ),
  fairness: z.object({ jainIndex: unknown }),
  tiers: z.array(z.object(judged)),
  tenants: z.array(
    z.object({
      ...judged,
      tier: z.string(),
      cost: z.object({
        gpuUsd: unknown,
        inputTokensUsd: known,
        cachedInputTokensUsd: known,
        outputTokensUsd: known,
        totalUsd: known,
      }),
    }),
  ),
  timeline: z.object({
    startS: rates,
    tenants: z.array(z.object({ completedPerS: rates, rejectedPerS: rates })),
  }),
  load: z.object({ url: z.string(), keptUp: z.boolean(), isComplete: z.boolean() }).optional(),
});

/** Fails: InputError when the value is not a results.json of this version. */
export function resultsOf(value: unknown, path: string): Results {
  const version = z.object({ schemaVersion: z.unknown() }).safeParse(value).data?.schemaVersion;
  if (version === undefined) {
    throw new InputError(`${path} is not a results.json: it has no schemaVersion`);
  }
  if (version !== RESULTS_SCHEMA_VERSION) {
    throw new InputError(
      `${path} has schemaVersion ${JSON.stringify(version)}; this version of tenantry reads ${RESULTS_SCHEMA_VERSION}. Simulate it again, or use the version that wrote it.`,
    );
  }
  if (isResults(value)) return value;
  const issue = schema.safeParse(value).error?.issues[0];
  const where = issue?.path.join(".") ?? "";
  throw new InputError(`${path} is not a whole results.json: ${where}: ${issue?.message}`);
}

function isResults(value: unknown): value is Results {
  return schema.safeParse(value).success;
}
