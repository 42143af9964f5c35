/** tune.json as it is checked before anybody reads it: every field that src/results/tune.ts says it has. */
import { z } from "zod";
import { TUNE_SCHEMA_VERSION, type TuneResult } from "../../results/tune.ts";
import { amount, share } from "./numbers.ts";
import { promise } from "./plan-schema.ts";

const text = z.string();
const changes = z.array(z.object({ path: text, value: text }));
const measure = z.object({
  broken: amount,
  worstPressure: amount.nullable(),
  worst: promise.nullable(),
  promises: z.array(z.object({ promise, pressure: amount.nullable(), broken: amount })),
});

/** The whole file. The compiler holds it to the type, so that neither grows without the other. */
export const tuneSchema: z.ZodType<TuneResult> = z.object({
  kind: z.literal("tune"),
  schemaVersion: z.literal(TUNE_SCHEMA_VERSION),
  tenantryVersion: text,
  scenario: z.object({
    name: text,
    description: text,
    hash: text,
    seed: z.number(),
    overrides: z.array(text),
  }),
  objective: text,
  varied: z.array(z.object({ path: text, values: z.array(text) })),
  isBetter: z.boolean(),
  changes,
  seeds: z.array(z.number()),
  own: measure,
  found: measure,
  factor: z.object({ mean: amount, low: amount, high: amount }).nullable(),
  confidence: share,
  tried: z.array(
    z.object({ changes, seeds: amount, broken: amount, worstPressure: amount.nullable() }),
  ),
  work: z.object({ simulations: amount, requests: amount }),
});
