/** compare-policies.json, interference.json and sweep.json as they are checked before anybody reads them. */
import { z } from "zod";
import type { Interference } from "../../report/interference/matrix.ts";
import type { PolicyComparison } from "../../report/policies/policies.ts";
import type { Sweep } from "../../report/sweep/sweep.ts";

const known = z.number();
const unknown = z.number().nullable();
const text = z.string();
const texts = z.array(text);
const seeds = z.array(known);
const scenario = z.object({ name: text, description: text, hash: text });
const verdict = z.enum(["met", "missed", "not-enough-data"]);
const interval = z.object({ low: known, high: known });

const smallest = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("found"), replicas: z.array(known), gpus: known }),
  z.object({ kind: z.literal("not-within"), mostGpus: known, tiers: texts }),
  z.object({ kind: z.literal("not-enough-data"), tiers: texts }),
]);
const policyTier = z.object({
  name: text,
  verdict,
  complianceOwed: unknown,
  ttftMsP99: unknown,
  goodputPerS: unknown,
});
const policy = z.object({
  name: text,
  isRun: z.boolean(),
  tiers: z.array(policyTier),
  serviceGap: unknown,
  serviceGapBound: unknown,
  jainIndex: unknown,
  preemptions: unknown,
  recomputedTokens: unknown,
  recomputedGpuSeconds: unknown,
  usdPerMillionTokens: unknown,
  busy: unknown,
  mfu: unknown,
  smallest: smallest.nullable(),
  pools: texts,
  totalGpus: unknown,
});

export const policiesSchema: z.ZodType<PolicyComparison> = z.object({
  schemaVersion: z.literal(1),
  tenantryVersion: text,
  scenario,
  simulatedSeconds: known,
  setting: z.object({
    seeds,
    sharedGpus: known,
    otherGpus: known,
    mostGpus: unknown,
    dependentClients: texts,
    hasFaults: z.boolean(),
  }),
  tiers: z.array(z.object({ name: text, objective: known, ttftLimitMs: unknown })),
  policies: z.array(policy),
});

const change = z.object({
  present: known,
  absent: known,
  change: known,
  ratio: unknown,
  interval: interval.nullable(),
});
const effect = z.object({ ttftMsP99: change.nullable(), complianceOwed: change.nullable() });

export const interferenceSchema: z.ZodType<Interference> = z.object({
  schemaVersion: z.literal(1),
  tenantryVersion: text,
  scenario,
  policy: text,
  simulatedSeconds: known,
  setting: z.object({ seeds, dependentClients: texts, owners: texts }),
  confidence: unknown,
  neighbours: texts,
  tenants: z.array(z.object({ tenant: text, tier: text, effects: z.array(effect.nullable()) })),
});

const estimates = z.record(text, z.object({ mean: unknown, interval: interval.nullable() }));
const sweptTier = z.object({
  name: text,
  verdict,
  objective: known,
  ttftLimitMs: unknown,
  pressure: unknown,
  figures: estimates,
});

export const sweepSchema: z.ZodType<Sweep> = z.object({
  schemaVersion: z.literal(1),
  tenantryVersion: text,
  scenario,
  seeds,
  isSampled: z.boolean(),
  dependentClients: texts,
  trafficDimensions: texts,
  asked: z.object({ vary: texts, sample: unknown, overrides: texts }),
  confidence: unknown,
  dimensions: z.array(
    z.object({ name: text, values: texts, numbers: z.array(known).nullable(), unit: text }),
  ),
  variants: z.array(
    z.object({ point: texts, verdict, tiers: z.array(sweptTier), platform: estimates }),
  ),
});
