/** compare.json as it is checked before anybody reads it: every field that src/report/compare/compare.ts says it has. */
import { z } from "zod";
import type { Comparison } from "../../report/compare/compare.ts";
import { share } from "./numbers.ts";

const text = z.string();
/** Differences, and figures of any kind. */
const unknown = z.number().nullable();

const difference = z.object({
  absolute: unknown,
  relative: unknown,
  interval: z.object({ low: z.number(), high: z.number() }).nullable(),
  p: share.nullable(),
});
const row = z.object({
  id: text,
  label: text,
  unit: z.enum(["count", "ms", "share", "usd", "per-s", "index"]),
  better: z.enum(["less", "more"]).nullable(),
  values: z.array(unknown),
  differences: z.array(difference),
});
const subject = z.object({ name: text, rows: z.array(row) });

/** The whole file. The compiler holds it to the type, so that neither grows without the other. */
export const comparisonSchema: z.ZodType<Comparison> = z.object({
  schemaVersion: z.literal(1),
  tenantryVersion: text,
  sides: z
    .array(
      z.object({
        name: text,
        source: text,
        scenario: text,
        hash: text,
        seeds: z.array(z.number()),
        kind: z.enum(["simulated", "measured"]),
      }),
    )
    .min(2),
  confidence: share.nullable(),
  significance: z
    .object({
      level: share,
      tested: z.number(),
      significant: z.number(),
      findings: z.array(
        z.object({
          tier: text.nullable(),
          measure: text,
          against: z.number(),
          p: share,
          adjustedP: share,
          isSignificant: z.boolean(),
        }),
      ),
    })
    .nullable(),
  notes: z.array(text),
  tiers: z.array(subject),
  platform: z.array(row),
  bills: z.array(subject),
});
